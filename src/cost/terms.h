// What a count of instructions is made of: how often the loops of device/ go round for a shape. A count is a
// sum of such terms, each times what one round takes on a processor, which is measured (tools/cost-table).
// The terms follow the kernels' sources: whoever changes loops there changes them here and measures again.
#ifndef STP_COST_TERMS_H
#define STP_COST_TERMS_H

#include "cost/processor.h"
#include "frontend/front_spec.h"
#include "nn/nn.h"

enum { STP_TERMS_MOST = 28 };

typedef struct stp_terms {
    int count;
    const char *name[STP_TERMS_MOST];
    double times[STP_TERMS_MOST];
} stp_terms;

// Of one operation, run by stapes_invoke_op. Which terms there are depends on the kind and the processor
// only.
void stp_op_terms(stp_terms *terms, stp_processor processor, const stapes_op *op, const stapes_map *maps);
// Of one row of features: stapes_push with the samples of a hop.
void stp_front_terms(stp_terms *terms, stp_processor processor, const stp_front_spec *spec);

static inline void stp_term(stp_terms *terms, const char *name, double times) {
    terms->name[terms->count] = name;
    terms->times[terms->count++] = times;
}

#endif
