// The mean over pixels and the linear layer against plain sums in double.
#include "ref_common.h"

static void mean_case(const stp_kernels *kernels, int c, int h, int w, int spread, int add) {
    int lanes = kernels->lanes;
    stp_rng rng = stp_rng_at(7, STP_RNG_TEST, 0, 2);
    ref_tensor in = ref_make(&rng, lanes, c, h, w, 0, spread),
               d_in = ref_make(&rng, lanes, c, h, w, 0, spread);
    size_t n = (size_t)c * lanes, plane = (size_t)h * w * lanes;
    stp_real *out = ref_random(&rng, n), *g = ref_random(&rng, n);
    double *x = ref_dense(&in), *d = ref_dense(&d_in), *want = ref_zeros(n);
    for (size_t i = 0; i < ref_values(&in); i++) {
        size_t at = i / plane * lanes + i % lanes;
        want[at] += x[i] / (h * w);
        d[i] = (add ? d[i] : 0) + g[at] / (double)(h * w);
    }
    kernels->mean_forward(in.view, out);
    ref_check("mean", out, want, n, REF_TOLERANCE);
    kernels->mean_backward(g, d_in.view, add);
    ref_check_tensor("d_in of mean", &d_in, d, REF_TOLERANCE);
    stp_free(out);
    stp_free(g);
    stp_free(x);
    stp_free(d);
    stp_free(want);
    ref_free(&in);
    ref_free(&d_in);
}

typedef struct linear_want {
    double *out, *d_in, *d_w, *d_bias;
} linear_want;

static void naive_linear(int channels, int outputs, int lanes, const stp_real *in, const stp_real *w,
                         const stp_real *bias, const stp_real *g, linear_want *want) {
    for (int m = 0; m < outputs; m++)
        for (int l = 0; l < lanes; l++) {
            double gl = g[m * lanes + l];
            want->out[m * lanes + l] = bias ? bias[m] : 0;
            want->d_bias[m] += gl;
            for (int c = 0; c < channels; c++) {
                want->out[m * lanes + l] += (double)w[m * channels + c] * in[c * lanes + l];
                want->d_in[c * lanes + l] += gl * w[m * channels + c];
                want->d_w[m * channels + c] += gl * in[c * lanes + l];
            }
        }
}

// which: 1 d_in, 2 d_w, 4 d_bias.
static void linear_case(const stp_kernels *kernels, int channels, int outputs, int with_bias, int which) {
    int lanes = kernels->lanes;
    stp_rng rng = stp_rng_at(7, STP_RNG_TEST, 0, 3);
    size_t n_in = (size_t)channels * lanes, n_out = (size_t)outputs * lanes, n_w = (size_t)channels * outputs;
    stp_real *in = ref_random(&rng, n_in), *w = ref_random(&rng, n_w),
             *bias = ref_random(&rng, (size_t)outputs);
    stp_real *g = ref_random(&rng, n_out), *out = ref_random(&rng, n_out), *d_in = ref_random(&rng, n_in);
    stp_real *d_w = ref_random(&rng, n_w), *d_bias = ref_random(&rng, (size_t)outputs);
    linear_want want = {ref_zeros(n_out), ref_zeros(n_in), ref_zeros(n_w), ref_zeros((size_t)outputs)};
    naive_linear(channels, outputs, lanes, in, w, with_bias ? bias : NULL, g, &want);
    kernels->linear_forward(channels, outputs, in, w, with_bias ? bias : NULL, out);
    ref_check("linear", out, want.out, n_out, REF_TOLERANCE);
    kernels->linear_backward(channels, outputs, g, in, w, which & 1 ? d_in : NULL, which & 2 ? d_w : NULL,
                             which & 4 ? d_bias : NULL);
    if (which & 1)
        ref_check("d_in of linear", d_in, want.d_in, n_in, REF_TOLERANCE);
    if (which & 2)
        ref_check("d_w of linear", d_w, want.d_w, n_w, REF_TOLERANCE);
    if (which & 4)
        ref_check("d_bias of linear", d_bias, want.d_bias, (size_t)outputs, REF_TOLERANCE);
    stp_real *reals[] = {in, w, bias, g, out, d_in, d_w, d_bias};
    for (int i = 0; i < 8; i++)
        stp_free(reals[i]);
    double *doubles[] = {want.out, want.d_in, want.d_w, want.d_bias};
    for (int i = 0; i < 4; i++)
        stp_free(doubles[i]);
}

static void run_means(const stp_kernels *kernels) {
    mean_case(kernels, 5, 13, 10, 1, 0);
    mean_case(kernels, 3, 4, 7, 2, 1);
    mean_case(kernels, 1, 1, 1, 1, 0);
    mean_case(kernels, 64, 25, 5, 1, 1);
}

static void run_linears(const stp_kernels *kernels) {
    linear_case(kernels, 64, 12, 1, 7);
    linear_case(kernels, 256, 35, 1, 7);
    linear_case(kernels, 7, 3, 0, 7);
    linear_case(kernels, 1, 1, 1, 7);
    linear_case(kernels, 9, 5, 1, 1);
    linear_case(kernels, 9, 5, 1, 2);
    linear_case(kernels, 9, 5, 0, 4);
}

static void mean_equals_sum_in_double(void **state) {
    (void)state;
    ref_for_each_isa(run_means);
}

static void linear_equals_loops_in_double(void **state) {
    (void)state;
    ref_for_each_isa(run_linears);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(mean_equals_sum_in_double),
                                       cmocka_unit_test(linear_equals_loops_in_double)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
