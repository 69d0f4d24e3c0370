// What the operations (ops_*.c), the batch norm and the executor share.
#ifndef STP_GRAPH_EXEC_INTERNAL_H
#define STP_GRAPH_EXEC_INTERNAL_H

#include "graph/exec.h"
#include "graph/registry.h"

// STP_STEP_DOT comes right before the backward of an operation whose result only a mix reads and is made
// again: what the mix owes to this term, so that the value need not be there from the mix on.
typedef enum stp_step_kind {
    STP_STEP_FORWARD,
    STP_STEP_AGAIN,
    STP_STEP_DOT,
    STP_STEP_BACKWARD
} stp_step_kind;

typedef struct stp_step {
    int op;
    stp_step_kind kind;
    int from, to; // of a mix's forward: which of its terms; the first ones write its result, others add
} stp_step;

// Where a storage lies within a block's memory; -1: nowhere.
typedef struct stp_place {
    ptrdiff_t value[2]; // while forward, while backward (the same unless it is made again)
    ptrdiff_t grad;
    ptrdiff_t row, chan;           // strides of the value, in reals
    ptrdiff_t grad_row, grad_chan; // gradients have no halo
    size_t reals, grad_reals;
} stp_place;

// A batch norm while running; arrays are [groups][channels].
typedef struct stp_bn_run {
    stp_real *scale, *shift, *mean, *inv;
    double *sum_dy, *sum_dyz; // of the gradient at the normalised value, gathered by the consumers
    stp_real *a, *b, *e;      // dz = a*g + b*z + e
    // The tensor whose gradient the maker reads as g. lazy_coef: the mix coefficient to multiply in (-2:
    // none).
    int grad_tensor;
    int lazy_coef;
    char *normalised; // [channels]: z is overwritten there by its normalised self (x->lies_in); NULL: nowhere
} stp_bn_run;

// The batch norm that a mix applies to a term as it reads it: channel c of the term is its channel
// first + c * step. bn < 0: none.
typedef struct stp_term_norm {
    int bn, first, step;
} stp_term_norm;

// A term of a mix, the reader of a tensor.
typedef struct stp_mix_reader {
    int mix, term; // index of the operation, and of the term among its own
} stp_mix_reader;

// A term that several mixes share: the first of them, last in backward, does its part of all of them.
typedef struct stp_mix_gather {
    int term; // of the first
    stp_mix_reader *reader;
    int readers;
    stp_real *coef; // [readers][channels], without scales
} stp_mix_gather;

typedef struct stp_mix_run {
    stp_real *coef;     // [groups][terms][channels], with the terms' scales folded in
    stp_real *constant; // [groups][channels]
    stp_real *shift;    // [groups][terms][channels], whose sum that is; NULL where no term may drop
    stp_real *plain;    // [kept][channels], without
    int *kept, keeps;   // the terms whose part of backward is neither a step of its own (STP_STEP_DOT) nor
                        // gathered
    stp_mix_gather *gather;
    int gathers, gathered; // gathered: readers in all of them
    double *sum_g;         // [blocks][channels]
    stp_real *factor;      // [blocks][terms][lanes], drop path; NULL where no term may drop
} stp_mix_run;

// What backward of an operation does to the gradient of its index-th source: nothing, write, add, or zero the
// storage and add.
typedef enum stp_grad_mode { STP_GRAD_NONE, STP_GRAD_WRITE, STP_GRAD_ADD, STP_GRAD_ZERO_ADD } stp_grad_mode;

struct stp_exec {
    const stp_graph *g;
    const stp_kernels *k;
    stp_pool *pool;
    stp_arena *arena;
    int lanes, groups, blocks_per_group, blocks, training, rounded;
    long group_samples;

    stp_step *step;
    int forward_steps, steps;
    stp_place *place; // [tensors], valid for storages
    int *lies_in; // [tensors]: the storage whose place this one's values take over, or itself; channels that
                  // mixes alone read are still the other's there (stp_exec_term_norm)
    int *rectifies; // [ops]: the affine that this depthwise convolution does as it reads, or -1
    char *idle;     // [ops]: an affine that its reader does
    int *dotted;    // [ops]: the mix that alone reads its result, by a step of its own, or -1
    int *dotted_term;
    stp_grad_mode **grad_mode; // [ops][sources]
    stp_bn_run *bn;            // [bns]
    stp_mix_run *mix;          // [ops]

