// One step: a batch of clips through augmentation, front-end, network and loss, and back to gradients.
// Search, training, evaluation and the benchmark all come through here.
#ifndef STP_STEP_STEP_H
#define STP_STEP_STEP_H

#include "graph/exec.h"
#include "step/corpus.h"

typedef struct stp_stepper stp_stepper;

typedef struct stp_stepper_options {
    stp_align align;
    stp_shape grid;             // of the network's inputs, for pad and resample
    int fronts;                 // inputs of the network
    int front[STP_ARCH_FRONTS]; // which front-end of the corpus each one is
    int group_samples;          // batch-norm group
    int groups;                 // held in memory at once
    int training;
    int rounded;               // as stp_exec_options
    const stp_stepper *lender; // as stp_exec_options, a stepper instead of an executor
} stp_stepper_options;

// Memory for everything a step needs; steps allocate nothing.
stp_status stp_stepper_create(stp_stepper **stepper, const stp_graph *graph, const stp_corpus *corpus,
                              const stp_stepper_options *options, stp_err *err);
void stp_stepper_destroy(stp_stepper *stepper);
size_t stp_stepper_bytes(const stp_stepper *stepper); // without what is lent

typedef struct stp_batch {
    const int
        *clips; // [count] indices into the dataset; those past the last whole group are left out in training
    int count;
    const stp_augment *augment; // NULL: clips as they are
    uint64_t seed;
    int epoch, first_slot; // clip i of the batch is draw first_slot + i of the epoch
    double smoothing;
    int ready; // 1: the inputs lie there already (benchmark): nothing is read or extracted
} stp_batch;

typedef struct stp_step_result {
    double loss; // sum over samples
    int correct, count;
} stp_step_result;

// Forward, loss, and backward when state->grads or state->d_coefs is given (added to). The loss's gradient is
// the mean over the batch. predicted (NULL: not wanted): class of every sample; probabilities (NULL):
// [count][classes].
void stp_step_run(stp_stepper *stepper, const stp_batch *batch, stp_exec_state *state,
                  stp_step_result *result, int *predicted, double *probabilities);

// Seconds since some start; for pace and benchmarks, never for results.
double stp_step_clock(void);

#endif
