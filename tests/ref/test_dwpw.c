// The fused depthwise-pointwise kernels against plain loops in double, over shapes that meet every path: odd
// sizes, tiles' ends, strides, dilations, kernels without a fast path, strided views, everything optional.
#include "ref/ref_common.h"

// Of gradients that are summed over all pixels and lanes: terms of both signs, so that the sum can be small
// beside the roundings on the way.
#define SUM_TOLERANCE (3 * REF_TOLERANCE)

typedef struct dwpw_case {
    int c, m, h, w, k_h, k_w, stride, dilation, pad; // pad < 0: SAME
    int plain;                                       // 1: no pointwise part, m == c
    int spread;
} dwpw_case;

static const dwpw_case cases[] = {
    // the search's own shapes, smaller in height
    {4, 4, 7, 40, 3, 3, 1, 1, -1, 0, 1},
    {4, 4, 9, 40, 5, 5, 1, 2, -1, 0, 1},
    {8, 8, 6, 20, 5, 5, 1, 1, -1, 0, 4},
    {8, 8, 9, 20, 3, 3, 1, 2, -1, 0, 1},
    {16, 16, 12, 10, 5, 5, 1, 2, -1, 0, 1},
    {16, 16, 12, 10, 3, 3, 2, 2, -1, 0, 1},
    {4, 4, 8, 40, 3, 3, 2, 1, -1, 0, 1},
    {4, 4, 8, 40, 5, 5, 2, 1, -1, 0, 4},
    {4, 8, 8, 20, 5, 5, 2, 2, -1, 0, 1},
    {2, 2, 5, 40, 3, 3, 1, 1, -1, 0, 1},
    {2, 4, 5, 12, 5, 5, 1, 2, -1, 0, 3},
    // odd sizes
    {3, 5, 7, 13, 3, 3, 1, 1, -1, 0, 1},
    {6, 3, 5, 25, 3, 3, 2, 1, -1, 0, 2},
    {1, 1, 9, 9, 5, 5, 1, 1, -1, 0, 1},
    {1, 20, 4, 7, 3, 3, 1, 2, -1, 0, 1},
    {20, 6, 3, 11, 5, 5, 2, 1, -1, 0, 1},
    {8, 16, 5, 49, 3, 3, 1, 1, -1, 0, 1},
    {20, 20, 3, 6, 3, 3, 1, 1, -1, 0, 1},
    {6, 6, 2, 3, 3, 3, 1, 1, -1, 0, 1},
    {4, 4, 1, 1, 5, 5, 1, 2, -1, 0, 1},
    {3, 2, 6, 4, 3, 3, 2, 2, -1, 0, 2},
    {40, 36, 3, 26, 3, 3, 1, 1, -1, 0, 1},
    {64, 64, 3, 5, 3, 3, 1, 1, -1, 0, 1},
    {64, 64, 2, 14, 5, 5, 1, 1, -1, 0, 1},
    {4, 4, 6, 64, 3, 3, 1, 1, -1, 0, 1},
    // no fast path, other paddings, kernels that are not square
    {3, 4, 8, 11, 1, 1, 1, 1, 0, 0, 1},
    {3, 4, 9, 11, 1, 1, 2, 1, 0, 0, 1},
    {2, 3, 9, 12, 2, 2, 1, 1, 0, 0, 1},
    {2, 3, 9, 12, 4, 4, 2, 1, 1, 0, 1},
    {2, 3, 10, 13, 4, 4, 1, 2, 2, 0, 2},
    {2, 3, 10, 13, 3, 3, 3, 1, 1, 0, 1},
    {2, 3, 13, 16, 3, 3, 3, 2, 2, 0, 1},
    {4, 4, 9, 14, 3, 3, 1, 1, 0, 0, 1},
    {4, 4, 9, 14, 5, 5, 1, 1, 0, 0, 1},
    {4, 2, 9, 14, 3, 3, 1, 1, 4, 0, 1},
    {4, 4, 9, 14, 5, 3, 1, 1, -1, 0, 1},
    {4, 4, 9, 14, 3, 5, 2, 1, -1, 0, 1},
    {4, 4, 9, 14, 1, 5, 1, 1, -1, 0, 1},
    {4, 4, 10, 8, 10, 4, 2, 1, -1, 0, 1},
    // without a pointwise part (DS-CNN)
    {64, 64, 4, 5, 3, 3, 1, 1, -1, 1, 1},
    {8, 8, 6, 17, 5, 5, 2, 1, -1, 1, 2},
    {3, 3, 7, 12, 3, 3, 1, 2, -1, 1, 1},
};