    stp_real **memory;         // [blocks]
    stp_real **slot;           // [blocks][weights]: weight gradients of a block
    stp_real **sums;           // [blocks]: per-lane sums of the step under way
    stp_real **thread_scratch; // [threads, but no more than blocks]
    stp_real **scratch;        // [blocks]: that of the thread that computes the block
    double *d_coefs;           // [groups][coefs]
    size_t block_reals, sums_reals, scratch_reals, bytes;

    // of the run under way
    const stp_exec_state *state;
    int used_groups, phase; // phase: 0 forward, 1 backward: which place of a value counts
    const stp_step *current;
};

// Schedule, places of all storages, ways of all gradients, size of a block's memory (exec_plan.c).
stp_status stp_exec_plan(stp_exec *x, stp_err *err);
// The part of it that says what readers do (exec_readers.c); 0: no memory.
int stp_exec_choose_readers(stp_exec *x);
// Counts the current step, which took so long, in the profile of the run (profile.c).
void stp_exec_profile_step(stp_exec *x, double seconds);
// Whether an operation's backward serves its source: reads the value, or gives it a gradient.
int stp_exec_serves_in_backward(const stp_exec *x, const stp_op *op, int source);
// What a mix normalises as it reads: a batch-normed tensor, or what was left as it is in the place of one.
stp_term_norm stp_exec_term_norm(const stp_exec *x, int tensor);
// Whether drop path may drop a term of a mix.
int stp_exec_drops(const stp_exec *x, const stp_op *mix);
// Whether backward of a mix sums the gradient times this term: for its batch norm, or for its coefficient.
int stp_exec_sums_term(const stp_exec *x, const stp_op *mix, int term);
// Whether the gradient of a tensor has a place of its own.
int stp_exec_has_own_grad(const stp_exec *x, int tensor);
int stp_exec_storage_of(const stp_exec *x, int tensor);
// Reals from one row of a tensor to the next.
ptrdiff_t stp_exec_row_stride(int channels, int columns, int lanes);

// The index-th tensor that an operation really reads, -1 past the last.
int stp_exec_source(const stp_exec *x, const stp_op *op, int index);
stp_view stp_exec_value(const stp_exec *x, int tensor, int block);
stp_view stp_exec_grad(const stp_exec *x, int tensor, int block); // p NULL: it has none
stp_view stp_exec_no_view(void);
int stp_exec_bn_of(const stp_exec *x, int tensor); // of its storage
int stp_exec_group_of(const stp_exec *x, int block);
// The gradient view of a source and whether to add, having zeroed the storage where that is due.
stp_view stp_exec_grad_target(stp_exec *x, const stp_op *op, int source, int tensor, int block, int *add);

// Batch norm (batchnorm.c): sums to statistics after a maker's forward; consumers' sums to a, b, e before its
// backward.
void stp_bn_after_forward(stp_exec *x, const stp_op *op);
void stp_bn_before_backward(stp_exec *x, const stp_op *op);
// Adds a consumer's sums of one group: sum dy and sum dy*z per channel.
void stp_bn_gather(stp_exec *x, int bn, int group, int channel, double sum_dy, double sum_dyz);
// The same for all channels and blocks, from sums [channel][2][lanes] in x->sums.
void stp_bn_gather_pairs(stp_exec *x, int bn);
stp_real *stp_bn_forward_sums(stp_exec *x, const stp_op *op, int block); // zeroed; NULL when none are needed
stp_upstream stp_bn_upstream(stp_exec *x, const stp_op *op, int block);
// Use running statistics: scale and shift of all batch norms, before a forward without batch statistics.
void stp_bn_from_running(stp_exec *x);
double stp_lane_total(const stp_real *lanes, int count); // in lane order

#endif
