// Times the float kernels: stapes-bench-kernels [--isa NAME] [--blocks N] [KERNEL...] prints a line of CSV a
// kernel, pass and shape. N lane blocks take turns; 4, a batch-norm group of 64 samples, is what a search
// step does (tensors then come from the third-level cache), 1 shows what a kernel computes from the second.
// GFLOP/s counts the multiplications and additions of the convolutions alone (two a MAC), not those of batch
// statistics; GB/s counts every tensor once. Four lane blocks take turns (a batch-norm group of 64 samples),
// so tensors come from where they would in a search step. The fastest of several rounds counts.
#include "base/arena.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_BLOCKS = 16, ROUNDS = 30 };
#define POOL_BYTES ((size_t)192 << 20) // all tensors of a case, on huge pages as in the product

typedef struct bench_case {
    const char *kernel;
    int c, m, h, w, k, stride, dilation; // m: outputs, or the terms of a mix
} bench_case;

static const bench_case cases[] = {
    // the supernet on 48x40, C = 16: partial channels 4, 8, 16; a stride of 2 in reduction cells
    {"dwpw", 4, 4, 48, 40, 3, 1, 1},
    {"dwpw", 4, 4, 48, 40, 5, 1, 1},
    {"dwpw", 4, 4, 48, 40, 3, 1, 2},
    {"dwpw", 4, 4, 48, 40, 5, 1, 2},
    {"dwpw", 8, 8, 24, 20, 3, 1, 1},
    {"dwpw", 8, 8, 24, 20, 5, 1, 1},
    {"dwpw", 8, 8, 24, 20, 3, 1, 2},
    {"dwpw", 8, 8, 24, 20, 5, 1, 2},
    {"dwpw", 16, 16, 12, 10, 3, 1, 1},
    {"dwpw", 16, 16, 12, 10, 5, 1, 1},
    {"dwpw", 16, 16, 12, 10, 3, 1, 2},
    {"dwpw", 16, 16, 12, 10, 5, 1, 2},
    {"dwpw", 8, 8, 48, 40, 3, 2, 1},
    {"dwpw", 8, 8, 48, 40, 5, 2, 2},
    {"dwpw", 16, 16, 24, 20, 5, 2, 1},
    {"dwpw", 16, 16, 24, 20, 3, 2, 2},
    // a smaller preset, and networks that were found
    {"dwpw", 2, 2, 48, 40, 3, 1, 1},
    {"dwpw", 16, 16, 49, 40, 3, 1, 1},
    {"dwpw", 32, 32, 25, 20, 5, 1, 1},
    {"dwpw", 64, 64, 13, 10, 3, 1, 1},
    {"dw", 64, 64, 25, 5, 3, 1, 1},
    // the 1x1 convolutions before a search's cells, of its found networks, and of DS-CNN
    {"conv", 48, 16, 48, 40, 1, 1, 1},
    {"conv", 64, 16, 48, 40, 1, 1, 1},
    {"conv", 64, 32, 24, 20, 1, 1, 1},
    {"conv", 128, 32, 24, 20, 1, 1, 1},
    {"conv", 128, 64, 12, 10, 1, 1, 1},
    {"conv", 256, 64, 12, 10, 1, 1, 1},
    {"conv", 8, 8, 49, 40, 1, 1, 1},
    {"conv", 16, 16, 25, 20, 1, 1, 1},
    {"conv", 24, 24, 25, 20, 1, 1, 1},
    {"conv", 64, 64, 13, 10, 1, 1, 1},
    {"conv", 64, 64, 25, 5, 1, 1, 1},
    // factorised reductions as they are run and as they are shipped; a stem; an alignment
    {"conv", 64, 16, 48, 40, 1, 2, 1},
    {"conv", 64, 32, 24, 20, 2, 2, 1},
    {"conv", 1, 48, 49, 40, 3, 1, 1},
    {"conv", 1, 1, 97, 80, 3, 2, 1},
    {"maxpool", 4, 4, 48, 40, 3, 1, 1},
    {"maxpool", 8, 8, 24, 20, 3, 1, 1},
    {"maxpool", 8, 8, 48, 40, 3, 2, 1},
    {"maxpool", 12, 12, 48, 40, 2, 2, 1},
    {"avgpool", 4, 4, 48, 40, 3, 1, 1},
    {"avgpool", 16, 16, 12, 10, 3, 1, 1},
    {"affine", 4, 4, 48, 40, 1, 1, 1},
    {"affine", 16, 16, 12, 10, 1, 1, 1},
    {"mix", 4, 8, 48, 40, 1, 1, 1},
    {"mix", 4, 32, 48, 40, 1, 1, 1},
    {"mix", 16, 32, 12, 10, 1, 1, 1},
};

