// Costs reckoned by hand, and costs of whole networks that must add up.
#include "graph/census.h"
#include "space/networks.h"
#include "testing.h"

static const stp_genotype genotype = {.front = "640/320/40",
                                      .features = "mfcc",
                                      .edge = {{{STP_CELL_SEP_CONV_3X3, 0},
                                                {STP_CELL_DIL_CONV_5X5, 1},
                                                {STP_CELL_SKIP_CONNECT, 0},
                                                {STP_CELL_MAX_POOL_3X3, 2},
                                                {STP_CELL_AVG_POOL_3X3, 1},
                                                {STP_CELL_SEP_CONV_5X5, 3},
                                                {STP_CELL_DIL_CONV_3X3, 2},
                                                {STP_CELL_SKIP_CONNECT, 1}},
                                               {{STP_CELL_MAX_POOL_3X3, 0},
                                                {STP_CELL_SKIP_CONNECT, 1},
                                                {STP_CELL_SEP_CONV_3X3, 0},
                                                {STP_CELL_SEP_CONV_5X5, 2},
                                                {STP_CELL_SKIP_CONNECT, 2},
                                                {STP_CELL_AVG_POOL_3X3, 1},
                                                {STP_CELL_DIL_CONV_3X3, 3},
                                                {STP_CELL_DIL_CONV_5X5, 0}}}};

static stp_graph *found(int cells, int channels, int drop_path) {
    stp_graph *g;
    stp_err err;
    stp_network_options options = {
        .cells = cells, .channels = channels, .classes = 12, .input = {49, 40}, .drop_path = drop_path};
    assert_int_equal(stp_network_build(&g, &genotype, &options, &err), STP_OK);
    return g;
}

static const stp_layer_kind *kind_named(const stp_layer_kind *kinds, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    fail_msg("no layer called '%s'", name);
    return NULL;
}

// input 1x4x4 -> conv 3x3 to 2 (batch norm, relu) -> depthwise 3x3, pointwise to 3 (batch norm) -> mean ->
// fully connected to 5
static stp_graph *chain(void) {
    stp_graph *g;
    stp_err err;
    assert_int_equal(stp_graph_create(&g, &err), STP_OK);
    int t = stp_graph_conv(g, stp_graph_input(g, 1, 4, 4), 2, stp_window_same(3, 3, 1, 1, 1, 4, 4), 4, 4, 0,
                           0, -1);
    t = stp_graph_affine(g, stp_graph_bn(g, t, 1), 1, 1, 1);
    t = stp_graph_bn(g, stp_graph_dwpw(g, t, 3, 3, 1, 1, 1, 0), 1);
    t = stp_graph_affine(g, t, 1, 0, 1);
    assert_int_equal(stp_graph_finish(g, stp_graph_linear(g, stp_graph_mean(g, t), 5), &err), STP_OK);
    return g;
}

static void a_chain_by_hand(void **state) {
    (void)state;
    stp_graph *g = chain();
    stp_footprint f;
    stp_err err;
    assert_int_equal(stp_graph_footprint(g, &f, &err), STP_OK);
    // convolution 2*9, depthwise 2*9, pointwise 3*2, fully connected 5*3; biases 2 + 3 (batch norms) + 5
    assert_int_equal(f.weights, 18 + 18 + 6 + 15);
    assert_int_equal(f.biases, 2 + 3 + 5);
    // input 16 and result 32; result 32 and depthwise 32; depthwise 32 and pointwise 48, the fullest; 48 and
    // 3
    assert_int_equal(f.activations_bound, 80);
    assert_int_equal(f.activations, 80);
    stp_layer_kind kinds[8];
    assert_int_equal(stp_graph_layers(g, kinds, 8), 5);
    assert_string_equal(kinds[0].name, "conv 3x3");
    assert_int_equal(kinds[0].macs, 2 * 9 * 16);
    assert_int_equal(kinds[0].parameters, 18 + 2);
    assert_string_equal(kinds[1].name, "depthwise 3x3");
    assert_int_equal(kinds[1].macs, 2 * 9 * 16);
    assert_int_equal(kinds[1].parameters, 18);
    assert_string_equal(kinds[2].name, "pointwise");
    assert_int_equal(kinds[2].macs, 2 * 3 * 16);
    assert_int_equal(kinds[2].parameters, 6 + 3);
    assert_string_equal(kinds[3].name, "global average");
    assert_string_equal(kinds[4].name, "fully connected");
    assert_int_equal(kinds[4].parameters, 15 + 5);
    assert_int_equal(stp_graph_layers(g, kinds, 2), 2); // no more than there is room for
    stp_graph_destroy(g);
}

