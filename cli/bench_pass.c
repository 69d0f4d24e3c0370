#include "bench_pass.h"

#include "base/arena.h"

// One lane block of the group.
typedef struct bench_block {
    stp_view in, d_in, z, g;
    stp_view terms[STP_MIX_MAX_TERMS];
} bench_block;

struct stp_bench_tensors {
    const stp_kernels *k;
    const stp_bench_problem *problem;
    stp_window window;
    bench_block *block;
    int blocks;
    stp_real *memory; // NULL while it is only counted
    size_t used;      // reals
    stp_real *w_dw, *w_pw, *a, *d_w_dw, *d_w_pw, *sums, *scratch;
    stp_view no_terms[STP_MIX_MAX_TERMS];
    int add[STP_MIX_MAX_TERMS];
};

// --- tensors -----------------------------------------------------------------------------------------

static stp_real *values(stp_bench_tensors *t, size_t n) {
    stp_real *p = t->memory ? t->memory + t->used : NULL;
    t->used += (n + 15) / 16 * 16;
    for (size_t i = 0; p && i < n; i++)
        p[i] = (stp_real)((double)(i * 7919 % 2003) / 1001 - 1);
    return p;
}

static stp_view tensor(stp_bench_tensors *t, int c, int h, int w, int halo) {
    const int lanes = t->k->lanes;
    const ptrdiff_t chan = (ptrdiff_t)(w + halo) * lanes, row = chan * c;
    stp_real *p = values(t, (size_t)(row * h + halo * lanes) + 512); // tensors apart: not a whole page
    if (!p)
        return (stp_view){0};
    const stp_view view = {p + halo * lanes, row, chan, c, h, w, halo};
    t->k->clear_halo(view);
    return view;
}

static int smaller(int size, int stride) {
    return (size + stride - 1) / stride;
}

// Rows (or columns) of padding before; the kernels take what lies beyond the end as zero.
static int pad_before(int size, int k, int stride, int dilation) {
    int pad = (smaller(size, stride) - 1) * stride + (k - 1) * dilation + 1 - size;
    return pad > 0 ? pad / 2 : 0;
}

static void place_blocks(stp_bench_tensors *t) {
    const stp_bench_problem *p = t->problem;
    const int mix = p->kernel == STP_BENCH_MIX,
              depthwise = p->kernel == STP_BENCH_DWPW || p->kernel == STP_BENCH_DW;
    const int out_c = mix ? p->c : p->m, out_h = smaller(p->h, p->stride), out_w = smaller(p->w, p->stride);
    const int k = p->k_h > p->k_w ? p->k_h : p->k_w, halo = depthwise ? k / 2 * p->dilation : 0;
    for (int i = 0; i < t->blocks; i++) {
        bench_block *b = &t->block[i];
        b->in = tensor(t, p->c, p->h, p->w, halo);
        b->d_in = tensor(t, p->c, p->h, p->w, 0);
        b->z = tensor(t, out_c, out_h, out_w, 0);
        b->g = tensor(t, out_c, out_h, out_w, 0);
        for (int j = 0; mix && j < p->m; j++)
            b->terms[j] = tensor(t, p->c, p->h, p->w, 0);
    }
}

static void place(stp_bench_tensors *t) {
    const stp_bench_problem *p = t->problem;
    const size_t lanes = (size_t)t->k->lanes, c = (size_t)p->c, m = (size_t)p->m;
    const size_t taps = (size_t)p->k_h * (size_t)p->k_w;
    const size_t dense = p->kernel == STP_BENCH_CONV ? c * m * taps : c * m;
    t->used = 0;
    place_blocks(t);
    t->w_dw = values(t, c * taps);
    t->w_pw = p->kernel == STP_BENCH_DW ? NULL : values(t, dense);
    t->a = values(t, c + m);
    t->d_w_dw = values(t, c * taps);
    t->d_w_pw = p->kernel == STP_BENCH_DW ? NULL : values(t, dense);
    t->sums = values(t, p->kernel == STP_BENCH_MIX ? (m + 1) * c * lanes : (c > m ? c : m) * 2 * lanes);
    t->scratch = values(t, stp_kernel_scratch_reals(t->k->lanes, p->kernel == STP_BENCH_CONV,
                                                    p->c > p->m ? p->c : p->m, p->w,
                                                    p->k_h > p->k_w ? p->k_h : p->k_w));
}