typedef struct bench {
    const stp_kernels *k;
    const bench_case *t;
    stp_real *pool;
    size_t used;
    int blocks;
    stp_window win;
    stp_view in[MAX_BLOCKS], z[MAX_BLOCKS], g[MAX_BLOCKS], d_in[MAX_BLOCKS],
        terms[MAX_BLOCKS][STP_MIX_MAX_TERMS], d_terms[STP_MIX_MAX_TERMS];
    stp_real *w_dw, *w_pw, *a, *d_w_dw, *d_w_pw, *sums, *scratch;
    int add[STP_MIX_MAX_TERMS];
} bench;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); // others may use the processor too
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static stp_real *values(bench *b, size_t n) {
    const size_t whole = (n + 15) / 16 * 16;
    if ((b->used + whole) * sizeof(stp_real) > POOL_BYTES) {
        fprintf(stderr, "%s: too large for the pool, take fewer --blocks\n", b->t->kernel);
        exit(1);
    }
    stp_real *p = b->pool + b->used;
    b->used += whole;
    for (size_t i = 0; i < n; i++)
        p[i] = (stp_real)((double)(i * 7919 % 2003) / 1001 - 1);
    return p;
}

static stp_view tensor(bench *b, int c, int h, int w, int halo) {
    const int lanes = b->k->lanes;
    const ptrdiff_t chan = (ptrdiff_t)(w + 2 * halo) * lanes, row = chan * c;
    stp_real *p = values(b, (size_t)(row * (h + 2 * halo)) + 512); // tensors apart: not a whole page
    stp_view view = {p + halo * (row + lanes), row, chan, c, h, w, halo};
    b->k->clear_halo(view);
    return view;
}

typedef void (*bench_run)(bench *b, int block);

static const stp_view none = {0};

// "rectified": the kernel normalises and rectifies its input as it reads it.
static stp_rectifier rectifier(const bench *b) {
    return (stp_rectifier){b->a, b->a};
}
static void dwpw_forward(bench *b, int i) {
    b->k->dwpw_forward(&b->win, b->in[i], NULL, b->w_dw, b->w_pw, NULL, b->z[i], b->sums, b->scratch);
}
static void dwpw_forward_r(bench *b, int i) {
    const stp_rectifier rect = rectifier(b);
    b->k->dwpw_forward(&b->win, b->in[i], &rect, b->w_dw, b->w_pw, NULL, b->z[i], b->sums, b->scratch);
}
static stp_upstream upstream(bench *b, int i) {
    return (stp_upstream){b->g[i], b->z[i], b->a, b->a, b->a};
}
static void dwpw_backward(bench *b, int i) {
    b->k->dwpw_backward(&b->win, upstream(b, i), b->in[i], NULL, b->w_dw, b->w_pw, b->d_in[i], 1, NULL, NULL,
                        NULL, NULL, b->scratch);
}
static void dwpw_backward_w(bench *b, int i) {
    b->k->dwpw_backward(&b->win, upstream(b, i), b->in[i], NULL, b->w_dw, b->w_pw, b->d_in[i], 1, NULL,
                        b->d_w_dw, b->w_pw ? b->d_w_pw : NULL, NULL, b->scratch);
}
static void dwpw_backward_r(bench *b, int i) {
    const stp_rectifier rect = rectifier(b);
    b->k->dwpw_backward(&b->win, upstream(b, i), b->in[i], &rect, b->w_dw, b->w_pw, b->d_in[i], 0, b->sums,
                        b->d_w_dw, b->w_pw ? b->d_w_pw : NULL, NULL, b->scratch);
}
static void conv_forward(bench *b, int i) {
    b->k->conv_forward(&b->win, 1, b->in[i], b->w_pw, NULL, b->z[i], b->sums, b->scratch);
}
static void conv_backward(bench *b, int i) {
    b->k->conv_backward(&b->win, 1, upstream(b, i), b->in[i], b->w_pw, b->d_in[i], 1, NULL, NULL, b->scratch);
}
static void conv_backward_only_w(bench *b, int i) {
    b->k->conv_backward(&b->win, 1, upstream(b, i), b->in[i], b->w_pw, none, 1, b->d_w_pw, NULL, b->scratch);
}
static void conv_backward_w(bench *b, int i) {
    b->k->conv_backward(&b->win, 1, upstream(b, i), b->in[i], b->w_pw, b->d_in[i], 1, b->d_w_pw, NULL,
                        b->scratch);
}
static void max_forward(bench *b, int i) {
    b->k->pool_forward(STP_POOL_MAX, &b->win, b->in[i], b->z[i], b->sums);
}
static void max_backward(bench *b, int i) {
    b->k->pool_backward(STP_POOL_MAX, &b->win, upstream(b, i), b->in[i], b->z[i], b->d_in[i], 1, b->scratch);
}
static void avg_forward(bench *b, int i) {
    b->k->pool_forward(STP_POOL_AVG, &b->win, b->in[i], b->z[i], b->sums);
}
static void avg_backward(bench *b, int i) {
    b->k->pool_backward(STP_POOL_AVG, &b->win, upstream(b, i), b->in[i], b->z[i], b->d_in[i], 1, b->scratch);
}
static void affine_forward(bench *b, int i) {
    b->k->affine_forward(b->g[i], b->a, b->a, 1, b->in[i]);
}
static void affine_backward(bench *b, int i) {
    b->k->affine_backward(b->g[i], b->z[i], b->a, b->a, 1, b->d_in[i], 0, b->sums);
}
static void mix_forward(bench *b, int i) {
    b->k->mix_forward(b->t->m, b->terms[i], b->w_pw, b->a, NULL, b->z[i]);
}
static void mix_backward(bench *b, int i) {
    b->k->mix_backward(b->g[i], b->t->m, b->terms[i], b->w_pw, NULL, b->sums, b->d_terms, b->add);
}