static stp_window window_of(const dwpw_case *t, int *out_h, int *out_w) {
    stp_window win = {t->k_h, t->k_w, t->stride, t->stride, t->dilation, t->pad, t->pad};
    const int reach_h = (t->k_h - 1) * t->dilation, reach_w = (t->k_w - 1) * t->dilation;
    if (t->pad >= 0) {
        *out_h = (t->h + 2 * t->pad - reach_h - 1) / t->stride + 1;
        *out_w = (t->w + 2 * t->pad - reach_w - 1) / t->stride + 1;
        return win;
    }
    *out_h = (t->h + t->stride - 1) / t->stride;
    *out_w = (t->w + t->stride - 1) / t->stride;
    const int all_h = (*out_h - 1) * t->stride + reach_h + 1 - t->h;
    const int all_w = (*out_w - 1) * t->stride + reach_w + 1 - t->w;
    win.pad_top = all_h > 0 ? all_h / 2 : 0;
    win.pad_left = all_w > 0 ? all_w / 2 : 0;
    return win;
}

typedef struct problem {
    const dwpw_case *t;
    stp_window win;
    int lanes, out_h, out_w;
    double *in, *d, *z; // [c][h][w][lanes]
    stp_real *w_dw, *w_pw, *bias;
    stp_real *scale, *shift; // of a kernel that rectifies its input itself
    stp_rectifier rect;
    const stp_rectifier *rectifier; // &rect, or NULL: the input has a halo and is taken as it is
} problem;

static size_t place(const problem *p, int c, int h, int w, int height, int width) {
    return (((size_t)c * height + h) * width + w) * p->lanes;
}

// Calls `step` for every output and tap that meets an input: the whole of the convolution's index arithmetic.
typedef void (*tap_fn)(const problem *p, size_t out, size_t in, size_t weight, void *data);
static void for_each_tap(const problem *p, tap_fn step, void *data) {
    const dwpw_case *t = p->t;
    for (int c = 0; c < t->c; c++)
        for (int h = 0; h < p->out_h; h++)
            for (int w = 0; w < p->out_w; w++)
                for (int i = 0; i < t->k_h; i++)
                    for (int j = 0; j < t->k_w; j++) {
                        const int y = h * t->stride - p->win.pad_top + i * t->dilation;
                        const int x = w * t->stride - p->win.pad_left + j * t->dilation;
                        if (y >= 0 && y < t->h && x >= 0 && x < t->w)
                            step(p, place(p, c, h, w, p->out_h, p->out_w), place(p, c, y, x, t->h, t->w),
                                 ((size_t)c * t->k_h + i) * t->k_w + j, data);
                    }
}

static void tap_forward(const problem *p, size_t out, size_t in, size_t weight, void *data) {
    double *d = data;
    for (int l = 0; l < p->lanes; l++)
        d[out + l] += p->in[in + l] * (double)p->w_dw[weight];
}

typedef struct gradients {
    double *dd, *d_in, *d_w;
} gradients;

static void tap_backward(const problem *p, size_t out, size_t in, size_t weight, void *data) {
    gradients *g = data;
    for (int l = 0; l < p->lanes; l++) {
        g->d_in[in + l] += g->dd[out + l] * (double)p->w_dw[weight];
        g->d_w[weight] += g->dd[out + l] * p->in[in + l];
    }
}

