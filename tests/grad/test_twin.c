// The float twin of an int8 network against central finite differences, in double: rectifiers are clamps of
// results there, and what is batch norm elsewhere is folded. Then the straight-through rule: with results
// rounded to a fine grid the gradient is that of the network that does not round.
#include "int8_problem.h"

static void gradients(int8_problem *q, const stp_twin *twin, const stp_real *weights, stp_real *grads,
                      double *loss) {
    stp_err err;
    stp_pool *pool;
    stp_exec *x;
    const stp_graph *g = twin->graph;
    int groups = INT8_SAMPLES / INT8_GROUP;
    stp_exec_options options = {
        .isa = STP_ISA_PLAIN, .group_samples = INT8_GROUP, .groups = groups, .training = 1, .rounded = 1};
    problem_must(stp_pool_create(&pool, 1, &err), &err);
    problem_must(stp_exec_create(&x, g, pool, &options, &err), &err);
    int lanes = stp_exec_lanes(x), correct = 0;
    stp_exec_state state = {.weights = weights, .grads = grads, .batch_stats = 1, .rounding = twin->rounding};
    for (int b = 0; b < INT8_SAMPLES / lanes; b++)
        problem_load(&q->p, x, b * lanes, b);
    stp_exec_forward(x, &state, groups);
    *loss = 0;
    for (int b = 0; b < INT8_SAMPLES / lanes; b++)
        stp_loss_block(lanes, q->p.classes, stp_exec_logits(x, b), q->p.labels + b * lanes, 0,
                       1.0 / INT8_SAMPLES, stp_exec_d_logits(x, b), loss, &correct, NULL);
    *loss /= INT8_SAMPLES;
    if (grads)
        stp_exec_backward(x, &state, groups);
    stp_exec_destroy(x);
    stp_pool_destroy(pool);
}

// As in tests/grad/test_networks.c: the smaller of two steps' errors counts, since a clamp may flip.
static double error_at(int8_problem *q, const stp_twin *twin, stp_real *value, double gradient) {
    double best = 1e30, kept = *value;
    for (double step = 1e-5; step > 5e-8; step /= 10) {
        double above, below;
        *value = kept + step;
        gradients(q, twin, twin->weights, NULL, &above);
        *value = kept - step;
        gradients(q, twin, twin->weights, NULL, &below);
        *value = kept;
        double error = fabs((above - below) / (2 * step) - gradient) / (fabs(gradient) + 1e-4);
        best = error < best ? error : best;
        if (best < 1e-5)
            break;
    }
    return best;
}

static void check(stp_graph *g, uint64_t seed) {
    int8_problem q;
    stp_twin *twin;
    stp_err err;
    double loss;
    int8_problem_make(&q, g, seed);
    problem_must(stp_twin_create(&twin, q.net, &err), &err);
    stp_real *grads = problem_room((size_t)twin->graph->weights, sizeof *grads);
    gradients(&q, twin, twin->weights, grads, &loss);
    for (int i = 0; i < twin->graph->params; i += 3) {
        const stp_param *param = &twin->graph->param[i];
        int k = param->offset + param->count / 2;
        double error = error_at(&q, twin, &twin->weights[k], (double)grads[k]);
        if (!(error <= 1e-4)) // double leaves 1e-11 of noise against gradients of 1e-4 and more
            fail_msg("%s: gradient %g, relative error %g", param->name, (double)grads[k], error);
    }
    stp_free(grads);
    stp_twin_destroy(twin);
    int8_problem_free(&q);
}

static void clamped_results(void **state) {
    (void)state;
    check(int8_ds_cnn((stp_shape){12, 8}), 3);
    check(int8_found(3, 4, (stp_shape){9, 8}, 0), 4);
}

static void fine_rounding_is_straight_through(void **state) {
    (void)state;
    int8_problem q;
    stp_twin *twin;
    stp_err err;
    double plain_loss, rounded_loss, size = 0, off = 0;
    int8_problem_make(&q, int8_found(3, 4, (stp_shape){9, 8}, 0), 5);
    problem_must(stp_twin_create(&twin, q.net, &err), &err);
    size_t n = (size_t)twin->graph->weights;
    stp_real *plain = problem_room(n, sizeof *plain), *rounded = problem_room(n, sizeof *rounded);
    gradients(&q, twin, twin->weights, plain, &plain_loss);
    for (int i = 0; i < twin->graph->ops; i++)
        if (twin->scale[i] >= 0) {
            int rectifies = twin->rounding[i].on;
            twin->rounding[i] =
                (stp_rounding){.on = 1, .step = 1e-8, .low = rectifies ? 0 : -INFINITY, .high = INFINITY};
        }
    gradients(&q, twin, twin->weights, rounded, &rounded_loss);
    for (size_t i = 0; i < n; i++) {
        size = fmax(size, fabs(plain[i]));
        off = fmax(off, fabs(plain[i] - rounded[i]));
    }
    assert_true(rounded_loss != plain_loss); // it did round
    assert_true(fabs(rounded_loss - plain_loss) < 1e-6 * plain_loss);
    assert_true(off < 1e-5 * size); // steps of 1e-8, and maxima of pools that tie
    stp_free(plain);
    stp_free(rounded);
    stp_twin_destroy(twin);
    int8_problem_free(&q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clamped_results),
        cmocka_unit_test(fine_rounding_is_straight_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
