// A network with weights, inputs and labels that depend on a seed alone, and one step of it: forward, loss,
// backward. What an input is does not depend on lanes, threads or groups, so that runs can be compared.
#ifndef STP_TESTS_PROBLEM_H
#define STP_TESTS_PROBLEM_H

#include "base/rng.h"
#include "graph/exec.h"
#include "graph/loss.h"
#include "space/networks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct problem {
    stp_graph *g;
    int samples, classes;
    int fronts; // of a supernet; 0: the network has no architecture parameters
    double smoothing, drop_rate;
    int without_grads;    // of weights, as in an architecture step
    int without_coefs;    // nor of coefficients, as in a weight step
    stp_profile *profile; // NULL: not wanted
    int rounds;           // a run does the step so often, in the same memory; the last time counts
    stp_real *weights, *inputs[STP_GRAPH_INPUTS]; // an input: [samples][h][w]
    int *labels;
    stp_arch arch;
    // Of the last run.
    double loss;
    stp_real *grads, *running, *logits; // logits: [samples][classes]
    stp_arch d_arch;
    double d_coefs[STP_ARCH_COEFS];
} problem;

// How a run is done; none of it but the instruction set and the group size may change a bit of the result.
typedef struct problem_way {
    stp_isa isa;
    int threads;
    int group_samples;
    int groups_held; // in memory at once
} problem_way;

static inline void problem_must(stp_status status, const stp_err *err) {
    if (status != STP_OK) {
        fprintf(stderr, "%s\n", err->text);
        exit(1);
    }
}

