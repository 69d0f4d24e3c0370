// From floats to int8 numbers: ranges, scales, weights, biases and multipliers.
#include "int8_problem.h"
#include "quant/ranges.h"

static void a_range_hits_zero_exactly(void **state) {
    (void)state;
    static const double ranges[][2] = {{-1, 1}, {0, 6}, {-3, 0}, {2, 5}, {-0.1, 12.7}, {-4e-3, 9e-5}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        stp_int8_scale s = {0};
        stp_int8_set_range(&s, ranges[i][0], ranges[i][1]);
        double low = fmin(ranges[i][0], 0), high = fmax(ranges[i][1], 0), step = (double)s.scale;
        assert_in_range(s.zero + 128, 0, 255);
        assert_true(fabs(step - (high - low) / 255) <= 1e-6 * step);
        assert_true(fabs(s.low - low) <= 0.5001 * step && fabs(s.high - high) <= 0.5001 * step);
        assert_true(low < 0 || s.zero == -128);
    }
    stp_int8_scale nothing = {0};
    stp_int8_set_range(&nothing, 0, 0);
    assert_true(nothing.scale > 0 && nothing.zero == -128);
}

static void what_is_no_number_is_remembered(void **state) {
    (void)state;
    static const double values[][3] = {
        {NAN, 1, -1}, {1, NAN, -1}, {1, -1, NAN}, {INFINITY, 1, 2}, {NAN, NAN, NAN}};
    stp_histogram h = {.low = INFINITY, .high = -INFINITY};
    for (int i = 0; i < 3; i++)
        stp_histogram_widen(&h, i - 1);
    assert_true(h.low == -1 && h.high == 1);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        h = (stp_histogram){.low = INFINITY, .high = -INFINITY};
        for (int k = 0; k < 3; k++)
            stp_histogram_widen(&h, values[i][k]);
        assert_true(isinf(h.high));
    }
}

// 68 000 clips of a layer of 64 000 values, most of them the same.
static void counts_go_beyond_32_bits(void **state) {
    (void)state;
    static stp_histogram one = {.low = 0, .high = 1}, all = {.low = 0, .high = 1};
    double low, high;
    one.count[0] = (uint64_t)UINT32_MAX - 9;
    all.count[STP_RANGE_BINS - 1] = 1000;
    stp_histogram_merge(&all, &one);
    stp_histogram_merge(&all, &one);
    assert_true(all.count[0] == 2 * ((uint64_t)UINT32_MAX - 9));
    stp_histogram_best_range(&all, &low, &high);
    assert_true(high < 0.1); // of the many, not of the thousand
}

static void a_factor_is_split_to_31_bits(void **state) {
    (void)state;
    stp_rng rng = stp_rng_at(1, STP_RNG_TEST, 0, 0);
    for (int i = 0; i < 2000; i++) {
        double factor = ldexp(0.5 + stp_rng_uniform(&rng) / 2, (int)stp_rng_below(&rng, 40) - 30);
        int32_t multiplier;
        int8_t shift;
        stp_int8_split_factor(factor, &multiplier, &shift);
        assert_true(multiplier >= 1 << 30);
        assert_true(fabs(ldexp(multiplier, shift - 31) / factor - 1) <= ldexp(1, -31));
    }
    int32_t multiplier;
    int8_t shift;
    stp_int8_split_factor(1, &multiplier, &shift);
    assert_true(multiplier == 1 << 30 && shift == 1);
    stp_int8_split_factor(1 - 1e-12, &multiplier, &shift); // rounds up to the next power
    assert_true(multiplier == 1 << 30 && shift == 1);
    stp_int8_split_factor(1e-12, &multiplier, &shift);
    assert_true(multiplier == 0 && shift == 0);
    stp_int8_split_factor(0, &multiplier, &shift);
    assert_true(multiplier == 0 && shift == 0);
}

