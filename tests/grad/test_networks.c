// Whole small networks against central finite differences, in double, through the very sources of the
// product: every registry row, batch norm by groups, tensors made again, alpha, beta, gamma and the
// alignments.
#include "graph/exec_internal.h"
#include "graph/loss.h"
#include "graph/registry.h"
#include "space/networks.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { GROUP = 16, GROUPS = 2, CLASSES = 3 };

typedef struct problem {
    stp_graph *g;
    stp_exec *x;
    stp_pool *pool;
    stp_real *weights, *running, *grads;
    stp_arch arch, d_arch;
    int fronts; // of the supernet; 0: no architecture
    double drop_rate;
    int labels[GROUP * GROUPS];
} problem;

static void fill_inputs(problem *p) {
    int lanes = stp_exec_lanes(p->x), blocks = GROUPS * stp_exec_blocks_per_group(p->x);
    for (int i = 0; i < p->g->input_count; i++) {
        const stp_tensor *t = &p->g->tensor[p->g->inputs[i]];
        for (int b = 0; b < blocks; b++) {
            stp_rng rng = stp_rng_at(7, STP_RNG_TEST, (uint64_t)i, (uint64_t)b);
            for (int k = 0; k < t->h * t->w * lanes; k++)
                stp_exec_input(p->x, i, b)[k] = (stp_real)stp_rng_normal(&rng);
        }
    }
}

static stp_exec_state state_of(problem *p, const double *coefs, double *d_coefs) {
    return (stp_exec_state){.weights = p->weights,
                            .running = p->running,
                            .coefs = coefs,
                            .d_coefs = d_coefs,
                            .batch_stats = 1,
                            .drop_rate = p->drop_rate,
                            .drop_seed = 5};
}

static double loss_of(problem *p, int backward) {
    double coefs[STP_ARCH_COEFS], d_coefs[STP_ARCH_COEFS] = {0}, loss = 0;
    stp_arch_coefs(&p->arch, p->fronts, coefs);
    stp_exec_state state = state_of(p, coefs, d_coefs);
    int lanes = stp_exec_lanes(p->x), correct = 0;
    stp_exec_forward(p->x, &state, GROUPS);
    for (int b = 0; b < GROUPS * stp_exec_blocks_per_group(p->x); b++)
        stp_loss_block(lanes, CLASSES, stp_exec_logits(p->x, b), p->labels + b * lanes, 0.1,
                       1.0 / (GROUP * GROUPS), backward ? stp_exec_d_logits(p->x, b) : NULL, &loss, &correct,
                       NULL);
    if (backward) {
        memset(p->grads, 0, sizeof(stp_real) * (size_t)p->g->weights);
        state.grads = p->grads;
        stp_exec_backward(p->x, &state, GROUPS);
        stp_arch_backward(&p->arch, p->fronts, d_coefs, &p->d_arch);
    }
    return loss / (GROUP * GROUPS);
}

static void setup(problem *p, stp_graph *g, int fronts) {
    stp_err err;
    p->g = g;
    p->fronts = fronts;
    p->drop_rate = 0.3;
    assert_int_equal(stp_pool_create(&p->pool, 1, &err), STP_OK);
    stp_exec_options options = {
        .isa = STP_ISA_PLAIN, .group_samples = GROUP, .groups = GROUPS, .training = 1};
    assert_int_equal(stp_exec_create(&p->x, g, p->pool, &options, &err), STP_OK);
    p->weights = stp_alloc(sizeof(stp_real) * (size_t)g->weights);
    p->grads = stp_alloc(sizeof(stp_real) * (size_t)g->weights);
    p->running = stp_alloc(sizeof(stp_real) * (size_t)g->states);
    stp_graph_init(g, 3, p->weights, p->running);
    stp_rng rng = stp_rng_at(3, STP_RNG_TEST, 1, 1);
    for (int i = 0; i < g->params; i++) // gains and shifts away from 1 and 0
        if (g->param[i].kind == STP_PARAM_GAIN || g->param[i].kind == STP_PARAM_SHIFT)
            for (int k = 0; k < g->param[i].count; k++)
                p->weights[g->param[i].offset + k] += (stp_real)(0.3 * stp_rng_normal(&rng));
    stp_arch_init(&p->arch, 3, fronts);
    for (int i = 0; i < STP_ARCH_SIZE; i++)
        p->arch.all[i] *= 400; // a mixture that is far from uniform
    for (int i = 0; i < GROUP * GROUPS; i++)
        p->labels[i] = (int)stp_rng_below(&rng, CLASSES);
    fill_inputs(p);
}

static void teardown(problem *p) {
    stp_exec_destroy(p->x);
    stp_graph_destroy(p->g);
    stp_pool_destroy(p->pool);
    stp_free(p->weights);
    stp_free(p->grads);
    stp_free(p->running);
}

