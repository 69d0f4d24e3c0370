// Which sizes a genotype can be trained at.
#include "testing.h"

#include "train/train.h"

enum { MOST = 5, SEARCHED = 5, CLASSES = 12 };
static const stp_genotype genotype = {.front = "640/320/40",
                                      .features = "mfcc",
                                      .edge = {{{STP_CELL_SEP_CONV_3X3, 0},
                                                {STP_CELL_SKIP_CONNECT, 1},
                                                {STP_CELL_MAX_POOL_3X3, 0},
                                                {STP_CELL_DIL_CONV_5X5, 2},
                                                {STP_CELL_SEP_CONV_5X5, 1},
                                                {STP_CELL_SKIP_CONNECT, 0},
                                                {STP_CELL_AVG_POOL_3X3, 2},
                                                {STP_CELL_DIL_CONV_3X3, 4}},
                                               {{STP_CELL_MAX_POOL_3X3, 0},
                                                {STP_CELL_SEP_CONV_3X3, 1},
                                                {STP_CELL_SKIP_CONNECT, 2},
                                                {STP_CELL_DIL_CONV_3X3, 0},
                                                {STP_CELL_SKIP_CONNECT, 2},
                                                {STP_CELL_SEP_CONV_5X5, 1},
                                                {STP_CELL_MAX_POOL_3X3, 0},
                                                {STP_CELL_SKIP_CONNECT, 3}}}};
static stp_err err;
static stp_size sizes[MOST];
static int count;

static stp_status ask(long long max_params, int cells, int channels) {
    return stp_train_sizes(&genotype, (stp_shape){49, 40}, CLASSES, max_params, cells, channels, SEARCHED,
                           sizes, MOST, &count, &err);
}

static void the_most_macs_come_first(void **state) {
    (void)state;
    assert_int_equal(ask(70000, 0, 0), STP_OK);
    assert_int_equal(count, MOST);
    for (int i = 0; i < count; i++) {
        long long params, macs;
        assert_true(sizes[i].params <= 70000);
        assert_true(sizes[i].cells >= STP_SIZE_CELLS_LOW &&
                    sizes[i].cells <= stp_train_cells_tried(SEARCHED));
        assert_int_equal(sizes[i].channels % 4, 0);
        assert_true(i == 0 || sizes[i].macs <= sizes[i - 1].macs);
        assert_int_equal(stp_model_measure(&genotype, sizes[i].cells, sizes[i].channels, (stp_shape){49, 40},
                                           CLASSES, &params, &macs, &err),
                         STP_OK);
        assert_true(params == sizes[i].params && macs == sizes[i].macs);
    }
    // Nothing within the limit was passed over.
    for (int cells = STP_SIZE_CELLS_LOW; cells <= stp_train_cells_tried(SEARCHED); cells++)
        for (int channels = 4; channels <= 64; channels += 4) {
            long long params, macs;
            assert_int_equal(stp_model_measure(&genotype, cells, channels, (stp_shape){49, 40}, CLASSES,
                                               &params, &macs, &err),
                             STP_OK);
            assert_true(params > 70000 || macs <= sizes[0].macs);
        }
}

static void what_is_fixed_stays(void **state) {
    (void)state;
    assert_int_equal(ask(70000, 4, 0), STP_OK);
    for (int i = 0; i < count; i++)
        assert_int_equal(sizes[i].cells, 4);
    assert_int_equal(ask(70000, 0, 8), STP_OK);
    for (int i = 0; i < count; i++)
        assert_int_equal(sizes[i].channels, 8);
}

// The channels end where --channels does, not earlier.
static void large_limits_are_used(void **state) {
    (void)state;
    assert_int_equal(ask(4000000, 3, 0), STP_OK);
    assert_true(sizes[0].channels > 64 && sizes[0].channels < STP_SIZE_CHANNELS_MOST);
    assert_int_equal(ask(1000000000, 3, 0), STP_OK);
    assert_int_equal(sizes[0].channels, STP_SIZE_CHANNELS_MOST);
    assert_int_equal(stp_train_cells_tried(60), STP_SIZE_CELLS_MOST);
}

// Sizes that a graph cannot hold are passed over, but one that was asked for is refused.
static void more_than_a_graph_can_hold_is_no_choice(void **state) {
    (void)state;
    stp_genotype large = genotype;
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int k = 0; k < STP_CELL_KEPT_EDGES; k++)
            large.edge[kind][k].op = STP_CELL_SEP_CONV_3X3;
    assert_int_equal(stp_train_sizes(&large, (stp_shape){49, 40}, CLASSES, 1000000000, STP_SIZE_CELLS_MOST, 0,
                                     SEARCHED, sizes, MOST, &count, &err),
                     STP_OK);
    assert_true(sizes[0].channels < STP_SIZE_CHANNELS_MOST);
    assert_refused(stp_train_sizes(&large, (stp_shape){49, 40}, CLASSES, 1000000000, STP_SIZE_CELLS_MOST,
                                   STP_SIZE_CHANNELS_MOST, SEARCHED, sizes, MOST, &count, &err),
                   STP_ERR_USAGE, &err, "larger than stapes can hold");
}

static void too_small_a_limit_is_refused(void **state) {
    (void)state;
    assert_refused(ask(100, 0, 0), STP_ERR_USAGE, &err, "--max-params 100: no network of this genotype");
    assert_int_equal(count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_macs_come_first),
        cmocka_unit_test(what_is_fixed_stays),
        cmocka_unit_test(large_limits_are_used),
        cmocka_unit_test(more_than_a_graph_can_hold_is_no_choice),
        cmocka_unit_test(too_small_a_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