static inline void *problem_room(size_t count, size_t size) {
    void *memory = stp_alloc(count * size);
    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

// Rounded to floats, so that a float and a double build compute the same function.
static inline void problem_fill_weights(problem *p, uint64_t seed) {
    stp_graph_init(p->g, seed, p->weights, p->running);
    for (int i = 0; i < p->g->params; i++) {
        const stp_param *param = &p->g->param[i];
        int moved = param->kind == STP_PARAM_GAIN || param->kind == STP_PARAM_SHIFT; // away from 1 and 0
        stp_rng rng = stp_rng_at(seed, STP_RNG_TEST, 1, (uint64_t)i);
        for (int k = 0; k < param->count; k++) {
            stp_real *weight = &p->weights[param->offset + k];
            *weight = (stp_real)(float)((double)*weight + (moved ? 0.3 * stp_rng_normal(&rng) : 0.0));
        }
    }
}

static inline void problem_fill_input(problem *p, uint64_t seed, int input) {
    const stp_tensor *t = &p->g->tensor[p->g->inputs[input]];
    size_t pixels = (size_t)t->h * t->w;
    p->inputs[input] = problem_room(pixels * (size_t)p->samples, sizeof(stp_real));
    for (int n = 0; n < p->samples; n++) {
        stp_rng rng = stp_rng_at(seed, STP_RNG_TEST, 2 + (uint64_t)input, (uint64_t)n);
        for (size_t k = 0; k < pixels; k++)
            p->inputs[input][n * pixels + k] = (stp_real)(float)stp_rng_normal(&rng);
    }
}

// Takes over the graph.
static inline void problem_make(problem *p, stp_graph *g, int fronts, int samples, double smoothing,
                                uint64_t seed) {
    memset(p, 0, sizeof *p);
    p->g = g;
    p->fronts = fronts;
    p->samples = samples;
    p->classes = g->tensor[g->output].c;
    p->smoothing = smoothing;
    p->rounds = 1;
    p->weights = problem_room((size_t)g->weights, sizeof(stp_real));
    p->grads = problem_room((size_t)g->weights, sizeof(stp_real));
    p->running = problem_room((size_t)g->states, sizeof(stp_real));
    p->logits = problem_room((size_t)samples * p->classes, sizeof(stp_real));
    p->labels = problem_room((size_t)samples, sizeof(int));
    problem_fill_weights(p, seed);
    for (int i = 0; i < g->input_count; i++)
        problem_fill_input(p, seed, i);
    stp_rng rng = stp_rng_at(seed, STP_RNG_TEST, 0, 0);
    for (int n = 0; n < samples; n++)
        p->labels[n] = (int)stp_rng_below(&rng, (uint64_t)p->classes);
    stp_arch_init(&p->arch, seed, fronts);
    for (int i = 0; i < STP_ARCH_SIZE; i++)
        p->arch.all[i] *= 400; // a mixture that is far from uniform
}

static inline void problem_free(problem *p) {
    for (int i = 0; i < p->g->input_count; i++)
        stp_free(p->inputs[i]);
    stp_free(p->weights);
    stp_free(p->grads);
    stp_free(p->running);
    stp_free(p->logits);
    stp_free(p->labels);
    stp_graph_destroy(p->g);
}

static inline void problem_load(const problem *p, stp_exec *x, int first, int block) {
    int lanes = stp_exec_lanes(x);
    for (int i = 0; i < p->g->input_count; i++) {
        const stp_tensor *t = &p->g->tensor[p->g->inputs[i]];
        int pixels = t->h * t->w;
        for (int k = 0; k < pixels; k++)
            for (int lane = 0; lane < lanes; lane++)
                stp_exec_input(x, i, block)[k * lanes + lane] =
                    p->inputs[i][(size_t)(first + lane) * pixels + k];
    }
}

// Loss of a block and its gradient; the logits are kept.
static inline void problem_score(problem *p, stp_exec *x, int first, int block) {
    int lanes = stp_exec_lanes(x), correct = 0;
    const stp_real *logits = stp_exec_logits(x, block);
    stp_loss_block(lanes, p->classes, logits, p->labels + first, p->smoothing, 1.0 / p->samples,
                   stp_exec_d_logits(x, block), &p->loss, &correct, NULL);
    for (int lane = 0; lane < lanes; lane++)
        for (int c = 0; c < p->classes; c++)
            p->logits[(size_t)(first + lane) * p->classes + c] = logits[c * lanes + lane];
}

static inline void problem_chunk(problem *p, stp_exec *x, stp_exec_state *state, int first, int groups) {
    int lanes = stp_exec_lanes(x), blocks = groups * stp_exec_blocks_per_group(x);
    for (int b = 0; b < blocks; b++)
        problem_load(p, x, first + b * lanes, b);
    stp_exec_forward(x, state, groups);
    for (int b = 0; b < blocks; b++)
        problem_score(p, x, first + b * lanes, b);
    stp_exec_backward(x, state, groups);
}

// All samples, `groups_held` groups at a time, from fresh running statistics.
static inline void problem_step(problem *p, stp_exec *x, problem_way way) {
    double coefs[STP_ARCH_COEFS];
    stp_arch_coefs(&p->arch, p->fronts, coefs);
    for (int i = 0; i < p->g->bns; i++)
        for (int c = 0; c < 2 * p->g->bn[i].channels; c++)
            p->running[p->g->bn[i].state + c] = c >= p->g->bn[i].channels;
    memset(p->grads, 0, sizeof *p->grads * (size_t)p->g->weights);
    memset(p->d_coefs, 0, sizeof p->d_coefs);
    p->loss = 0;
    stp_exec_state state = {.weights = p->weights,
                            .grads = p->without_grads ? NULL : p->grads,
                            .running = p->running,
                            .coefs = coefs,
                            .d_coefs = p->without_coefs ? NULL : p->d_coefs,
                            .batch_stats = 1,
                            .momentum = 0.1,
                            .drop_rate = p->drop_rate,
                            .drop_seed = 5,
                            .profile = p->profile};
    int groups = p->samples / way.group_samples;
    for (int done = 0; done < groups; done += way.groups_held) {
        int now = groups - done < way.groups_held ? groups - done : way.groups_held;
        state.first_group = done;
        problem_chunk(p, x, &state, done * way.group_samples, now);
    }
    p->loss /= p->samples;
    stp_arch_backward(&p->arch, p->fronts, p->d_coefs, &p->d_arch);
}

static inline void problem_run(problem *p, problem_way way) {
    stp_err err;
    stp_pool *pool;
    stp_exec *x;
    stp_exec_options options = {
        .isa = way.isa, .group_samples = way.group_samples, .groups = way.groups_held, .training = 1};
    problem_must(stp_pool_create(&pool, way.threads, &err), &err);
    problem_must(stp_exec_create(&x, p->g, pool, &options, &err), &err);
    for (int round = 0; round < p->rounds; round++)
        problem_step(p, x, way);
    stp_exec_destroy(x);
    stp_pool_destroy(pool);
}

// --- the networks ----------------------------------------------------------------------------------------

// What the eight published data configurations make of one second: window 400 at hop 100 and 200, window 640
// at 160 and 320, each with 40 and 80 coefficients.
static const stp_shape problem_published_shapes[] = {{157, 40}, {157, 80}, {79, 40}, {79, 80},
                                                     {97, 40},  {97, 80},  {49, 40}, {49, 80}};

static inline stp_graph *problem_supernet(stp_supernet_options *o, const stp_shape *shapes) {
    for (int i = 0; i < o->fronts; i++) {
        o->front_id[i] = i;
        o->shape[i] = shapes[i];
    }
    o->grid = stp_align_grid(o->align, shapes, o->fronts);
    stp_graph *g;
    stp_err err;
    problem_must(stp_supernet_build(&g, o, &err), &err);
    return g;
}

// Every operation but none, in both kinds of cell, at strides 1 and 2.
static inline stp_genotype problem_genotype(void) {
    stp_genotype genotype = {.front = "640/320/40", .features = "mfcc"};
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int k = 0; k < STP_CELL_KEPT_EDGES; k++)
            genotype.edge[kind][k] =
                (stp_genotype_edge){STP_CELL_MAX_POOL_3X3 + (k + kind) % 7, k < 4 ? k % 2 : k % 2 + k / 4};
    return genotype;
}

#endif