static double smaller(double a, double b) {
    return a < b ? a : b;
}

// A relu or a maximum that flips within the step spoils a difference, and one that is just about to (the
// value lies on the kink itself) leaves two derivatives, of which the gradient is one. So the smallest error
// of several steps and of both sides counts; the scale is the gradient's own or a floor for those that are
// nearly zero.
static double error_at(problem *p, double *value, double gradient) {
    double best = 1e30, kept = *value, here = loss_of(p, 0), scale = fabs(gradient) + 1e-4;
    for (double step = 1e-5; step > 5e-8; step /= 10) {
        *value = kept + step;
        double above = loss_of(p, 0);
        *value = kept - step;
        double below = loss_of(p, 0);
        *value = kept;
        best = smaller(best, fabs((above - below) / (2 * step) - gradient) / scale);
        best = smaller(best, fabs((above - here) / step - gradient) / scale);
        best = smaller(best, fabs((here - below) / step - gradient) / scale);
        if (best < 1e-5)
            break;
    }
    return best;
}

// Double leaves 1e-16/1e-5 of the loss as noise, 1e-11, against gradients of 1e-4 and more: 1e-4 is generous.
static const double TOLERANCE = 1e-4;

// `each` entries of every stride-th parameter.
static void check_weights(problem *p, int each, int stride) {
    loss_of(p, 1);
    for (int i = 0; i < p->g->params; i += stride) {
        const stp_param *param = &p->g->param[i];
        for (int n = 0; n < each && n < param->count; n++) {
            int k = param->offset + (int)((long)n * param->count / each);
            double error = error_at(p, &p->weights[k], (double)p->grads[k]);
            if (error > TOLERANCE)
                print_error("%s[%d]: gradient %g, relative error %g\n", param->name, k - param->offset,
                            (double)p->grads[k], error);
            assert_true(error <= TOLERANCE);
        }
    }
}

static void check_arch(problem *p) {
    loss_of(p, 1);
    stp_arch d = p->d_arch;
    for (int i = 0; i < STP_ARCH_ALPHAS + STP_ARCH_BETAS + p->fronts; i += i < STP_ARCH_ALPHAS ? 11 : 3) {
        double error = error_at(p, &p->arch.all[i], d.all[i]);
        if (error > TOLERANCE)
            print_error("architecture parameter %d: gradient %g, relative error %g\n", i, d.all[i], error);
        assert_true(error <= TOLERANCE);
    }
}

static void check_supernet(stp_align align, int partial, int channels, int recompute) {
    stp_supernet_options o = {.cells = 3,
                              .channels = channels,
                              .partial = partial,
                              .classes = CLASSES,
                              .align = align,
                              .recompute = recompute,
                              .fronts = 3};
    stp_shape shapes[3] = {{13, 11}, {7, 6}, {9, 11}};
    for (int i = 0; i < 3; i++) {
        o.front_id[i] = i;
        o.shape[i] = shapes[i];
    }
    o.grid = align == STP_ALIGN_PAD ? (stp_shape){7, 6} : stp_align_grid(align, shapes, 3);
    stp_err err;
    stp_graph *g;
    assert_int_equal(stp_supernet_build(&g, &o, &err), STP_OK);
    problem p = {0};
    setup(&p, g, 3);
    check_weights(&p, 1, 7); // 7 is no divisor of a cell's pattern: every kind of parameter is met
    check_arch(&p);
    teardown(&p);
}

static void test_supernet_conv(void **state) {
    (void)state;
    check_supernet(STP_ALIGN_CONV, 4, 8, 0);
}

static void test_supernet_recomputed(void **state) {
    (void)state;
    check_supernet(STP_ALIGN_CONV, 4, 8, 1);
}

static void test_supernet_pad_without_bypass(void **state) {
    (void)state;
    check_supernet(STP_ALIGN_PAD, 1, 4, 0);
}

// Every operation twice in each kind of cell.
static stp_genotype all_operations(void) {
    stp_genotype genotype = {.front = "640/320/40", .features = "mfcc"};
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int k = 0; k < STP_CELL_KEPT_EDGES; k++)
            genotype.edge[kind][k] =
                (stp_genotype_edge){STP_CELL_MAX_POOL_3X3 + (k + kind) % 7, k < 4 ? k % 2 : k % 2 + k / 4};
    return genotype;
}

static void check_network(int drop_path) {
    stp_genotype genotype = all_operations();
    stp_network_options o = {
        .cells = 3, .channels = 4, .classes = CLASSES, .input = {9, 7}, .drop_path = drop_path};
    stp_err err;
    stp_graph *g;
    assert_int_equal(stp_network_build(&g, &genotype, &o, &err), STP_OK);
    problem p = {0};
    setup(&p, g, 0);
    check_weights(&p, 1, 1);
    teardown(&p);
}