static void reference_forward(problem *p) {
    const dwpw_case *t = p->t;
    const size_t plane = (size_t)p->out_h * p->out_w * p->lanes;
    p->d = ref_zeros(plane * t->c);
    p->z = ref_zeros(plane * t->m);
    for_each_tap(p, tap_forward, p->d);
    for (int m = 0; m < t->m; m++)
        for (size_t i = 0; i < plane; i++) {
            double sum = p->bias ? (double)p->bias[m] : 0;
            for (int c = 0; c < t->c; c++)
                sum += (t->plain ? m == c : (double)p->w_pw[m * t->c + c]) * p->d[c * plane + i];
            p->z[m * plane + i] = sum;
        }
}

static char label[160];
static const char *name(const problem *p, const stp_kernels *k, const char *what) {
    const dwpw_case *t = p->t;
    snprintf(label, sizeof label, "%s %s c%d m%d %dx%d k%dx%d s%d d%d pad %d plain %d", stp_isa_name(k->isa),
             what, t->c, t->m, t->h, t->w, t->k_h, t->k_w, t->stride, t->dilation, t->pad, t->plain);
    return label;
}

static void check_forward(const stp_kernels *k, problem *p, const ref_tensor *in, stp_rng *rng,
                          int with_sums) {
    const dwpw_case *t = p->t;
    const size_t plane = (size_t)p->out_h * p->out_w;
    ref_tensor z = ref_make(rng, p->lanes, t->m, p->out_h, p->out_w, 1, t->spread);
    stp_real *sums = ref_random(rng, (size_t)t->m * 2 * p->lanes);
    double *want = ref_zeros((size_t)t->m * 2 * p->lanes);
    for (int m = 0; m < t->m; m++)
        for (int l = 0; l < p->lanes; l++) {
            double *s = want + m * 2 * p->lanes + l, *q = s + p->lanes;
            *s = sums[m * 2 * p->lanes + l];
            *q = sums[(m * 2 + 1) * p->lanes + l];
            for (size_t i = 0; i < plane; i++) {
                const double x = p->z[(m * plane + i) * p->lanes + l];
                *s += x;
                *q += x * x;
            }
        }
    const int width = t->w > p->out_w ? t->w : p->out_w, channels = t->c > t->m ? t->c : t->m;
    stp_real *scratch = ref_scratch(
        stp_kernel_scratch_reals(p->lanes, 0, channels, width, t->k_h > t->k_w ? t->k_h : t->k_w));
    k->dwpw_forward(&p->win, in->view, p->rectifier, p->w_dw, t->plain ? NULL : p->w_pw, p->bias, z.view,
                    with_sums ? sums : NULL, scratch);
    ref_check_tensor(name(p, k, "z"), &z, p->z, REF_TOLERANCE);
    if (with_sums)
        ref_check(name(p, k, "sums"), sums, want, (size_t)t->m * 2 * p->lanes, REF_TOLERANCE);
    ref_free(&z);
    stp_free(sums);
    stp_free(want);
    stp_free(scratch);
}

// d_in through the rectifier, and the sums that the batch norm before it wants, added to what is there.
static void mask(const problem *p, const ref_tensor *in, double *d_in, const stp_real *old, double *sums) {
    double *z = ref_dense(in);
    const size_t plane = (size_t)p->t->h * p->t->w;
    for (int c = 0; c < p->t->c; c++)
        for (int l = 0; l < p->lanes; l++) {
            double *s = sums + c * 2 * p->lanes + l, *q = s + p->lanes;
            *s = (double)old[c * 2 * p->lanes + l];
            *q = (double)old[(c * 2 + 1) * p->lanes + l];
            for (size_t i = 0; i < plane; i++) {
                const size_t at = (c * plane + i) * p->lanes + l;
                if ((double)p->scale[c] * z[at] + (double)p->shift[c] <= 0)
                    d_in[at] = 0;
                *s += d_in[at];
                *q += d_in[at] * z[at];
            }
        }
    stp_free(z);
}