// A concatenation lives from its first part on, and a source that is added late is kept until then.
static void a_concatenation_by_hand(void **state) {
    (void)state;
    stp_graph *g;
    stp_err err;
    assert_int_equal(stp_graph_create(&g, &err), STP_OK);
    int in = stp_graph_input(g, 1, 2, 2);   // 4 values
    int all = stp_graph_tensor(g, 4, 2, 2); // 16
    stp_window one = stp_window_same(1, 1, 1, 1, 1, 2, 2);
    int a = stp_graph_conv(g, in, 2, one, 2, 2, 0, 0, -1); // op 0: 8 values
    int b = stp_graph_pool(g, STP_POOL_MAX, a, 3, 1);      // op 1: 8
    stp_mix_term first[2] = {{a, -1, 0}, {b, -1, 0}};
    stp_graph_mix(g, first, 2, stp_graph_view(g, all, 0, 1, 2)); // op 2: a 8, b 8, all 16
    int c = stp_graph_pool(g, STP_POOL_AVG, a, 3, 1);            // op 3: a 8, c 8, all 16
    stp_mix_term second[2] = {{c, -1, 0}, {stp_graph_view(g, all, 0, 1, 2), -1, 0}};
    stp_graph_mix(g, second, 2, stp_graph_view(g, all, 2, 1, 2)); // op 4: c 8, all 16
    assert_int_equal(stp_graph_finish(g, stp_graph_linear(g, stp_graph_mean(g, all), 2), &err), STP_OK);
    stp_footprint f;
    assert_int_equal(stp_graph_footprint(g, &f, &err), STP_OK);
    assert_int_equal(f.activations_bound, 32);
    assert_in_range(f.activations, 32, 40);
    stp_layer_kind kinds[8];
    int count = stp_graph_layers(g, kinds, 8);
    assert_int_equal(kind_named(kinds, count, "add")->count, 2);
    assert_int_equal(kind_named(kinds, count, "max pool 3x3")->count, 1);
    assert_int_equal(kind_named(kinds, count, "average pool 3x3")->macs, 0);
    stp_graph_destroy(g);
}

static void expect_sums(const stp_graph *g) {
    stp_layer_kind kinds[64];
    stp_footprint f;
    stp_err err;
    long long macs = 0, parameters = 0;
    int count = stp_graph_layers(g, kinds, 64);
    assert_in_range(count, 1, 63);
    for (int i = 0; i < count; i++) {
        macs += kinds[i].macs;
        parameters += kinds[i].parameters;
    }
    assert_int_equal(macs, stp_graph_macs(g));
    assert_int_equal(parameters, stp_graph_deployed_weights(g));
    assert_int_equal(stp_graph_footprint(g, &f, &err), STP_OK);
    assert_int_equal(f.weights + f.biases, stp_graph_deployed_weights(g));
    assert_true(f.activations >= f.activations_bound && f.activations_bound > 0);
    assert_true(f.activations <= 2 * f.activations_bound);
}

static void whole_networks_add_up(void **state) {
    (void)state;
    for (int cells = 3; cells <= 8; cells += 5) {
        stp_graph *g = found(cells, 8, 0);
        expect_sums(g);
        stp_graph_destroy(g);
    }
    stp_graph *g;
    stp_err err;
    assert_int_equal(stp_ds_cnn_build(&g, (stp_shape){49, 10}, 12, &err), STP_OK);
    expect_sums(g);
    stp_graph_destroy(g);
}

// MLPerf Tiny's DS-CNN: the published 2.66 MMAC (batch norm, pooling and softmax aside), and two tensors of
// 25x5x64 at the peak.
static void ds_cnn_has_its_published_size(void **state) {
    (void)state;
    stp_graph *g;
    stp_err err;
    stp_footprint f;
    assert_int_equal(stp_ds_cnn_build(&g, (stp_shape){49, 10}, 12, &err), STP_OK);
    assert_int_equal(stp_graph_macs(g), 25 * 5 * 64 * (40 + 4 * (9 + 64)) + 64 * 12);
    assert_int_equal(stp_graph_footprint(g, &f, &err), STP_OK);
    assert_int_equal(f.activations, 2 * 25 * 5 * 64);
    stp_graph_destroy(g);
}

// What is there for training only costs nothing on the device.
static void drop_path_costs_nothing(void **state) {
    (void)state;
    stp_graph *with = found(5, 8, 1), *without = found(5, 8, 0);
    stp_footprint a, b;
    stp_err err;
    assert_int_equal(with->ops, without->ops);
    assert_int_equal(stp_graph_footprint(with, &a, &err), STP_OK);
    assert_int_equal(stp_graph_footprint(without, &b, &err), STP_OK);
    assert_int_equal(a.activations_bound, b.activations_bound);
    assert_int_equal(a.weights, b.weights);
    assert_int_equal(a.biases, b.biases);
    stp_graph_destroy(with);
    stp_graph_destroy(without);
}

static void memory_can_run_out(void **state) {
    (void)state;
    stp_graph *g = chain();
    stp_footprint f;
    for (long n = 0; n < 2; n++) {
        stp_err err = {0};
        stp_alloc_fail_after(n);
        stp_status status = stp_graph_footprint(g, &f, &err);
        stp_alloc_fail_after(-1);
        assert_int_equal(status, STP_ERR_MEMORY);
        assert_non_null(strstr(err.text, "memory plan"));
    }
    stp_graph_destroy(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_by_hand),         cmocka_unit_test(a_concatenation_by_hand),
        cmocka_unit_test(whole_networks_add_up),   cmocka_unit_test(ds_cnn_has_its_published_size),
        cmocka_unit_test(drop_path_costs_nothing), cmocka_unit_test(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
