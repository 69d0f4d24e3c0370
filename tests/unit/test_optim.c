// Optimisers and the cosine against what PyTorch 1.13 does with the same numbers (torch.optim.SGD and Adam,
// clip_grad_norm_, CosineAnnealingLR), weight decay included.
#include "testing.h"
#include "train/optim.h"

#include <math.h>

enum { STEPS = 3, VALUES = 2 };

static void expect_near(double value, double expected, double most) {
    if (!(fabs(value - expected) <= most))
        fail_msg("%.17g instead of %.17g", value, expected);
}

static void sgd_has_momentum_and_decay(void **state) {
    (void)state;
    const stp_real grads[STEPS][VALUES] = {
        {(stp_real)0.5, (stp_real)0.25}, {(stp_real)0.5, (stp_real)0.25}, {(stp_real)-0.125, (stp_real)0.75}};
    const double expected[STEPS][VALUES] = {
        {0.949, -2.023}, {0.852151, -2.066677}, {0.776634749, -2.178919623}};
    stp_real weights[VALUES] = {1, -2}, velocity[VALUES] = {0};
    for (int step = 0; step < STEPS; step++) {
        stp_sgd_step(weights, grads[step], velocity, VALUES, 0.1, 0.9, 0.01);
        for (int i = 0; i < VALUES; i++)
            expect_near((double)weights[i], expected[step][i], 1e-6);
    }
}

static void adam_is_corrected_for_its_bias(void **state) {
    (void)state;
    const stp_adam adam = {.rate = 0.1, .beta1 = 0.5, .beta2 = 0.999, .decay = 0.01};
    const double grads[STEPS][VALUES] = {{0.3, 0}, {-0.2, 2}, {0.05, -1}};
    const double expected[STEPS][VALUES] = {{0.9000000032258063, -0.4000001999996},
                                            {0.9093225469811168, -0.4941391774697574},
                                            {0.8982930756261605, -0.49377642161473234}};
    double values[VALUES] = {1, -0.5}, moment1[VALUES] = {0}, moment2[VALUES] = {0};
    for (int step = 0; step < STEPS; step++) {
        stp_adam_step(&adam, values, grads[step], moment1, moment2, VALUES, step + 1);
        for (int i = 0; i < VALUES; i++)
            expect_near(values[i], expected[step][i], 1e-14);
    }
}

static void gradients_are_clipped_by_their_norm(void **state) {
    (void)state;
    stp_real long_one[VALUES] = {3, -4}, short_one[VALUES] = {3, -4}, free_one[VALUES] = {3, -4};
    expect_near(stp_clip_gradient(long_one, VALUES, 1), 5, 0);
    expect_near((double)long_one[0], 0.5999999046325684, 1e-7);
    expect_near((double)long_one[1], -0.7999998331069946, 1e-7);
    expect_near(stp_clip_gradient(short_one, VALUES, 5.5), 5, 0);
    expect_near(stp_clip_gradient(free_one, VALUES, 0), 5, 0);
    for (int i = 0; i < VALUES; i++)
        assert_true(short_one[i] == free_one[i] && fabs((double)free_one[i]) == 3 + i);
}

static void the_rate_follows_half_a_cosine(void **state) {
    (void)state;
    const double expected[] = {0.1,   0.0965745789630079,  0.08681980515339463,  0.07222075445642905,
                               0.055, 0.03777924554357096, 0.023180194846605363, 0.013425421036992097,
                               0.01};
    for (int i = 0; i <= 8; i++)
        expect_near(stp_cosine(0.1, 0.01, i / 8.0), expected[i], 1e-15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd_has_momentum_and_decay),
        cmocka_unit_test(adam_is_corrected_for_its_bias),
        cmocka_unit_test(gradients_are_clipped_by_their_norm),
        cmocka_unit_test(the_rate_follows_half_a_cosine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
