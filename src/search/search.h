// The data-aware search (arXiv 2507.15545) on PC-DARTS (Xu et al., ICLR 2020): weights on one half of the
// training clips, alpha, beta and gamma on the other, first order, batch by batch; gamma settles when its
// leader is ahead enough; then the discrete system is derived.
#ifndef STP_SEARCH_SEARCH_H
#define STP_SEARCH_SEARCH_H

#include "run/observer.h"
#include "run/run.h"
#include "settings/settings.h"
#include "space/arch.h"
#include "step/corpus.h"

typedef struct stp_search_result {
    stp_genotype genotype;
    stp_arch arch, start;               // where alpha, beta and gamma ended and began
    int fronts, front;                  // configurations; the index chosen
    int settled_epoch;                  // in which gamma settled; -1: it did not, its maximum was taken
    double front_weight, second_weight; // softmax(gamma) when settled, or at the end
    int capped_skips;                   // skip connections that the cap replaced
    double validation_accuracy;         // of the supernet, per cent
    double seconds;                     // of all parts of the run, as far as checkpoints reached
} stp_search_result;

// settings.json stands in the run folder already. Writes journal.jsonl, times.jsonl, checkpoint.bin, and at
// the end arch.json and genotype.json. resume: continues from checkpoint.bin to the same bits.
// STP_ERR_INTERRUPTED after a clean stop.
stp_status stp_search(const stp_corpus *corpus, const stp_settings *settings, stp_run *run, int resume,
                      const stp_observer *observer, stp_search_result *result, stp_err *err);

#endif