// Work of one pass over a block and lane: MACs where a kernel computes, values touched where it moves.
typedef struct bench_kernel {
    const char *kernel, *name;
    bench_run run;
    double dw, pw;  // MACs a pixel and channel: dw * k*k + pw * m, or pw * m * k*k of a dense convolution
    double tensors; // or values a pixel and channel: tensors + m where it is a mix; inputs of pools apart
} bench_kernel;

static const bench_kernel kernels[] = {
    {"dwpw", "forward", dwpw_forward, 1, 1, 0},
    {"dwpw", "forward, rectified", dwpw_forward_r, 1, 1, 0},
    {"dwpw", "backward", dwpw_backward, 1, 1, 0},
    {"dwpw", "backward+w", dwpw_backward_w, 3, 2, 0},
    {"dwpw", "backward+w, rectified", dwpw_backward_r, 3, 2, 0},
    {"dw", "forward", dwpw_forward, 1, 0, 0},
    {"dw", "backward+w", dwpw_backward_w, 2, 0, 0},
    {"conv", "forward", conv_forward, 0, 1, 0},
    {"conv", "backward", conv_backward, 0, 1, 0},
    {"conv", "only w", conv_backward_only_w, 0, 1, 0},
    {"conv", "backward+w", conv_backward_w, 0, 2, 0},
    {"maxpool", "forward", max_forward, 0, 0, 1},
    {"maxpool", "backward", max_backward, 0, 0, 3},
    {"avgpool", "forward", avg_forward, 0, 0, 1},
    {"avgpool", "backward", avg_backward, 0, 0, 2},
    {"affine", "forward", affine_forward, 0, 0, 1},
    {"affine", "backward", affine_backward, 0, 0, 2},
    {"mix", "forward", mix_forward, 0, 0, 1},
    {"mix", "backward", mix_backward, 0, 0, 1},
};

static int is(const bench_case *t, const char *kernel) {
    return strcmp(t->kernel, kernel) == 0;
}