static void test_network(void **state) {
    (void)state;
    check_network(0);
}

static void test_network_with_drop_path(void **state) {
    (void)state;
    check_network(1);
}

static void test_ds_cnn(void **state) {
    (void)state;
    stp_err err;
    stp_graph *g;
    assert_int_equal(stp_ds_cnn_build(&g, (stp_shape){13, 6}, CLASSES, &err), STP_OK);
    problem p = {0};
    setup(&p, g, 0);
    check_weights(&p, 2, 1);
    teardown(&p);
}

// A batch-normed map of eight channels: the first four are pooled, the last four read by mixes. Of the second
// mix this term may drop (`drop`), its other term begins at channel `other`.
static stp_graph *map_for_mixes(int drop, int other) {
    stp_err err;
    stp_graph *g;
    assert_int_equal(stp_graph_create(&g, &err), STP_OK);
    g->coefs = STP_ARCH_COEFS;
    const stp_window window = stp_window_same(3, 3, 1, 1, 1, 7, 6);
    const int z = stp_graph_conv(g, stp_graph_input(g, 1, 7, 6), 8, window, 7, 6, 0, 0, -1);
    const int y = stp_graph_affine(g, stp_graph_bn(g, z, 0), 0, 0, 0);
    const int last = stp_graph_view(g, y, 4, 1, 4);
    const int pool = stp_graph_pool(g, STP_POOL_AVG, stp_graph_view(g, y, 0, 1, 4), 3, 1);
    const stp_mix_term first[] = {{last, stp_arch_coef_bypass(0, 0), 0}, {stp_graph_bn(g, pool, 0), -1, 0}};
    const stp_mix_term second[] = {{last, stp_arch_coef_bypass(0, 1), drop},
                                   {stp_graph_view(g, y, other, 1, 4), -1, 0}};
    const stp_mix_term both[] = {{stp_graph_mix(g, first, 2, -1), -1, 0},
                                 {stp_graph_mix(g, second, 2, -1), stp_arch_coef_bypass(0, 2), 0}};
    const int logits = stp_graph_linear(g, stp_graph_mean(g, stp_graph_mix(g, both, 2, -1)), CLASSES);
    assert_int_equal(stp_graph_finish(g, logits, &err), STP_OK);
    return g;
}

// Returns the loss without drops. raw: from which channel on the map is left as the convolution made it.
static double check_map_for_mixes(int drop, int other, int raw) {
    problem p = {0};
    setup(&p, map_for_mixes(drop, other), 0);
    assert_non_null(p.x->bn[0].normalised);
    for (int c = 0; c < 8; c++)
        assert_int_equal(p.x->bn[0].normalised[c], c < raw);
    check_weights(&p, 9, 1);
    p.drop_rate = 0;
    const double loss = loss_of(&p, 0);
    teardown(&p);
    return loss;
}

// Channels that mixes alone read are not normalised where they lie: the mixes do that, with the same result.
// A term that may drop, or one of both kinds of channels, is read as it is.
static void test_channels_left_as_they_are(void **state) {
    (void)state;
    const double left = check_map_for_mixes(0, 4, 4);
    assert_float_equal(left, check_map_for_mixes(1, 4, 8), 1e-12);
    check_map_for_mixes(0, 2, 8); // channels 2 to 5, so all of 4 to 7
    check_map_for_mixes(0, 0, 4);
}

// What the checks above do not reach would be unproved.
static void test_every_row_is_covered(void **state) {
    (void)state;
    int seen[STP_OP_KINDS] = {0};
    stp_err err;
    stp_graph *g;
    stp_genotype genotype = all_operations();
    stp_network_options o = {.cells = 3, .channels = 4, .classes = CLASSES, .input = {9, 7}};
    assert_int_equal(stp_network_build(&g, &genotype, &o, &err), STP_OK);
    for (int i = 0; i < g->ops; i++)
        seen[g->op[i].kind] = 1;
    for (int kind = 0; kind < STP_OP_KINDS; kind++) {
        assert_non_null(stp_op_registry[kind].name);
        assert_true(seen[kind]);
    }
    stp_graph_destroy(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_covered),      cmocka_unit_test(test_ds_cnn),
        cmocka_unit_test(test_channels_left_as_they_are), cmocka_unit_test(test_network),
        cmocka_unit_test(test_network_with_drop_path),    cmocka_unit_test(test_supernet_conv),
        cmocka_unit_test(test_supernet_recomputed),       cmocka_unit_test(test_supernet_pad_without_bypass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