static void check_weights(const stp_int8_net *net, const stp_int8_op *op) {
    double in = (double)stp_int8_scale_of(net, op->in)->scale;
    double out = (double)stp_int8_scale_of(net, op->out)->scale;
    int top = 0;
    for (int c = 0; c < op->channels; c++) {
        stp_int8_kernel k = stp_int8_kernel_of(op, c);
        double scale = (double)net->weight_scale[op->channel + c];
        int most = 0;
        for (int i = 0; i < k.count; i++) {
            int at = k.first + i * k.stride, q = net->weight_q[at];
            assert_true(fabs(scale * q - (double)net->weight[at]) <= 0.5001 * scale);
            most = abs(q) > most ? abs(q) : most;
        }
        top = most > top ? most : top;
        if (op->kind == STAPES_FULLY_CONNECTED)
            assert_true(net->weight_scale[op->channel + c] == net->weight_scale[op->channel]);
        else
            assert_int_equal(most, 127);
        int at = op->channel + c;
        assert_true(fabs(in * scale * net->bias_q[at] - (double)net->bias[at]) <= 0.5001 * in * scale);
        double factor = ldexp(net->multiplier[at], net->shift[at] - 31);
        assert_true(fabs(factor / (in * scale / out) - 1) < 1e-6); // a product of floats, at most
    }
    assert_int_equal(top, 127);
}

static void numbers_are_what_the_scales_say(void **state) {
    (void)state;
    for (int net = 0; net < 2; net++) {
        int8_problem q;
        int8_problem_make(
            &q, net ? int8_found(3, 4, (stp_shape){12, 9}, 0) : int8_ds_cnn((stp_shape){20, 10}), 20);
        int8_problem_quantise(&q, 1);
        for (int i = 0; i < q.net->ops; i++) {
            const stp_int8_op *op = &q.net->op[i];
            if (stp_int8_is_weighted(op->kind))
                check_weights(q.net, op);
            if (op->kind != STAPES_ADD)
                continue;
            const int32_t *m = q.net->multiplier + op->channel;
            const int8_t *s = q.net->shift + op->channel;
            double a = (double)stp_int8_scale_of(q.net, op->in)->scale;
            double b = (double)stp_int8_scale_of(q.net, op->second)->scale;
            double out = (double)stp_int8_scale_of(q.net, op->out)->scale;
            double last = ldexp(m[2], s[2] - 31 + 20);
            assert_true(fabs(ldexp(m[0], s[0] - 31) * last / (a / out) - 1) < 1e-8);
            assert_true(fabs(ldexp(m[1], s[1] - 31) * last / (b / out) - 1) < 1e-8);
        }
        int8_problem_free(&q);
    }
}

// Batch norm can leave a channel without weights to speak of, and with a bias.
static void a_dead_channel_keeps_its_bias(void **state) {
    (void)state;
    int8_problem q;
    stp_err err;
    int8_problem_make(&q, int8_ds_cnn((stp_shape){20, 10}), 21);
    int8_problem_quantise(&q, 1);
    const stp_int8_op *op = &q.net->op[2];
    for (int c = 0; c < 2; c++) {
        stp_int8_kernel k = stp_int8_kernel_of(op, c);
        for (int i = 0; i < k.count; i++)
            q.net->weight[k.first + i] = c ? 1e-25f : 0;
        q.net->bias[op->channel + c] = 1.5f;
    }
    assert_int_equal(stp_int8_quantise(q.net, &err), STP_OK);
    double in = (double)stp_int8_scale_of(q.net, op->in)->scale;
    for (int c = op->channel; c < op->channel + 2; c++) {
        assert_true(abs(q.net->bias_q[c]) <= 1 << 29);
        assert_true(fabs(in * (double)q.net->weight_scale[c] * q.net->bias_q[c] - 1.5) < 1e-6);
    }
    q.net->weight[5] = NAN;
    assert_refused(stp_int8_quantise(q.net, &err), STP_ERR_DATA, &err, "a weight is no number");
    q.net->weight[5] = 0;
    q.net->bias[0] = INFINITY;
    assert_refused(stp_int8_quantise(q.net, &err), STP_ERR_DATA, &err, "a bias is no number");
    q.net->bias[0] = 0;
    for (int s = 0; s < q.net->scales; s++) // beyond floats
        q.net->scale[s].scale = 1e38f;
    q.net->weight[op->weight] = 1e10f;
    assert_refused(stp_int8_quantise(q.net, &err), STP_ERR_DATA, &err, "32-bit sums");
    int8_problem_free(&q);
}

