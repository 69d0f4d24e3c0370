// What a search writes about itself: a line an epoch, and what it found.
#ifndef STP_SEARCH_JOURNAL_H
#define STP_SEARCH_JOURNAL_H

#include "frontend/front_bank.h"
#include "search/search.h"
#include "train/loop.h"

typedef struct stp_search_line {
    int epoch;
    const char *phase;
    stp_loop_sums weights, arch; // on the weights' half and on the architecture's
    double validation_accuracy;
    const stp_arch *parameters;
    const stp_front_bank *bank;
    int settled; // the configuration, -1: open
} stp_search_line;

stp_status stp_search_journal(stp_run *run, const stp_search_line *line, stp_err *err); // journal.jsonl
// arch.json (all softmaxes) and genotype.json.
stp_status stp_search_write(stp_run *run, const stp_search_result *result, const stp_front_bank *bank,
                            stp_err *err);

#endif
