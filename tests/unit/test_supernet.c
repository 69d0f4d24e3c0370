// When gamma settles, the supernet is built again for one front-end: what it has learned goes over, every
// parameter to its own place.
#include "problem.h"

#include "testing.h"

#include "base/arena.h"
#include "search/supernet.h"

#include <string.h>

enum { CLASSES = 3, FRONTS = 3 };

static const stp_shape shapes[FRONTS] = {{49, 20}, {33, 12}, {25, 10}};
static stp_err err;

static stp_graph *supernet(int fronts, const int *front_id) {
    stp_supernet_options o = {.cells = 5,
                              .channels = 8,
                              .partial = 4,
                              .classes = CLASSES,
                              .align = STP_ALIGN_CONV,
                              .fronts = fronts,
                              .grid = stp_align_grid(STP_ALIGN_CONV, shapes, FRONTS)};
    for (int i = 0; i < fronts; i++) {
        o.front_id[i] = front_id[i];
        o.shape[i] = shapes[front_id[i]];
    }
    stp_graph *g;
    assert_int_equal(stp_supernet_build(&g, &o, &err), STP_OK);
    return g;
}

static stp_real *numbered(int count, int first) {
    stp_real *values = stp_alloc(sizeof *values * (size_t)count);
    assert_non_null(values);
    for (int i = 0; i < count; i++)
        values[i] = (stp_real)(first + i);
    return values;
}

static void assert_unique_names(const stp_graph *g) {
    for (int i = 0; i < g->params; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(g->param[i].name, g->param[j].name);
}

static void every_parameter_has_its_own_name(void **state) {
    (void)state;
    const int all[] = {0, 1, 2};
    stp_graph *g = supernet(FRONTS, all);
    assert_unique_names(g);
    stp_graph_destroy(g);
    const stp_genotype genotype = problem_genotype();
    const stp_network_options o = {.cells = 5, .channels = 8, .classes = CLASSES, .input = {49, 20}};
    assert_int_equal(stp_network_build(&g, &genotype, &o, &err), STP_OK);
    assert_unique_names(g);
    stp_graph_destroy(g);
    assert_int_equal(stp_ds_cnn_build(&g, (stp_shape){49, 10}, CLASSES, &err), STP_OK);
    assert_unique_names(g);
    stp_graph_destroy(g);
}

// Parameters stand in the same order in both graphs, alignments of front-ends that lost left out: so of a
// list of consecutive numbers what goes over still rises, and what is left out are the other alignments.
static void what_was_learned_goes_over(void **state) {
    (void)state;
    for (int front = 0; front < FRONTS; front++) {
        const int all[] = {0, 1, 2};
        stp_supernet_memory memory = {.graph = supernet(FRONTS, all)};
        const stp_graph *from = memory.graph;
        memory.weights = numbered(from->weights, 1);
        memory.velocity = numbered(from->weights, 1000001);
        memory.running = numbered(from->states, 1);
        stp_supernet net = {.graph = supernet(1, &front)};
        const int weights = net.graph->weights;
        net.weights = numbered(weights, -weights);
        net.velocity = numbered(weights, -weights);
        net.running = numbered(net.graph->states, -net.graph->states);
        assert_int_equal(net.graph->states, from->states);
        stp_supernet_recall(&net, &memory);
        int left_out = 0;
        for (int i = 0; i < from->params; i++)
            left_out += strncmp(from->param[i].name, "align", 5) == 0 ? from->param[i].count : 0;
        for (int i = 0; i < net.graph->params; i++)
            left_out -= strncmp(net.graph->param[i].name, "align", 5) == 0 ? net.graph->param[i].count : 0;
        assert_int_equal(weights, from->weights - left_out);
        for (int i = 0; i < weights; i++) {
            assert_true(net.weights[i] > (i == 0 ? 0 : net.weights[i - 1]));
            assert_true(net.velocity[i] == net.weights[i] + 1000000);
        }
        assert_memory_equal(net.running, memory.running, sizeof(stp_real) * (size_t)from->states);
        stp_free(net.weights);
        stp_free(net.velocity);
        stp_free(net.running);
        stp_graph_destroy(net.graph);
        stp_supernet_forget(&memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_parameter_has_its_own_name),
        cmocka_unit_test(what_was_learned_goes_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