static void prepare(bench *b) {
    const bench_case *t = b->t;
    const int out_h = (t->h + t->stride - 1) / t->stride, out_w = (t->w + t->stride - 1) / t->stride;
    const int reach = (t->k - 1) * t->dilation, mix = is(t, "mix"), outputs = mix ? t->c : t->m;
    const int pad_h = (out_h - 1) * t->stride + reach + 1 - t->h;
    const int pad_w = (out_w - 1) * t->stride + reach + 1 - t->w;
    b->win = (stp_window){t->k, t->k, t->stride, t->stride, t->dilation, pad_h / 2, pad_w / 2};
    for (int i = 0; i < b->blocks; i++) {
        b->in[i] = tensor(b, t->c, t->h, t->w, 4);
        b->d_in[i] = tensor(b, t->c, t->h, t->w, 0);
        b->z[i] = tensor(b, outputs, out_h, out_w, 0);
        b->g[i] = tensor(b, outputs, out_h, out_w, 0);
        for (int j = 0; mix && j < t->m; j++)
            b->terms[i][j] = tensor(b, t->c, t->h, t->w, 0);
    }
    const size_t lanes = (size_t)b->k->lanes, c = (size_t)t->c, m = (size_t)t->m, kk = (size_t)(t->k * t->k);
    b->w_dw = values(b, c * kk);
    const size_t dense = is(t, "conv") ? c * m * kk : c * m;
    b->w_pw = is(t, "dw") ? NULL : values(b, dense);
    b->a = values(b, c + m);
    b->d_w_dw = values(b, c * kk);
    b->d_w_pw = values(b, dense);
    b->sums = values(b, (m + 1) * (c + 1) * 2 * lanes);
    b->scratch = values(b, stp_kernel_scratch_reals((int)lanes, (int)(c > m ? c : m), t->w, t->k));
}

// Seconds a block: the fastest round, each long enough for the clock.
static double time_of(bench *b, bench_run run) {
    double best = 1e30;
    long count = b->blocks;
    for (int round = 0; round < ROUNDS;) {
        const double start = seconds();
        for (long i = 0; i < count; i++)
            run(b, (int)(i % b->blocks));
        const double took = seconds() - start;
        if (took < 0.001) {
            count *= 2;
            continue;
        }
        best = took / (double)count < best ? took / (double)count : best;
        round++;
    }
    return best;
}

static void report(bench *b, const bench_kernel *kernel) {
    const bench_case *t = b->t;
    const double took = time_of(b, kernel->run), lanes = b->k->lanes;
    const double in = (double)t->h * t->w * t->c * lanes, out = in / (t->stride * t->stride);
    const double window = (double)t->k * t->k;
    const double macs = out * (kernel->dw * window + kernel->pw * t->m * (is(t, "conv") ? window : 1));
    const double moved = (in * kernel->tensors + out * (is(t, "mix") ? t->m : 1)) * sizeof(stp_real);
    printf("%s,%s,%s,%d,%d,%d,%d,%d,%d,%d,%.2f,", stp_isa_name(b->k->isa), kernel->kernel, kernel->name, t->c,
           t->m, t->h, t->w, t->k, t->stride, t->dilation, took * 1e6);
    if (macs > 0)
        printf("%.1f,\n", 2 * macs / took * 1e-9);
    else
        printf(",%.1f\n", moved / took * 1e-9);
    fflush(stdout);
}

static int wanted(const char *kernel, int argc, char **argv) {
    int named = 0;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            i++;
            continue;
        }
        named = 1;
        if (strcmp(argv[i], kernel) == 0)
            return 1;
    }
    return !named;
}

static const char *option(const char *name, const char *otherwise, int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return otherwise;
}

int main(int argc, char **argv) {
    stp_err err;
    const int blocks = atoi(option("--blocks", "4", argc, argv));
    if (stp_isa_select(option("--isa", "auto", argc, argv), &err) != STP_OK || blocks < 1 ||
        blocks > MAX_BLOCKS) {
        fprintf(stderr, "usage: stapes-bench-kernels [--isa NAME] [--blocks 1..%d] [KERNEL...]\n",
                MAX_BLOCKS);
        return 2;
    }
    stp_real *pool = stp_alloc(POOL_BYTES);
    if (!pool) {
        fprintf(stderr, "out of memory\n");
        return 1;
    }
    printf("isa,kernel,pass,c,m,h,w,k,stride,dilation,us,gflops,gbytes_per_s\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!wanted(cases[i].kernel, argc, argv))
            continue;
        static bench b; // large for a stack
        b = (bench){.k = stp_kernels_get(stp_isa_current()), .t = &cases[i], .pool = pool, .blocks = blocks};
        prepare(&b);
        for (size_t j = 0; j < sizeof kernels / sizeof *kernels; j++)
            if (is(b.t, kernels[j].kernel))
                report(&b, &kernels[j]);
    }
    stp_free(pool);
    return 0;
}
