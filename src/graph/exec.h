// Runs a network forward and backward over lane blocks. A batch-norm group of samples is the unit of work:
// statistics are taken over it, its blocks are shared out among threads, and everything summed over lanes,
// blocks or groups is summed in that order by one thread, so that results have the same bits on any number of
// threads and for any number of groups held in memory at once.
#ifndef STP_GRAPH_EXEC_H
#define STP_GRAPH_EXEC_H

#include "base/threads.h"
#include "graph/graph.h"
#include "graph/profile.h"

typedef struct stp_exec stp_exec;

typedef struct stp_exec_options {
    stp_isa isa;
    int group_samples; // a multiple of 16
    int groups;        // held in memory at once
    int training;      // 0: forward only, in far less memory
    int rounded;       // training with state.rounding: results are kept for backward
    // An executor that never runs at the same time and lives longer: its tensors' memory is used again, where
    // it suffices. NULL: none.
    const stp_exec *lender;
} stp_exec_options;

// What becomes of an operation's result before anybody reads it, in a network that is run as its 8-bit form
// will be (kernel.h: round_forward).
typedef struct stp_rounding {
    int on;
    stp_real step, low, high;
} stp_rounding;

// What one run reads and writes; all owned by the caller.
typedef struct stp_exec_state {
    const stp_real *weights; // [graph->weights]
    stp_real *grads;         // [graph->weights], added to; NULL: no weight gradients
    stp_real *running;       // [graph->states]
    const double *coefs;     // [graph->coefs]
    double *d_coefs;         // [graph->coefs], added to; NULL: not wanted
    int batch_stats;         // 1: normalise by the group's statistics, 0: by the running ones
    double momentum;         // of the running statistics; 0 leaves them alone
    int averaging; // 1: running statistics become the mean over all groups of `averaged_batches` batches and
                   // this one
    int averaged_batches;
    int batch_groups; // groups of a whole batch, for that mean
    double drop_rate; // drop path
    uint64_t drop_seed, drop_step;
    int first_group;              // number of the first group within the batch (for drop path's draws)
    const stp_rounding *rounding; // [graph->ops]; NULL: none
    // Told of every result in forward, by the thread that computed the block; NULL: nobody looks.
    void (*watch)(void *context, int op, int block, stp_view value);
    void *watch_context;
    stp_profile *profile; // added to; NULL: not wanted
} stp_exec_state;

// Plans and takes all memory; running allocates nothing. STP_ERR_MEMORY names the size.
stp_status stp_exec_create(stp_exec **exec, const stp_graph *graph, stp_pool *pool,
                           const stp_exec_options *options, stp_err *err);
void stp_exec_destroy(stp_exec *exec);

int stp_exec_lanes(const stp_exec *exec);
int stp_exec_blocks_per_group(const stp_exec *exec);
size_t stp_exec_bytes(const stp_exec *exec); // without what is lent

// Places to fill before and read after, per block: input [h][c][w][lanes] without gaps, logits and their
// gradient [classes][lanes].
stp_real *stp_exec_input(stp_exec *exec, int input, int block);
stp_real *stp_exec_logits(stp_exec *exec, int block);
stp_real *stp_exec_d_logits(stp_exec *exec, int block);

void stp_exec_forward(stp_exec *exec, const stp_exec_state *state, int groups);
// After forward with batch_stats and d_logits filled in.
void stp_exec_backward(stp_exec *exec, const stp_exec_state *state, int groups);

#endif
