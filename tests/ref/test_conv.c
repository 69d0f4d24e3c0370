// conv_forward and conv_backward against seven nested loops in double.
#include "ref_common.h"

typedef struct conv_case {
    const char *name;
    stp_window window;
    int in_c, in_h, in_w, out_c, out_h, out_w; // out 0: what the padded window yields, rounded up
    int relu_in, spread;
    int bias, upstream, add; // upstream: dz = a*g + b*z + e
    int d_in, d_w, d_bias;
} conv_case;

#define POINTWISE                                                                                            \
    { 1, 1, 1, 1, 1, 0, 0 }

// The networks' own shapes, smaller ones at odd sizes, and what no network asks for but the contract allows.
static const conv_case cases[] = {
    {"pointwise 48 -> 16", POINTWISE, 48, 6, 10, 16, 6, 10, 1, 1, 0, 1, 0, 1, 1, 0},
    {"pointwise 8 -> 8, five wide", POINTWISE, 8, 25, 5, 8, 25, 5, 0, 1, 0, 0, 1, 1, 1, 0},
    {"pointwise, odd everything", POINTWISE, 5, 3, 7, 7, 3, 7, 1, 3, 1, 1, 1, 1, 1, 1},
    {"pointwise, one pixel", POINTWISE, 3, 1, 1, 2, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1},
    {"pointwise, one column", POINTWISE, 4, 11, 1, 4, 11, 1, 1, 2, 0, 1, 0, 1, 0, 0},
    {"pointwise, wider than a chunk", POINTWISE, 20, 3, 61, 12, 3, 61, 1, 1, 0, 1, 1, 1, 1, 0},
    {"pointwise, a row a chunk", POINTWISE, 64, 3, 40, 48, 3, 40, 1, 1, 0, 1, 0, 1, 1, 0},
    {"pointwise, two rows a chunk", POINTWISE, 20, 5, 20, 24, 5, 20, 1, 1, 0, 1, 1, 1, 1, 0},
    {"pointwise, half a row a chunk", POINTWISE, 16, 3, 80, 8, 3, 80, 0, 1, 1, 1, 0, 1, 1, 1},
    {"pointwise, parts of a row a chunk", POINTWISE, 16, 3, 48, 8, 3, 48, 1, 1, 0, 1, 1, 1, 1, 0},
    {"pointwise, parts of a row, wider", POINTWISE, 12, 2, 60, 20, 2, 60, 1, 1, 0, 1, 1, 1, 1, 0},
    {"pointwise, data only", POINTWISE, 16, 9, 10, 32, 9, 10, 1, 1, 0, 1, 1, 1, 0, 0},
    {"pointwise, weights only", POINTWISE, 12, 5, 9, 20, 5, 9, 0, 1, 1, 1, 0, 0, 1, 1},
    {"pointwise, bias only", POINTWISE, 6, 4, 4, 5, 4, 4, 0, 1, 1, 1, 0, 0, 0, 1},
    {"pointwise 68 -> 276", POINTWISE, 68, 3, 5, 276, 3, 5, 1, 1, 0, 1, 1, 1, 1, 1},
    {"pointwise, cut by padding", {1, 1, 1, 1, 1, -1, 1}, 4, 5, 5, 4, 5, 6, 0, 1, 0, 1, 0, 1, 1, 0},
    {"stride 2, first pixels", {1, 1, 2, 2, 1, 0, 0}, 8, 9, 7, 12, 5, 4, 1, 1, 0, 1, 0, 1, 1, 0},
    {"stride 2, second pixels", {1, 1, 2, 2, 1, -1, -1}, 8, 9, 7, 12, 5, 4, 1, 2, 0, 1, 1, 1, 1, 0},
    {"2x2 stride 2", {2, 2, 2, 2, 1, 0, 0}, 16, 7, 10, 8, 4, 5, 1, 1, 0, 1, 0, 1, 1, 0},
    {"2x2 stride 2, many terms", {2, 2, 2, 2, 1, 0, 0}, 128, 3, 3, 132, 2, 2, 1, 1, 0, 1, 0, 1, 1, 1},
    {"stem", {3, 3, 1, 1, 1, 1, 1}, 1, 9, 11, 24, 9, 11, 0, 1, 0, 1, 0, 1, 1, 0},
    {"stem, even padding", {3, 3, 2, 2, 1, 0, 0}, 1, 8, 10, 48, 4, 5, 0, 1, 1, 0, 1, 1, 1, 1},
    {"DS-CNN's first layer", {10, 4, 2, 2, 1, 4, 1}, 1, 49, 10, 64, 25, 5, 0, 1, 1, 1, 0, 1, 1, 1},
    {"alignment 4x3 stride 3, 2", {4, 3, 3, 2, 1, 0, 0}, 1, 157, 80, 1, 52, 39, 0, 1, 1, 0, 0, 1, 1, 1},
    {"alignment 5x4 stride 2, 1", {5, 4, 2, 1, 1, -1, -1}, 1, 30, 13, 1, 12, 9, 0, 1, 1, 1, 1, 1, 1, 1},
    {"dilated 3x3", {3, 3, 1, 1, 2, 2, 2}, 3, 7, 6, 5, 7, 6, 1, 1, 1, 1, 0, 1, 1, 1},
    {"dilated 3x2 stride 2, 3", {3, 2, 2, 3, 2, 3, -1}, 5, 9, 13, 6, 6, 4, 1, 2, 1, 1, 1, 1, 1, 1},
    {"window wider than the input", {5, 5, 1, 1, 1, 2, 2}, 2, 2, 3, 3, 2, 3, 0, 1, 0, 1, 0, 1, 1, 1},
};