static stp_window window_of(const stp_bench_problem *p) {
    return (stp_window){.k_h = p->k_h,
                        .k_w = p->k_w,
                        .stride_h = p->stride,
                        .stride_w = p->stride,
                        .dilation = p->dilation,
                        .pad_top = pad_before(p->h, p->k_h, p->stride, p->dilation),
                        .pad_left = pad_before(p->w, p->k_w, p->stride, p->dilation)};
}

// All but the memory: `used` says how much it takes.
static stp_status begin(stp_bench_tensors *t, const stp_kernels *kernels, const stp_bench_problem *problem,
                        stp_err *err) {
    const double most = 4e9;
    *t = (stp_bench_tensors){.k = kernels, .problem = problem, .blocks = problem->group / kernels->lanes};
    t->window = window_of(problem);
    t->block = stp_alloc(sizeof *t->block * (size_t)t->blocks);
    if (!t->block)
        return stp_err_memory(err, "lane blocks", sizeof *t->block * (size_t)t->blocks);
    place(t);
    if ((double)t->used * sizeof(stp_real) <= most)
        return STP_OK;
    char text[STP_BENCH_PROBLEM_BYTES];
    stp_bench_problem_format(problem, text);
    return stp_err_set(err, STP_ERR_USAGE,
                       "'%s': its tensors take %.1f GB, more than 4; give fewer channels or a smaller group",
                       text, (double)t->used * sizeof(stp_real) / 1e9);
}

stp_status stp_bench_tensors_check(const stp_kernels *kernels, const stp_bench_problem *problem,
                                   stp_err *err) {
    stp_bench_tensors t;
    stp_status status = begin(&t, kernels, problem, err);
    stp_free(t.block);
    return status;
}

stp_status stp_bench_tensors_create(stp_bench_tensors **out, const stp_kernels *kernels,
                                    const stp_bench_problem *problem, stp_err *err) {
    stp_bench_tensors *t = stp_alloc(sizeof *t);
    if (!t)
        return stp_err_memory(err, "a problem", sizeof *t);
    stp_status status = begin(t, kernels, problem, err);
    if (status == STP_OK && !(t->memory = stp_alloc(t->used * sizeof(stp_real))))
        status = stp_err_memory(err, "tensors to time", t->used * sizeof(stp_real));
    if (status != STP_OK) {
        stp_bench_tensors_destroy(t);
        return status;
    }
    place(t);
    *out = t;
    return STP_OK;
}

void stp_bench_tensors_destroy(stp_bench_tensors *t) {
    if (!t)
        return;
    stp_free(t->block);
    stp_free(t->memory);
    stp_free(t);
}

// --- passes ------------------------------------------------------------------------------------------

static stp_upstream upstream(const stp_bench_tensors *t, int i) {
    return (stp_upstream){t->block[i].g, t->block[i].z, t->a, t->a, t->a};
}

// "rectified": the kernel normalises and rectifies its input as it reads it.
static stp_rectifier rectifier(const stp_bench_tensors *t) {
    return (stp_rectifier){t->a, t->a};
}

