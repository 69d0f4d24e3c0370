// What was measured on emulated processors (table.def, written by tools/cost-table).
#ifndef STP_COST_TABLE_H
#define STP_COST_TABLE_H

#include "cost/terms.h"

// Instructions of one round of each term (terms.h).
typedef struct stp_rounds {
    int count;
    double each[STP_TERMS_MOST];
} stp_rounds;

// Bytes that every system has, whatever its network.
typedef struct stp_fixed_bytes {
    long front, shared, runtime,
        compiler;            // code: front-end, what operations share, runtime, the compiler's own
    long variables, state;   // RAM beside arena and stream: variables of the code, `stapes` itself
    long stack_of_row;       // a row of features
    long stack_above_kernel; // of a decision, above the deepest kernel
} stp_fixed_bytes;

// Bytes of a kind of operation.
typedef struct stp_kernel_bytes {
    long code, stack;
} stp_kernel_bytes;

const stp_rounds *stp_op_rounds(stp_processor processor, stapes_op_kind kind);
const stp_rounds *stp_front_rounds(stp_processor processor);
const stp_fixed_bytes *stp_fixed_bytes_of(stp_processor processor);
const stp_kernel_bytes *stp_kernel_bytes_of(stp_processor processor, stapes_op_kind kind);

#endif