typedef struct tap {
    int c, i, j, h, w; // h, w: where it meets the input
} tap;

static int meets(const conv_case *k, tap *t, int oh, int ow) {
    t->h = oh * k->window.stride_h + t->i * k->window.dilation - k->window.pad_top;
    t->w = ow * k->window.stride_w + t->j * k->window.dilation - k->window.pad_left;
    return t->h >= 0 && t->h < k->in_h && t->w >= 0 && t->w < k->in_w;
}

typedef struct naive {
    double *in, *dz, *z, *d_in, *d_w, *d_bias;
} naive;

// One (output channel, pixel, tap) of all three products, at every lane.
static void naive_tap(const conv_case *k, naive *n, const stp_real *w, int lanes, size_t z_at, size_t w_at,
                      const tap *t) {
    size_t x_at = (((size_t)t->c * k->in_h + t->h) * k->in_w + t->w) * lanes;
    for (int l = 0; l < lanes; l++) {
        double x = n->in[x_at + l], read = k->relu_in && x < 0 ? 0 : x, dz = n->dz[z_at + l];
        n->z[z_at + l] += w[w_at] * read;
        n->d_w[w_at] += dz * read;
        if (!k->relu_in || x > 0)
            n->d_in[x_at + l] += w[w_at] * dz;
    }
}

static void naive_conv(const conv_case *k, naive *n, const stp_real *w, const stp_real *bias, int lanes) {
    for (int m = 0; m < k->out_c; m++)
        for (int oh = 0; oh < k->out_h; oh++)
            for (int ow = 0; ow < k->out_w; ow++) {
                size_t z_at = (((size_t)m * k->out_h + oh) * k->out_w + ow) * lanes, w_at = 0;
                w_at = (size_t)m * k->in_c * k->window.k_h * k->window.k_w;
                for (int l = 0; l < lanes; l++) {
                    n->z[z_at + l] += bias ? bias[m] : 0;
                    n->d_bias[m] += n->dz[z_at + l];
                }
                tap t;
                for (t.c = 0; t.c < k->in_c; t.c++)
                    for (t.i = 0; t.i < k->window.k_h; t.i++)
                        for (t.j = 0; t.j < k->window.k_w; t.j++, w_at++)
                            if (meets(k, &t, oh, ow))
                                naive_tap(k, n, w, lanes, z_at, w_at, &t);
            }
}

static void check_sums(const conv_case *k, const double *z, const stp_real *sums, int lanes) {
    size_t n = (size_t)k->out_c * 2 * lanes;
    double *want = ref_zeros(n);
    for (int c = 0; c < k->out_c; c++)
        for (int p = 0; p < k->out_h * k->out_w; p++)
            for (int l = 0; l < lanes; l++) {
                double x = z[((size_t)c * k->out_h * k->out_w + p) * lanes + l];
                want[(size_t)c * 2 * lanes + l] += x;
                want[((size_t)c * 2 + 1) * lanes + l] += x * x;
            }
    for (size_t i = 0; i < n; i++)
        want[i] += 1; // sums are added to what is there
    ref_check("sums", sums, want, n, REF_TOLERANCE);
    stp_free(want);
}

static double *dense_upstream(const conv_case *k, const ref_tensor *g, const ref_tensor *z,
                              const stp_real *abe, int lanes) {
    double *dz = ref_dense(g), *raw = ref_dense(z);
    size_t plane = (size_t)k->out_h * k->out_w * lanes;
    for (size_t i = 0; k->upstream && i < ref_values(g); i++) {
        size_t m = i / plane, n = (size_t)k->out_c;
        dz[i] = abe[m] * dz[i] + abe[n + m] * raw[i] + abe[2 * n + m];
    }
    stp_free(raw);
    return dz;
}

