// Metrics against values worked out by hand and published ones.
#include "eval/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void expect_near(double value, double expected, double tolerance) {
    if (!(value >= expected - tolerance && value <= expected + tolerance))
        fail_msg("%.8g is not %.8g within %g", value, expected, tolerance);
}

static void test_wilson(void **state) {
    (void)state;
    // Newcombe 1998, Statistics in Medicine 17: 857-872, table I, method 3, as printed there
    static const struct {
        long long hits, total;
        double low, high;
    } rows[] = {
        {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}};
    for (int i = 0; i < 4; i++) {
        stp_rate rate = stp_rate_of(rows[i].hits, rows[i].total);
        expect_near(rate.low, rows[i].low, 0.00006); // half a unit of the last printed place, and rounding
        expect_near(rate.high, rows[i].high, 0.00006);
        expect_near(rate.value, (double)rows[i].hits / (double)rows[i].total, 1e-15);
    }
}

static void test_wilson_ends(void **state) {
    (void)state;
    stp_rate none = stp_rate_of(0, 0);
    assert_true(none.value == 0 && none.low == 0 && none.high == 1);
    for (long long n = 1; n < 200; n++) {
        stp_rate zero = stp_rate_of(0, n), full = stp_rate_of(n, n);
        assert_true(zero.low == 0 && zero.high > 0 && zero.high < 1);
        assert_true(full.high == 1 && full.low < 1 && full.low > 0);
        expect_near(full.low, 1 - zero.high, 1e-14); // the interval is symmetric
        // z2 / (n + z2), which the formula becomes at 0 hits
        expect_near(zero.high, 3.841458820694124 / ((double)n + 3.841458820694124), 1e-14);
    }
}

static void test_confusion(void **state) {
    (void)state;
    // rows: yes, no, _unknown_, _silence_
    static const char *const labels[] = {"yes", "no", "_unknown_", "_silence_"};
    static const long long counts[16] = {
        8, 1, 1,  0, // 10 clips of yes: one taken for no, one for unknown
        2, 4, 3,  1, // 10 of no: two for yes, four for none
        3, 2, 35, 0, // 40 of unknown: five wake
        0, 0, 0,  0, // silence was not tested
    };
    stp_metrics metrics;
    stp_confusion_metrics(&metrics, counts, 4, labels);
    assert_int_equal(metrics.accuracy.hits, 47);
    assert_int_equal(metrics.accuracy.total, 60);
    expect_near(metrics.accuracy.value, 47.0 / 60, 1e-15);
    assert_int_equal(metrics.measured_classes, 3);
    expect_near(metrics.balanced_accuracy, (0.8 + 0.4 + 0.875) / 3, 1e-15);
    assert_int_equal(metrics.miss.hits, 5); // one yes and four no; a yes taken for a no still wakes
    assert_int_equal(metrics.miss.total, 20);
    assert_int_equal(metrics.false_alarm.hits, 5);
    assert_int_equal(metrics.false_alarm.total, 40);
    stp_rate recall = stp_confusion_recall(counts, 4, 1);
    assert_int_equal(recall.hits, 4);
    assert_int_equal(recall.total, 10);
    // by hand: centre (0.4 + 0.19207294) / 1.38414588, half 1.95996398 / 1.38414588 * sqrt(0.024 +
    // 0.00960365)
    expect_near(recall.low, 0.16818033, 1e-7);
    expect_near(recall.high, 0.68732623, 1e-7);
    assert_int_equal(stp_confusion_recall(counts, 4, 3).total, 0);
}

static void test_words_only(void **state) {
    (void)state;
    static const char *const labels[] = {"up", "down"};
    long long counts[4] = {0};
    stp_confusion_add(counts, 2, 0, 0);
    stp_confusion_add(counts, 2, 0, 1);
    stp_confusion_add(counts, 2, 1, 1);
    assert_true(counts[0] == 1 && counts[1] == 1 && counts[2] == 0 && counts[3] == 1);
    stp_metrics metrics;
    stp_confusion_metrics(&metrics, counts, 2, labels);
    assert_int_equal(metrics.false_alarm.total, 0);
    assert_int_equal(metrics.miss.hits, 0);
    assert_int_equal(metrics.miss.total, 3);
    expect_near(metrics.balanced_accuracy, 0.75, 1e-15);
}

static void test_nothing(void **state) {
    (void)state;
    static const char *const labels[] = {"up", "_unknown_"};
    static const long long counts[4] = {0};
    stp_metrics metrics;
    stp_confusion_metrics(&metrics, counts, 2, labels);
    assert_int_equal(metrics.measured_classes, 0);
    assert_true(metrics.balanced_accuracy == 0 && metrics.accuracy.total == 0 && metrics.accuracy.high == 1);
}

static void test_targets(void **state) {
    (void)state;
    assert_true(stp_label_is_target("marvin"));
    assert_true(stp_label_is_target("unknown")); // a folder of that name is a word
    assert_false(stp_label_is_target("_unknown_"));
    assert_false(stp_label_is_target("_silence_"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wilson),    cmocka_unit_test(test_wilson_ends),
        cmocka_unit_test(test_confusion), cmocka_unit_test(test_words_only),
        cmocka_unit_test(test_nothing),   cmocka_unit_test(test_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