// What has seen nothing but zeros asks for the finest scale there is, and so do layers between and behind.
static void a_dead_layer_takes_a_scale_that_sums_can_reach(void **state) {
    (void)state;
    for (int net = 0; net < 2; net++) {
        int8_problem q;
        stp_err err;
        int8_problem_make(
            &q, net ? int8_found(3, 4, (stp_shape){12, 9}, 0) : int8_ds_cnn((stp_shape){20, 10}), 22);
        int8_problem_quantise(&q, 1);
        for (int i = 0; i < q.net->ops; i++) {
            stp_int8_scale *out = &q.net->scale[stp_int8_storage_of(q.net, q.net->op[i].out)->scale];
            stp_int8_scale before = *out;
            stp_int8_set_range(out, 0, 0);
            problem_must(stp_int8_quantise(q.net, &err), &err);
            stp_int8_scale widened = *out;
            problem_must(stp_int8_quantise(q.net, &err), &err);
            assert_true(widened.scale == out->scale && widened.zero == -128); // it stays
            assert_true(widened.scale < before.scale && widened.high == 255 * (double)widened.scale);
            int8_problem_quantise(&q, 1);
        }
        int8_problem_free(&q);
    }
}

static void fill(stp_histogram *h, double low, double high, double from, double to, uint32_t each) {
    h->low = low;
    h->high = high;
    for (double x = from; x < to; x += (high - low) / 5000)
        h->count[stp_histogram_bin(h, x)] += each;
}

static void the_best_range_cuts_off_what_is_rare(void **state) {
    (void)state;
    static stp_histogram h, other;
    double low, high;
    fill(&h, -1, 3, -1, 3, 10);
    stp_histogram_best_range(&h, &low, &high);
    assert_true(low == -1 && high == 3); // all alike: nothing is cut off
    memset(&h, 0, sizeof h);
    fill(&h, -100, 100, -1, 2, 1000000); // against one value that is clipped by 90: its square is less
    h.count[STP_RANGE_BINS - 1] = 1;
    stp_histogram_best_range(&h, &low, &high);
    assert_true(high >= 2 && high < 50 && low <= -1 && low > -50);
    memset(&h, 0, sizeof h);
    fill(&h, 0, 10, 0, 4, 1000);
    fill(&other, 0, 10, 4, 10, 1);
    stp_histogram_merge(&h, &other);
    stp_histogram_best_range(&h, &low, &high);
    assert_true(low == 0 && high >= 4 && high < 10);
    memset(&h, 0, sizeof h);
    fill(&h, 5, 5, 5, 5, 1); // a single value, and no 0 among what was seen
    stp_histogram_best_range(&h, &low, &high);
    assert_true(low == 0 && high == 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_hits_zero_exactly),
        cmocka_unit_test(what_is_no_number_is_remembered),
        cmocka_unit_test(counts_go_beyond_32_bits),
        cmocka_unit_test(a_factor_is_split_to_31_bits),
        cmocka_unit_test(numbers_are_what_the_scales_say),
        cmocka_unit_test(a_dead_channel_keeps_its_bias),
        cmocka_unit_test(a_dead_layer_takes_a_scale_that_sums_can_reach),
        cmocka_unit_test(the_best_range_cuts_off_what_is_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
