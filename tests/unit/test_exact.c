// Functions whose bits are the same everywhere: near the C library's with longer numbers, and pinned.
#include "testing.h"

#include "base/exact.h"
#include "base/rng.h"

#include <math.h>

static void assert_near(double got, long double wanted, long double unit) {
    if (!(fabsl(got - wanted) <= 2.5e-16L * unit))
        fail_msg("%.17g instead of %.20Lg", got, wanted);
}

static void they_are_what_their_names_say(void **state) {
    (void)state;
    const long double pi = acosl(-1);
    stp_rng rng = stp_rng_at(1, STP_RNG_TEST, 0, 0);
    for (int i = 0; i < 100000; i++) {
        const double u = stp_rng_uniform(&rng);
        const double far = 1400 * (u - 0.5), near = 2 * (u - 0.5), angle = 10 * (u - 0.5);
        assert_near(stp_exp(far), expl(far), expl(far));
        assert_near(stp_exp(near), expl(near), expl(near));
        assert_near(stp_log(exp(far)), logl(exp(far)), fabsl(logl(exp(far))));
        assert_near(stp_log(0.5 + u), logl(0.5 + u), fabsl(logl(0.5 + u)));
        assert_near(stp_sin_pi(angle), sinl(pi * angle), 1);
        assert_near(stp_cos_pi(angle), cosl(pi * angle), 1);
    }
    for (unsigned n = 1; n < 100; n++) // a rounding a product, and those before it doubled by each squaring
        assert_near(stp_power(0.9, n), powl(0.9, n), n * powl(0.9, n));
    assert_true(stp_power(0.9, 0) == 1);
}

static void they_end_where_numbers_do(void **state) {
    (void)state;
    assert_true(isnan(stp_exp(NAN)) && isnan(stp_log(NAN)) && isnan(stp_log(-1)));
    assert_true(isinf(stp_exp(710)) && isinf(stp_exp(INFINITY)) && isinf(stp_log(INFINITY)));
    assert_true(stp_exp(709.7) < INFINITY && stp_exp(-740) > 0);
    assert_true(stp_exp(-INFINITY) == 0 && stp_exp(-1000) == 0);
    assert_true(stp_log(0) == -INFINITY && stp_log(1) == 0 && stp_exp(0) == 1);
    assert_near(stp_log(0x1p-1074), -1074 * logl(2), 1074 * logl(2));
}

static void quarter_turns_are_exact(void **state) {
    (void)state;
    const double sines[] = {0, 1, 0, -1};
    for (int quarter = -9; quarter <= 9; quarter++) {
        assert_true(stp_sin_pi(quarter / 2.0) == sines[(quarter + 12) % 4]);
        assert_true(stp_cos_pi(quarter / 2.0) == sines[(quarter + 13) % 4]);
    }
    assert_true(stp_sin_pi(-0.1) == -stp_sin_pi(0.1) && stp_cos_pi(-0.1) == stp_cos_pi(0.1));
}

// A change of these changes every result ever published.
static void every_bit_is_pinned(void **state) {
    (void)state;
    stp_rng rng = stp_rng_at(1, STP_RNG_TEST, 0, 1);
    uint64_t sum = 0;
    for (int i = 0; i < 10000; i++) {
        const double u = stp_rng_uniform(&rng);
        const double results[] = {stp_exp(40 * (u - 0.5)), stp_log(u), stp_sin_pi(2 * u), stp_cos_pi(2 * u),
                                  stp_power(u, 7)};
        for (int k = 0; k < 5; k++) {
            uint64_t bits;
            memcpy(&bits, &results[k], sizeof bits);
            sum = (sum ^ bits) * 0x100000001b3u;
        }
    }
    assert_int_equal(sum, 0x1f83f3404b668280u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_what_their_names_say),
        cmocka_unit_test(they_end_where_numbers_do),
        cmocka_unit_test(quarter_turns_are_exact),
        cmocka_unit_test(every_bit_is_pinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