static void check_backward(const stp_kernels *k, problem *p, const ref_tensor *in, stp_rng *rng,
                           int on_the_fly, int add, int with_weights, int with_d_in) {
    const dwpw_case *t = p->t;
    const size_t plane = (size_t)p->out_h * p->out_w * p->lanes;
    const size_t n_dw = (size_t)t->c * t->k_h * t->k_w, n_pw = (size_t)t->m * t->c;
    ref_tensor g = ref_make(rng, p->lanes, t->m, p->out_h, p->out_w, 0, t->spread);
    ref_tensor z = ref_make(rng, p->lanes, t->m, p->out_h, p->out_w, 1, 1);
    ref_tensor d_in = ref_make(rng, p->lanes, t->c, t->h, t->w, 1, t->spread);
    stp_real *a = ref_random(rng, t->m), *b = ref_random(rng, t->m), *e = ref_random(rng, t->m);
    double *dz = ref_dense(&g), *zz = ref_dense(&z), *dd = ref_zeros(plane * t->c), *old = ref_dense(&d_in);
    double *d_pw = ref_zeros(n_pw), *d_dw = ref_zeros(n_dw), *d_bias = ref_zeros(t->m);
    double *want = add ? old : ref_zeros((size_t)t->c * t->h * t->w * p->lanes);
    for (int m = 0; m < t->m; m++)
        for (size_t i = m * plane; i < (m + 1) * plane; i++) {
            if (on_the_fly)
                dz[i] = (double)a[m] * dz[i] + (double)b[m] * zz[i] + (double)e[m];
            d_bias[m] += dz[i];
            for (int c = 0; c < t->c; c++) {
                const size_t at = c * plane + (i - m * plane);
                d_pw[m * t->c + c] += dz[i] * p->d[at];
                dd[at] += dz[i] * (t->plain ? m == c : (double)p->w_pw[m * t->c + c]);
            }
        }
    for_each_tap(p, tap_backward, &(gradients){dd, want, d_dw});
    double *want_sums = ref_zeros((size_t)t->c * 2 * p->lanes);
    stp_real *got_sums = ref_random(rng, (size_t)t->c * 2 * p->lanes);
    if (p->rectifier)
        mask(p, in, want, got_sums, want_sums);

    const int width = t->w > p->out_w ? t->w : p->out_w, channels = t->c > t->m ? t->c : t->m;
    stp_real *scratch = ref_scratch(
        stp_kernel_scratch_reals(p->lanes, 0, channels, width, t->k_h > t->k_w ? t->k_h : t->k_w));
    stp_real *got_pw = ref_scratch(n_pw), *got_dw = ref_scratch(n_dw), *got_bias = ref_scratch(t->m);
    stp_upstream up = {.g = g.view, .z = z.view, .b = b, .e = e, .a = on_the_fly ? a : NULL};
    stp_view target = d_in.view;
    if (!with_d_in)
        target.p = NULL;
    k->dwpw_backward(&p->win, up, in->view, p->rectifier, p->w_dw, t->plain ? NULL : p->w_pw, target, add,
                     got_sums, with_weights ? got_dw : NULL, with_weights && !t->plain ? got_pw : NULL,
                     with_weights ? got_bias : NULL, scratch);
    if (with_d_in)
        ref_check_tensor(name(p, k, "d_in"), &d_in, want, REF_TOLERANCE);
    if (with_d_in && p->rectifier)
        ref_check(name(p, k, "in_sums"), got_sums, want_sums, (size_t)t->c * 2 * p->lanes, REF_TOLERANCE);
    if (with_weights) {
        ref_check(name(p, k, "d_w_dw"), got_dw, d_dw, n_dw, SUM_TOLERANCE);
        ref_check(name(p, k, "d_bias"), got_bias, d_bias, t->m, SUM_TOLERANCE);
        if (!t->plain)
            ref_check(name(p, k, "d_w_pw"), got_pw, d_pw, n_pw, SUM_TOLERANCE);
    }
    ref_tensor *tensors[] = {&g, &z, &d_in};
    for (int i = 0; i < 3; i++)
        ref_free(tensors[i]);
    void *memory[] = {a,    b,    e,      dz,      zz,     dd,     want_sums, got_sums,
                      d_pw, d_dw, d_bias, scratch, got_pw, got_dw, got_bias,  old};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        stp_free(memory[i]);
    if (!add)
        stp_free(want);
}

