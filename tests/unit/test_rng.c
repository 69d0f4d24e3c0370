// Random numbers: the same everywhere, spread as they should be, and independent of each other.
// The statistical bounds are five standard deviations or more; the draws are fixed, so a test passes always
// or never.
#include "testing.h"

#include "base/rng.h"

#include <math.h>

enum { DRAWS = 100000 };

static stp_rng sequence(uint64_t index) {
    return stp_rng_at(7, STP_RNG_TEST, 0, index);
}

static void draws_depend_on_their_place_only(void **state) {
    (void)state;
    stp_rng a = stp_rng_at(1, STP_RNG_INIT, 2, 3), b = a;
    stp_rng elsewhere = stp_rng_at(9, STP_RNG_INIT, 2, 3);
    for (int i = 0; i < 100; i++) {
        uint64_t draw = stp_rng_u64(&a);
        stp_rng_u64(&elsewhere);
        assert_int_equal(draw, stp_rng_u64(&b));
    }
    // Pinned: a change of these changes every result ever published.
    stp_rng pinned = stp_rng_at(1, STP_RNG_SPLIT, 0, 0);
    assert_int_equal(stp_rng_u64(&pinned), 0xb46777e90f985b63u);
    assert_int_equal(stp_rng_u64(&pinned), 0xad65876cfb283793u);
}

static void each_key_has_its_own_sequence(void **state) {
    (void)state;
    stp_rng base = stp_rng_at(1, STP_RNG_INIT, 2, 3);
    stp_rng others[] = {stp_rng_at(2, STP_RNG_INIT, 2, 3), stp_rng_at(1, STP_RNG_ARCH, 2, 3),
                        stp_rng_at(1, STP_RNG_INIT, 3, 3), stp_rng_at(1, STP_RNG_INIT, 2, 4),
                        stp_rng_at(1, STP_RNG_INIT, 3, 2)};
    uint64_t first = stp_rng_u64(&base);
    for (int i = 0; i < 5; i++) {
        uint64_t other = stp_rng_u64(&others[i]);
        int bits = __builtin_popcountll(first ^ other);
        assert_in_range(bits, 12, 52); // half of 64, five deviations of 4 either way
    }
}

static void uniform_is_uniform(void **state) {
    (void)state;
    stp_rng rng = sequence(0);
    int bins[16] = {0};
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = stp_rng_uniform(&rng);
        assert_true(x >= 0 && x < 1);
        bins[(int)(x * 16)]++;
        sum += x;
    }
    assert_true(fabs(sum / DRAWS - 0.5) < 5 * 0.2887 / sqrt(DRAWS));
    double chi = 0;
    for (int i = 0; i < 16; i++)
        chi += pow(bins[i] - DRAWS / 16.0, 2) / (DRAWS / 16.0);
    assert_true(chi < 50 && chi > 1); // 15 degrees of freedom: 99.999 % lie below 50
}

static void normal_is_normal(void **state) {
    (void)state;
    stp_rng rng = sequence(1);
    double moment[5] = {0};
    for (int i = 0; i < DRAWS; i++) {
        double x = stp_rng_normal(&rng);
        assert_true(isfinite(x) && fabs(x) < 10);
        for (int k = 1; k <= 4; k++)
            moment[k] += pow(x, k) / DRAWS;
    }
    assert_true(fabs(moment[1]) < 5 / sqrt(DRAWS));
    assert_true(fabs(moment[2] - 1) < 5 * sqrt(2.0 / DRAWS));
    assert_true(fabs(moment[3]) < 5 * sqrt(15.0 / DRAWS));
    assert_true(fabs(moment[4] - 3) < 5 * sqrt(96.0 / DRAWS));
}

// Correlation of two runs of uniform draws; its deviation is 1 / sqrt(n).
static double correlation(const double *a, const double *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (a[i] - 0.5) * (b[i] - 0.5) * 12;
    return sum / n;
}

// Neighbouring seeds, purposes, epochs and clips, and neighbouring draws of one sequence, tell nothing of
// each other.
static void sequences_are_independent(void **state) {
    (void)state;
    enum { N = 20000 };
    static double draws[6][N + 1];
    for (int i = 0; i <= N; i++) {
        uint64_t n = (uint64_t)i;
        // The first draw of N sequences: this is how augmentation uses them, one sequence a clip.
        stp_rng rows[6] = {stp_rng_at(1, STP_RNG_AUGMENT, 0, n), stp_rng_at(2, STP_RNG_AUGMENT, 0, n),
                           stp_rng_at(1, STP_RNG_SILENCE, 0, n), stp_rng_at(1, STP_RNG_AUGMENT, 1, n),
                           stp_rng_at(1, STP_RNG_AUGMENT, n, 0), stp_rng_at(1, STP_RNG_AUGMENT, 0, n)};
        stp_rng_u64(&rows[5]); // the second draw
        for (int k = 0; k < 6; k++)
            draws[k][i] = stp_rng_uniform(&rows[k]);
    }
    for (int a = 0; a < 6; a++) {
        for (int b = 0; b < a; b++)
            assert_true(fabs(correlation(draws[a], draws[b], N)) < 5 / sqrt(N));
        assert_true(fabs(correlation(draws[a], draws[a] + 1, N)) < 5 / sqrt(N));
        assert_true(correlation(draws[a], draws[a], N) > 0.9); // the measure itself works
    }
}

static void below_is_in_range_and_even(void **state) {
    (void)state;
    stp_rng rng = sequence(2);
    const uint64_t limits[] = {1, 2, 3, 10, 1000003, (uint64_t)1 << 63, UINT64_MAX};
    for (size_t k = 0; k < sizeof limits / sizeof limits[0]; k++) {
        int upper = 0;
        for (int i = 0; i < 10000; i++) {
            uint64_t draw = stp_rng_below(&rng, limits[k]);
            assert_true(draw < limits[k]);
            upper += draw >= limits[k] / 2 + limits[k] % 2;
        }
        if (limits[k] % 2 == 0 || limits[k] > 1000)
            assert_in_range(upper, 4750, 5250);
    }
    int count[3] = {0};
    for (int i = 0; i < 30000; i++)
        count[stp_rng_below(&rng, 3)]++;
    for (int i = 0; i < 3; i++)
        assert_in_range(count[i], 9590, 10410);
}

static void shuffles_are_fair_permutations(void **state) {
    (void)state;
    int place[5][5] = {{0}};
    for (int round = 0; round < 20000; round++) {
        stp_rng rng = stp_rng_at(1, STP_RNG_SHUFFLE, (uint64_t)round, 0);
        int items[5] = {0, 1, 2, 3, 4}, seen = 0;
        stp_rng_shuffle(&rng, items, 5);
        for (int i = 0; i < 5; i++) {
            seen |= 1 << items[i];
            place[items[i]][i]++;
        }
        assert_int_equal(seen, 31);
    }
    for (int item = 0; item < 5; item++)
        for (int i = 0; i < 5; i++)
            assert_in_range(place[item][i], 4000 - 283, 4000 + 283); // five deviations of 56.6
    stp_rng rng = sequence(3);
    stp_rng_shuffle(&rng, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_depend_on_their_place_only),
        cmocka_unit_test(each_key_has_its_own_sequence),
        cmocka_unit_test(uniform_is_uniform),
        cmocka_unit_test(normal_is_normal),
        cmocka_unit_test(sequences_are_independent),
        cmocka_unit_test(below_is_in_range_and_even),
        cmocka_unit_test(shuffles_are_fair_permutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