static void dwpw_forward(stp_bench_tensors *t, int i) {
    t->k->dwpw_forward(&t->window, t->block[i].in, NULL, t->w_dw, t->w_pw, NULL, t->block[i].z, t->sums,
                       t->scratch);
}
static void dwpw_forward_rectified(stp_bench_tensors *t, int i) {
    const stp_rectifier rect = rectifier(t);
    t->k->dwpw_forward(&t->window, t->block[i].in, &rect, t->w_dw, t->w_pw, NULL, t->block[i].z, t->sums,
                       t->scratch);
}
static void dwpw_backward(stp_bench_tensors *t, int i) {
    t->k->dwpw_backward(&t->window, upstream(t, i), t->block[i].in, NULL, t->w_dw, t->w_pw, t->block[i].d_in,
                        1, NULL, NULL, NULL, NULL, t->scratch);
}
static void dwpw_backward_w(stp_bench_tensors *t, int i) {
    t->k->dwpw_backward(&t->window, upstream(t, i), t->block[i].in, NULL, t->w_dw, t->w_pw, t->block[i].d_in,
                        1, NULL, t->d_w_dw, t->d_w_pw, NULL, t->scratch);
}
static void dwpw_backward_w_rectified(stp_bench_tensors *t, int i) {
    const stp_rectifier rect = rectifier(t);
    t->k->dwpw_backward(&t->window, upstream(t, i), t->block[i].in, &rect, t->w_dw, t->w_pw, t->block[i].d_in,
                        0, t->sums, t->d_w_dw, t->d_w_pw, NULL, t->scratch);
}
static void conv_forward(stp_bench_tensors *t, int i) {
    t->k->conv_forward(&t->window, 1, t->block[i].in, t->w_pw, NULL, t->block[i].z, t->sums, t->scratch);
}
static void conv_backward(stp_bench_tensors *t, int i) {
    t->k->conv_backward(&t->window, 1, upstream(t, i), t->block[i].in, t->w_pw, t->block[i].d_in, 1, NULL,
                        NULL, t->scratch);
}
static void conv_only_w(stp_bench_tensors *t, int i) {
    t->k->conv_backward(&t->window, 1, upstream(t, i), t->block[i].in, t->w_pw, (stp_view){0}, 1, t->d_w_pw,
                        NULL, t->scratch);
}
static void conv_backward_w(stp_bench_tensors *t, int i) {
    t->k->conv_backward(&t->window, 1, upstream(t, i), t->block[i].in, t->w_pw, t->block[i].d_in, 1,
                        t->d_w_pw, NULL, t->scratch);
}
static void pool_forward(stp_bench_tensors *t, int i, stp_pool_kind kind) {
    t->k->pool_forward(kind, &t->window, t->block[i].in, t->block[i].z, t->sums);
}
static void pool_backward(stp_bench_tensors *t, int i, stp_pool_kind kind) {
    t->k->pool_backward(kind, &t->window, upstream(t, i), t->block[i].in, t->block[i].z, t->block[i].d_in, 1,
                        t->scratch);
}
static void max_forward(stp_bench_tensors *t, int i) {
    pool_forward(t, i, STP_POOL_MAX);
}
static void max_backward(stp_bench_tensors *t, int i) {
    pool_backward(t, i, STP_POOL_MAX);
}
static void avg_forward(stp_bench_tensors *t, int i) {
    pool_forward(t, i, STP_POOL_AVG);
}
static void avg_backward(stp_bench_tensors *t, int i) {
    pool_backward(t, i, STP_POOL_AVG);
}
static void affine_forward(stp_bench_tensors *t, int i) {
    t->k->affine_forward(t->block[i].g, t->a, t->a, 1, t->block[i].in);
}
static void affine_backward(stp_bench_tensors *t, int i) {
    t->k->affine_backward(t->block[i].g, t->block[i].z, t->a, t->a, 1, t->block[i].d_in, 0, t->sums);
}
static void mix_forward(stp_bench_tensors *t, int i) {
    t->k->mix_forward(t->problem->m, t->block[i].terms, t->w_pw, t->a, NULL, t->block[i].z, 0);
}
static void mix_backward(stp_bench_tensors *t, int i) {
    t->k->mix_backward(t->block[i].g, t->problem->m, t->block[i].terms, t->w_pw, NULL, t->sums, t->no_terms,
                       t->add);
}