// What a kernel that rectifies its input computes with, from the raw values.
static void rectify(problem *p) {
    const size_t plane = (size_t)p->t->h * p->t->w * p->lanes;
    for (int c = 0; c < p->t->c; c++)
        for (size_t i = c * plane; i < (c + 1) * plane; i++) {
            const double y = (double)p->scale[c] * p->in[i] + (double)p->shift[c];
            p->in[i] = y > 0 ? y : 0;
        }
    p->rect = (stp_rectifier){p->scale, p->shift};
    p->rectifier = &p->rect;
}

typedef void (*check_fn)(const stp_kernels *, problem *, const ref_tensor *, stp_rng *);

static void run_case(const stp_kernels *k, size_t i, int rectified, check_fn check) {
    const dwpw_case *t = &cases[i];
    stp_rng rng = stp_rng_at(7, STP_RNG_TEST, 0, i);
    problem p = {.t = t, .lanes = k->lanes};
    p.win = window_of(t, &p.out_h, &p.out_w);
    const int reach = (t->k_h > t->k_w ? t->k_h : t->k_w) * t->dilation + t->stride;
    ref_tensor in = ref_make(&rng, p.lanes, t->c, t->h, t->w, rectified ? 0 : reach, t->spread);
    p.in = ref_dense(&in);
    p.w_dw = ref_random(&rng, (size_t)t->c * t->k_h * t->k_w);
    p.w_pw = ref_random(&rng, (size_t)t->m * t->c);
    p.scale = ref_random(&rng, (size_t)t->c);
    p.shift = ref_random(&rng, (size_t)t->c);
    stp_real *bias = ref_random(&rng, t->m);
    p.bias = i % 2 || t->plain ? bias : NULL;
    if (rectified)
        rectify(&p);
    reference_forward(&p);
    check(k, &p, &in, &rng);
    ref_free(&in);
    void *memory[] = {p.in, p.d, p.z, p.w_dw, p.w_pw, p.scale, p.shift, bias};
    for (size_t j = 0; j < sizeof memory / sizeof *memory; j++)
        stp_free(memory[j]);
}

static void run_cases(const stp_kernels *k, check_fn check) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int rectified = 0; rectified < 2; rectified++)
            run_case(k, i, rectified, check);
}

static void all_forward(const stp_kernels *k, problem *p, const ref_tensor *in, stp_rng *rng) {
    for (int with_sums = 0; with_sums < 2; with_sums++)
        check_forward(k, p, in, rng, with_sums);
}

// A rectified input's gradient is never added to: it has no other reader.
static void all_backward(const stp_kernels *k, problem *p, const ref_tensor *in, stp_rng *rng) {
    for (int flags = 0; flags < 8; flags++)
        if (!p->rectifier || !(flags >> 1 & 1))
            check_backward(k, p, in, rng, flags & 1, flags >> 1 & 1, flags >> 2, 1);
    check_backward(k, p, in, rng, 1, 0, 1, 0);
}

static void forward_of_isa(const stp_kernels *k) {
    run_cases(k, all_forward);
}

static void backward_of_isa(const stp_kernels *k) {
    run_cases(k, all_backward);
}

static void test_forward(void **state) {
    (void)state;
    ref_for_each_isa(forward_of_isa);
}

static void test_backward(void **state) {
    (void)state;
    ref_for_each_isa(backward_of_isa);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_backward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
