// round_forward and round_backward against plain loops in double.
#include "ref/ref_common.h"

static const struct {
    int c, h, w, spread;
} shapes[] = {{1, 1, 1, 1}, {3, 5, 7, 1}, {4, 3, 40, 4}, {8, 2, 25, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static const struct {
    double step, low, high;
} ranges[] = {{0, 0, INFINITY}, {0.25, -8, 7.75}, {0.0625, 0, 0.9375}, {0.03125, -0.5, 0.5}, {0, -0.3, 0.6}};
enum { RANGES = sizeof ranges / sizeof *ranges };

// Steps are powers of two here, so that doubles and floats have the same ties.
static double rounded(int range, double z) {
    double step = ranges[range].step, x = step > 0 ? step * nearbyint(z / step) : z;
    return fmin(fmax(x, (double)(stp_real)ranges[range].low), (double)(stp_real)ranges[range].high);
}

static void check(const stp_kernels *k, int shape, int range) {
    stp_rng rng = stp_rng_at(31, STP_RNG_TEST, (uint64_t)range, (uint64_t)shape);
    const int c = shapes[shape].c, h = shapes[shape].h, w = shapes[shape].w;
    ref_tensor z = ref_make(&rng, k->lanes, c, h, w, 0, shapes[shape].spread);
    ref_tensor g = ref_make(&rng, k->lanes, c, h, w, 0, 1);
    *ref_at(&z, 0, 0, 0) = (stp_real)1e30; // far beyond what rounds without a clamp
    double *want = ref_dense(&z), *d = ref_dense(&g);
    const stp_real low = (stp_real)ranges[range].low, high = (stp_real)ranges[range].high;
    for (size_t i = 0; i < ref_values(&z); i++) {
        want[i] = rounded(range, want[i]);
        d[i] = want[i] > (double)low && want[i] < (double)high ? d[i] : 0;
    }
    k->round_forward(z.view, (stp_real)ranges[range].step, low, high);
    ref_check_tensor("round_forward", &z, want, 0); // exact: powers of two
    k->round_backward(z.view, low, high, g.view);
    ref_check_tensor("round_backward", &g, d, 0);
    ref_free(&z);
    ref_free(&g);
    stp_free(want);
    stp_free(d);
}

static void round_of_isa(const stp_kernels *k) {
    for (int shape = 0; shape < SHAPES; shape++)
        for (int range = 0; range < RANGES; range++)
            check(k, shape, range);
}

static void test_round(void **state) {
    (void)state;
    ref_for_each_isa(round_of_isa);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
