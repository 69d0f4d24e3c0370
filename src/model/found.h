// What a search left in its folder, for those who look at it afterwards.
#ifndef STP_MODEL_FOUND_H
#define STP_MODEL_FOUND_H

#include "frontend/front_spec.h"
#include "run/run.h"
#include "space/arch.h"

typedef struct stp_found {
    stp_genotype genotype;
    int fronts;
    char front[STP_ARCH_FRONTS][STP_FRONT_TEXT_BYTES]; // the configurations, in gamma's order
    stp_arch weights;                                  // the softmaxes of alpha, beta and gamma at the end
} stp_found;

// genotype.json and arch.json. STP_ERR_USAGE when the search has not finished; STP_ERR_FORMAT (with the file)
// for what is missing, of another type, or no softmax.
stp_status stp_found_load(stp_found *found, stp_run *run, stp_err *err);

// How far ahead a kept edge is: its share of the node, the weight of its operation, and the best other
// operation (none left out) with its weight.
typedef struct stp_found_choice {
    double beta, alpha, second_alpha;
    stp_cell_op second;
} stp_found_choice;

stp_found_choice stp_found_choice_of(const stp_found *found, stp_cell_kind kind, int kept_edge);
// Parameters with these softmaxes, for the entropies of space/arch.h.
void stp_found_arch(const stp_found *found, stp_arch *arch);

#endif
