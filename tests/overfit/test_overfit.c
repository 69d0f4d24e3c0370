// Sixteen clips to zero loss: whoever cannot learn them by heart cannot learn.
#include "base/isa.h"
#include "base/rng.h"
#include "graph/exec.h"
#include "graph/loss.h"
#include "space/networks.h"
#include "train/optim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { CLIPS = 16, CLASSES = 4, STEPS = 150 };

static void fill_inputs(const stp_graph *g, stp_exec *x) {
    int lanes = stp_exec_lanes(x);
    for (int i = 0; i < g->input_count; i++) {
        const stp_tensor *t = &g->tensor[g->inputs[i]];
        for (int b = 0; b < CLIPS / lanes; b++) {
            stp_rng rng = stp_rng_at(1, STP_RNG_TEST, (uint64_t)i, (uint64_t)b);
            for (int k = 0; k < t->h * t->w * lanes; k++)
                stp_exec_input(x, i, b)[k] = (stp_real)stp_rng_normal(&rng);
        }
    }
}

static double score(stp_exec *x, int backward, int *correct) {
    double loss = 0;
    int lanes = stp_exec_lanes(x), labels[CLIPS];
    for (int i = 0; i < CLIPS; i++)
        labels[i] = i % CLASSES;
    *correct = 0;
    for (int b = 0; b < CLIPS / lanes; b++)
        stp_loss_block(lanes, CLASSES, stp_exec_logits(x, b), labels + b * lanes, 0, 1.0 / CLIPS,
                       backward ? stp_exec_d_logits(x, b) : NULL, &loss, correct, NULL);
    return loss / CLIPS;
}

// The loss after STEPS steps of plain training on noise that only memory can tell apart.
static double learn_by_heart(stp_graph *g, const double *coefs) {
    stp_err err;
    stp_pool *pool;
    stp_exec *x;
    stp_exec_options options = {.isa = stp_isa_current(), .group_samples = CLIPS, .groups = 1, .training = 1};
    assert_int_equal(stp_pool_create(&pool, 1, &err), STP_OK);
    assert_int_equal(stp_exec_create(&x, g, pool, &options, &err), STP_OK);
    stp_real *memory = stp_alloc(sizeof(stp_real) * (size_t)(3 * g->weights + g->states));
    stp_real *weights = memory, *grads = memory + g->weights, *velocity = memory + 2 * g->weights;
    stp_exec_state state = {.weights = weights,
                            .grads = grads,
                            .running = memory + 3 * g->weights,
                            .coefs = coefs,
                            .batch_stats = 1,
                            .momentum = 0.1};
    stp_graph_init(g, 1, weights, state.running);
    fill_inputs(g, x);
    double loss = 0;
    int correct = 0;
    for (int step = 0; step < STEPS; step++) {
        memset(grads, 0, sizeof *grads * (size_t)g->weights);
        stp_exec_forward(x, &state, 1);
        loss = score(x, 1, &correct);
        stp_exec_backward(x, &state, 1);
        stp_clip_gradient(grads, g->weights, 5);
        stp_sgd_step(weights, grads, velocity, g->weights, 0.05, 0.9, 0);
    }
    assert_int_equal(correct, CLIPS);
    stp_exec_destroy(x);
    stp_graph_destroy(g);
    stp_pool_destroy(pool);
    stp_free(memory);
    return loss;
}

static void test_ds_cnn(void **unused) {
    (void)unused;
    stp_err err;
    stp_graph *g;
    assert_int_equal(stp_ds_cnn_build(&g, (stp_shape){49, 10}, CLASSES, &err), STP_OK);
    assert_true(learn_by_heart(g, NULL) < 0.01);
}

static void test_found_network(void **unused) {
    (void)unused;
    stp_err err;
    stp_graph *g;
    stp_genotype genotype = {.front = "640/320/40", .features = "mfcc"};
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int k = 0; k < STP_CELL_KEPT_EDGES; k++)
            genotype.edge[kind][k] = (stp_genotype_edge){STP_CELL_MAX_POOL_3X3 + (k + kind) % 7, k % 2};
    stp_network_options options = {.cells = 3, .channels = 4, .classes = CLASSES, .input = {25, 20}};
    assert_int_equal(stp_network_build(&g, &genotype, &options, &err), STP_OK);
    assert_true(learn_by_heart(g, NULL) < 0.01);
}

static void test_supernet(void **unused) {
    (void)unused;
    stp_err err;
    stp_graph *g;
    stp_supernet_options options = {.cells = 3,
                                    .channels = 8,
                                    .partial = 4,
                                    .classes = CLASSES,
                                    .align = STP_ALIGN_CONV,
                                    .fronts = 2,
                                    .front_id = {0, 1},
                                    .shape = {{49, 20}, {25, 20}},
                                    .grid = {25, 20}};
    stp_arch arch;
    double coefs[STP_ARCH_COEFS];
    stp_arch_init(&arch, 1, 2);
    stp_arch_coefs(&arch, 2, coefs);
    assert_int_equal(stp_supernet_build(&g, &options, &err), STP_OK);
    assert_true(learn_by_heart(g, coefs) < 0.01);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ds_cnn),
        cmocka_unit_test(test_found_network),
        cmocka_unit_test(test_supernet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
