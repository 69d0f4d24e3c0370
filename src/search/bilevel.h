// The two steps of the search, first order: architecture on one batch, weights on another (DARTS, Liu et al.,
// ICLR 2019).
#ifndef STP_SEARCH_BILEVEL_H
#define STP_SEARCH_BILEVEL_H

#include "search/supernet.h"
#include "space/arch.h"

typedef struct stp_bilevel {
    const stp_settings *settings;
    const stp_corpus *corpus;
    stp_supernet net;
    stp_arch arch, moment1, moment2; // values and Adam's moments
    int front;                       // settled configuration; -1: gamma is open
    int64_t arch_steps;
    stp_profile *profile; // of both steps, added to; NULL: not wanted
} stp_bilevel;

// Draws weights, alpha, beta and gamma from settings->seed.
void stp_bilevel_init(stp_bilevel *level, int front);
void stp_bilevel_coefs(const stp_bilevel *level, double *coefs); // [STP_ARCH_COEFS]
// Adam on alpha, beta and (while open) gamma. progress: of the search, 0 .. 1, for beta-decay.
void stp_bilevel_arch_step(stp_bilevel *level, const stp_batch *batch, double progress,
                           stp_step_result *result);
// SGD with momentum, clipping and weight decay.
void stp_bilevel_weight_step(stp_bilevel *level, const stp_batch *batch, double rate,
                             stp_step_result *result);
// Forward only: running statistics become the mean over the groups of this batch and of the `batches` before
// it.
void stp_bilevel_estimate(stp_bilevel *level, const stp_batch *batch, int batches);

#endif