const stp_bench_pass stp_bench_passes[] = {
    // kernel, name, function; what it computes and moves, and how often the input's gradient goes by
    {STP_BENCH_DWPW, "forward", dwpw_forward, STP_PASS_DWPW_FORWARD, 0},
    {STP_BENCH_DWPW, "forward_rectified", dwpw_forward_rectified, STP_PASS_DWPW_FORWARD, 0},
    {STP_BENCH_DWPW, "backward", dwpw_backward, STP_PASS_DWPW_BACKWARD, 2},
    {STP_BENCH_DWPW, "backward_w", dwpw_backward_w, STP_PASS_DWPW_BACKWARD_W, 2},
    {STP_BENCH_DWPW, "backward_w_rectified", dwpw_backward_w_rectified, STP_PASS_DWPW_BACKWARD_W, 1},
    {STP_BENCH_DW, "forward", dwpw_forward, STP_PASS_DW_FORWARD, 0},
    {STP_BENCH_DW, "forward_rectified", dwpw_forward_rectified, STP_PASS_DW_FORWARD, 0},
    {STP_BENCH_DW, "backward", dwpw_backward, STP_PASS_DW_BACKWARD, 2},
    {STP_BENCH_DW, "backward_w", dwpw_backward_w, STP_PASS_DW_BACKWARD_W, 2},
    {STP_BENCH_CONV, "forward", conv_forward, STP_PASS_CONV_FORWARD, 0},
    {STP_BENCH_CONV, "backward", conv_backward, STP_PASS_CONV_BACKWARD, 2},
    {STP_BENCH_CONV, "only_w", conv_only_w, STP_PASS_CONV_ONLY_W, 0},
    {STP_BENCH_CONV, "backward_w", conv_backward_w, STP_PASS_CONV_BACKWARD_W, 2},
    {STP_BENCH_MAXPOOL, "forward", max_forward, STP_PASS_MAXPOOL_FORWARD, 0},
    {STP_BENCH_MAXPOOL, "backward", max_backward, STP_PASS_MAXPOOL_BACKWARD, 2},
    {STP_BENCH_AVGPOOL, "forward", avg_forward, STP_PASS_AVGPOOL_FORWARD, 0},
    {STP_BENCH_AVGPOOL, "backward", avg_backward, STP_PASS_AVGPOOL_BACKWARD, 2},
    {STP_BENCH_AFFINE, "forward", affine_forward, STP_PASS_AFFINE_FORWARD, 0},
    {STP_BENCH_AFFINE, "backward", affine_backward, STP_PASS_AFFINE_BACKWARD, 1},
    {STP_BENCH_MIX, "forward", mix_forward, STP_PASS_MIX_FORWARD, 0},
    {STP_BENCH_MIX, "backward", mix_backward, STP_PASS_MIX_BACKWARD, 0},
};

int stp_bench_pass_count(void) {
    return (int)(sizeof stp_bench_passes / sizeof *stp_bench_passes);
}

static stp_pass_size size_of(const stp_bench_pass *pass, const stp_bench_problem *p) {
    return (stp_pass_size){.c = p->c,
                           .h = p->h,
                           .w = p->w,
                           .m = p->m,
                           .out_h = smaller(p->h, p->stride),
                           .out_w = smaller(p->w, p->stride),
                           .k_h = p->k_h,
                           .k_w = p->k_w,
                           .d_in = pass->d_in};
}

double stp_bench_pass_flops(const stp_bench_pass *pass, const stp_bench_problem *p) {
    const stp_pass_size size = size_of(pass, p);
    return p->group * stp_pass_flops(pass->work, &size);
}

double stp_bench_pass_bytes(const stp_bench_pass *pass, const stp_bench_problem *p) {
    const stp_pass_size size = size_of(pass, p);
    return p->group * stp_pass_bytes(pass->work, &size);
}
