// Front-ends of different shapes on one grid: what docs/design.md says, number by number.
#include "step/align.h"
#include "testing.h"

#include <math.h>

enum { LANES = 2, MOST = 64 };

// features[frame][coefficient][lane] = 100 frame + 10 coefficient^2, the second lane the negative of the
// first.
static void make_features(stp_shape shape, float *features) {
    for (int h = 0; h < shape.h; h++)
        for (int w = 0; w < shape.w; w++) {
            features[(h * shape.w + w) * LANES] = (float)(100 * h + 10 * w * w);
            features[(h * shape.w + w) * LANES + 1] = -(float)(100 * h + 10 * w * w);
        }
}

static void expect_aligned(stp_align align, stp_front_kind kind, stp_shape from, stp_shape to,
                           const double *expected) {
    float features[MOST];
    stp_real out[MOST];
    make_features(from, features);
    for (int i = 0; i < MOST; i++)
        out[i] = 77;
    stp_align_features(align, kind, LANES, from, features, to, out);
    for (int i = 0; i < to.h * to.w; i++)
        for (int lane = 0; lane < LANES; lane++) {
            double value = (double)out[i * LANES + lane], wanted = lane ? -expected[i] : expected[i];
            if (!(fabs(value - wanted) <= 1e-4))
                fail_msg("place %d, lane %d: %g instead of %g", i, lane, value, wanted);
        }
    for (int i = to.h * to.w * LANES; i < MOST; i++)
        assert_true(out[i] == 77);
}

static void resample_averages_by_area(void **state) {
    (void)state;
    // Five frames on two: each takes two and a half. Three bands on two: one and a half.
    const stp_shape from = {5, 3}, to = {2, 2};
    const double frames[] = {(0 + 100 + 0.5 * 200) / 2.5, (0.5 * 200 + 300 + 400) / 2.5};
    const double bands[] = {(0 + 0.5 * 10) / 1.5, (0.5 * 10 + 40) / 1.5};
    const double logmel[] = {frames[0] + bands[0], frames[0] + bands[1], frames[1] + bands[0],
                             frames[1] + bands[1]};
    const double mfcc[] = {frames[0], frames[0] + 10, frames[1], frames[1] + 10}; // the first cepstra
    expect_aligned(STP_ALIGN_RESAMPLE, STP_FRONT_LOGMEL, from, to, logmel);
    expect_aligned(STP_ALIGN_RESAMPLE, STP_FRONT_MFCC, from, to, mfcc);
    const double same[] = {0, 10, 40, 100, 110, 140};
    expect_aligned(STP_ALIGN_RESAMPLE, STP_FRONT_LOGMEL, (stp_shape){2, 3}, (stp_shape){2, 3}, same);
}

static void pad_adds_zeros(void **state) {
    (void)state;
    const double padded[] = {0, 10, 0, 100, 110, 0, 0, 0, 0};
    expect_aligned(STP_ALIGN_PAD, STP_FRONT_MFCC, (stp_shape){2, 2}, (stp_shape){3, 3}, padded);
    const double copied[] = {0, 10, 100, 110};
    expect_aligned(STP_ALIGN_CONV, STP_FRONT_MFCC, (stp_shape){2, 2}, (stp_shape){2, 2}, copied);
}

static void the_grid_is_the_smallest_or_the_largest(void **state) {
    (void)state;
    const stp_shape shapes[] = {{79, 40}, {49, 80}, {157, 13}};
    stp_shape small = stp_align_grid(STP_ALIGN_CONV, shapes, 3),
              large = stp_align_grid(STP_ALIGN_PAD, shapes, 3);
    assert_true(small.h == 49 && small.w == 13);
    assert_true(large.h == 157 && large.w == 80);
    small = stp_align_grid(STP_ALIGN_RESAMPLE, shapes, 3);
    assert_true(small.h == 49 && small.w == 13);
}

static void a_convolution_takes_each_size_to_the_grid(void **state) {
    (void)state;
    const struct {
        int size, grid, k, stride, pad;
    } row[] = {{157, 49, 13, 3, 0}, {79, 49, 31, 1, 0}, {97, 49, 3, 2, 1}, {49, 49, 3, 1, 1},
               {80, 40, 4, 2, 1},   {40, 40, 3, 1, 1},  {7, 1, 7, 7, 0},   {1, 1, 3, 1, 1}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int k, stride, pad;
        stp_align_window(row[i].size, row[i].grid, &k, &stride, &pad);
        if (k != row[i].k || stride != row[i].stride || pad != row[i].pad)
            fail_msg("%d to %d: kernel %d, stride %d, padding %d", row[i].size, row[i].grid, k, stride, pad);
        assert_int_equal((row[i].size + 2 * pad - k) / stride + 1, row[i].grid); // it comes to the grid
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resample_averages_by_area),
        cmocka_unit_test(pad_adds_zeros),
        cmocka_unit_test(the_grid_is_the_smallest_or_the_largest),
        cmocka_unit_test(a_convolution_takes_each_size_to_the_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
