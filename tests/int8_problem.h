// A network with random weights and running statistics, its int8 form, and what both make of random inputs.
#ifndef STP_TESTS_INT8_PROBLEM_H
#define STP_TESTS_INT8_PROBLEM_H

#include "problem.h"
#include "quant/lower.h"
#include "quant/quantise.h"
#include "quant/twin.h"
#include "testing.h"

#include <math.h>

enum { INT8_SAMPLES = 32, INT8_GROUP = 16 };

typedef struct int8_problem {
    problem p; // the network of floats
    stp_int8_net *net;
} int8_problem;

// Takes over the graph.
static inline void int8_problem_make(int8_problem *q, stp_graph *g, uint64_t seed) {
    stp_err err;
    problem_make(&q->p, g, 0, INT8_SAMPLES, 0, seed);
    for (int i = 0; i < g->bns; i++) {
        stp_rng rng = stp_rng_at(seed, STP_RNG_TEST, 9, (uint64_t)i);
        stp_real *mean = q->p.running + g->bn[i].state, *variance = mean + g->bn[i].channels;
        for (int c = 0; c < g->bn[i].channels; c++) {
            mean[c] = (stp_real)(0.2 * stp_rng_normal(&rng));
            variance[c] = (stp_real)(0.1 + stp_rng_uniform(&rng)); // weights of 1/sqrt(fan in) shrink values
        }
    }
    if (stp_int8_lower(&q->net, g, q->p.weights, q->p.running, &err) != STP_OK)
        fail_msg("%s", err.text);
}

static inline void int8_problem_free(int8_problem *q) {
    stp_int8_net_destroy(q->net);
    problem_free(&q->p);
}

typedef void (*int8_watch)(void *context, int op, int block, stp_view value);

// Logits [INT8_SAMPLES][classes] that a graph with these weights makes of the problem's inputs.
static inline void int8_problem_logits(const problem *p, const stp_graph *g, stp_exec_state *state,
                                       stp_real *logits) {
    stp_err err;
    stp_pool *pool;
    stp_exec *x;
    stp_exec_options options = {
        .isa = stp_isa_current(), .group_samples = INT8_GROUP, .groups = INT8_SAMPLES / INT8_GROUP};
    problem_must(stp_pool_create(&pool, 1, &err), &err);
    problem_must(stp_exec_create(&x, g, pool, &options, &err), &err);
    int lanes = stp_exec_lanes(x), blocks = INT8_SAMPLES / lanes;
    for (int b = 0; b < blocks; b++)
        problem_load(p, x, b * lanes, b);
    stp_exec_forward(x, state, options.groups);
    for (int b = 0; b < blocks; b++)
        for (int lane = 0; lane < lanes; lane++)
            for (int c = 0; c < p->classes; c++)
                logits[(size_t)(b * lanes + lane) * p->classes + c] = stp_exec_logits(x, b)[c * lanes + lane];
    stp_exec_destroy(x);
    stp_pool_destroy(pool);
}

// --- ranges, as the inputs have them -------------------------------------------------------------------

typedef struct int8_extent {
    const stp_twin *twin;
    double low[512], high[512]; // of each scale
} int8_extent;

static inline void int8_extend(void *context, int op, int block, stp_view v) {
    int8_extent *e = context;
    (void)block;
    if (!e->twin->fresh[op])
        return;
    int scale = e->twin->scale[op];
    for (int h = 0; h < v.h; h++)
        for (int c = 0; c < v.c; c++)
            for (int i = 0; i < v.w * stp_isa_lanes(stp_isa_current()); i++) {
                double x = (double)v.p[h * v.row + c * v.chan + i];
                e->low[scale] = fmin(e->low[scale], x);
                e->high[scale] = fmax(e->high[scale], x);
            }
}

// Scales that cover `share` of all values' range, and the int8 numbers.
static inline stp_status int8_problem_try(int8_problem *q, double share, stp_err *err) {
    stp_twin *twin;
    static int8_extent e;
    assert_true(q->net->scales <= 512);
    problem_must(stp_twin_create(&twin, q->net, err), err);
    memset(&e, 0, sizeof e);
    e.twin = twin;
    stp_exec_state state = {
        .weights = twin->weights, .rounding = twin->rounding, .watch = int8_extend, .watch_context = &e};
    stp_real *logits = problem_room((size_t)INT8_SAMPLES * q->p.classes, sizeof *logits);
    int8_problem_logits(&q->p, twin->graph, &state, logits);
    for (int s = 0; s < q->net->scales; s++)
        stp_int8_set_range(&q->net->scale[s], share * e.low[s], share * e.high[s]);
    stp_free(logits);
    stp_twin_destroy(twin);
    return stp_int8_quantise(q->net, err);
}

static inline void int8_problem_quantise(int8_problem *q, double share) {
    stp_err err;
    problem_must(int8_problem_try(q, share, &err), &err);
}

// --- networks -------------------------------------------------------------------------------------

static inline stp_graph *int8_found(int cells, int channels, stp_shape input, int drop_path) {
    stp_genotype genotype = problem_genotype();
    stp_network_options options = {
        .cells = cells, .channels = channels, .classes = 5, .input = input, .drop_path = drop_path};
    stp_graph *g;
    stp_err err;
    problem_must(stp_network_build(&g, &genotype, &options, &err), &err);
    return g;
}

static inline stp_graph *int8_ds_cnn(stp_shape input) {
    stp_graph *g;
    stp_err err;
    problem_must(stp_ds_cnn_build(&g, input, 7, &err), &err);
    return g;
}

#endif