static void check_forward(const stp_kernels *kernels, const conv_case *k, const ref_tensor *in,
                          const stp_real *w, const stp_real *bias, const double *want, stp_real *scratch,
                          stp_rng *rng) {
    int lanes = kernels->lanes;
    ref_tensor z = ref_make(rng, lanes, k->out_c, k->out_h, k->out_w, 0, k->spread);
    stp_real *sums = ref_random(rng, (size_t)k->out_c * 2 * lanes);
    for (int i = 0; i < k->out_c * 2 * lanes; i++)
        sums[i] = 1;
    kernels->conv_forward(&k->window, k->relu_in, in->view, w, bias, z.view, sums, scratch);
    ref_check_tensor("z", &z, want, REF_TOLERANCE);
    check_sums(k, want, sums, lanes);
    kernels->conv_forward(&k->window, k->relu_in, in->view, w, bias, z.view, NULL, scratch);
    ref_check_tensor("z without sums", &z, want, REF_TOLERANCE);
    ref_free(&z);
    stp_free(sums);
}

static void check_backward(const stp_kernels *kernels, const conv_case *k, const ref_tensor *in,
                           stp_upstream up, const stp_real *w, const naive *want, stp_real *scratch,
                           stp_rng *rng) {
    int weights = k->out_c * k->in_c * k->window.k_h * k->window.k_w;
    ref_tensor d_in = ref_make(rng, kernels->lanes, k->in_c, k->in_h, k->in_w, 0, k->spread);
    stp_real *d_w = ref_random(rng, (size_t)weights), *d_bias = ref_random(rng, (size_t)k->out_c);
    stp_view none = {0};
    if (k->add) {
        double *was = ref_dense(&d_in);
        for (size_t i = 0; i < ref_values(&d_in); i++)
            want->d_in[i] += was[i];
        stp_free(was);
    }
    kernels->conv_backward(&k->window, k->relu_in, up, in->view, w, k->d_in ? d_in.view : none, k->add,
                           k->d_w ? d_w : NULL, k->d_bias ? d_bias : NULL, scratch);
    if (k->d_in)
        ref_check_tensor("d_in", &d_in, want->d_in, REF_TOLERANCE);
    if (k->d_w)
        ref_check("d_w", d_w, want->d_w, (size_t)weights, REF_TOLERANCE);
    if (k->d_bias)
        ref_check("d_bias", d_bias, want->d_bias, (size_t)k->out_c, REF_TOLERANCE);
    ref_free(&d_in);
    stp_free(d_w);
    stp_free(d_bias);
}

static size_t scratch_reals(const stp_kernels *kernels, const conv_case *k) {
    int channels = k->in_c > k->out_c ? k->in_c : k->out_c, width = k->in_w > k->out_w ? k->in_w : k->out_w;
    int side = k->window.k_h > k->window.k_w ? k->window.k_h : k->window.k_w;
    return stp_kernel_scratch_reals(kernels->lanes, 1, channels, width, side);
}

static void run_case(const stp_kernels *kernels, const conv_case *k) {
    int lanes = kernels->lanes;
    stp_rng rng = stp_rng_at(7, STP_RNG_TEST, 0, 1);
    size_t weights = (size_t)k->out_c * k->in_c * k->window.k_h * k->window.k_w;
    ref_tensor in = ref_make(&rng, lanes, k->in_c, k->in_h, k->in_w, 0, k->spread);
    ref_tensor g = ref_make(&rng, lanes, k->out_c, k->out_h, k->out_w, 0, 1);
    ref_tensor z = ref_make(&rng, lanes, k->out_c, k->out_h, k->out_w, 0, k->spread);
    stp_real *w = ref_random(&rng, weights), *bias = ref_random(&rng, (size_t)k->out_c);
    stp_real *abe = ref_random(&rng, (size_t)k->out_c * 3), *scratch = ref_scratch(scratch_reals(kernels, k));
    stp_upstream up = {.g = g.view};
    if (k->upstream)
        up = (stp_upstream){g.view, z.view, abe, abe + k->out_c, abe + 2 * (ptrdiff_t)k->out_c};
    naive n = {ref_dense(&in),
               dense_upstream(k, &g, &z, abe, lanes),
               ref_zeros(ref_values(&g)),
               ref_zeros(ref_values(&in)),
               ref_zeros(weights),
               ref_zeros((size_t)k->out_c)};
    naive_conv(k, &n, w, k->bias ? bias : NULL, lanes);
    check_forward(kernels, k, &in, w, k->bias ? bias : NULL, n.z, scratch, &rng);
    check_backward(kernels, k, &in, up, w, &n, scratch, &rng);
    double *owned[] = {n.in, n.dz, n.z, n.d_in, n.d_w, n.d_bias};
    for (int i = 0; i < 6; i++)
        stp_free(owned[i]);
    stp_real *reals[] = {w, bias, abe, scratch};
    for (int i = 0; i < 4; i++)
        stp_free(reals[i]);
    ref_free(&in);
    ref_free(&g);
    ref_free(&z);
}

static void run_cases(const stp_kernels *kernels) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s: %s\n", stp_isa_name(kernels->isa), cases[i].name);
        run_case(kernels, &cases[i]);
    }
}

static void conv_equals_loops_in_double(void **state) {
    (void)state;
    ref_for_each_isa(run_cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(conv_equals_loops_in_double)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
