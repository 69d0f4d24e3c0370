// What tools/cost/design.c writes and tools/cost/measure.c reads: operations and front-ends to be measured.
// Both sides are little-endian, and the structs have no pointers.
#ifndef STP_TOOLS_COST_PROBLEM_H
#define STP_TOOLS_COST_PROBLEM_H

#include "nn/nn.h"

enum {
    PROBLEM_ARENA = 200000,
    PROBLEM_SCRATCH = 40000,
    PROBLEM_WEIGHTS = 80000,
    PROBLEM_CHANNELS = 1024,
    PROBLEM_FRONT_WORDS = 20000
};

// A file of these. The arrays that a front-end needs follow its header, each a whole number of words.
typedef struct problem_op {
    stapes_op op;
    stapes_map map[3];
    int32_t bits; // by which sums are shifted to the right, about
} problem_op;

enum {
    FRONT_WINDOW,
    FRONT_ROOTS,
    FRONT_MEL,
    FRONT_DCT,
    FRONT_ORDER,
    FRONT_FIRST,
    FRONT_COUNT,
    FRONT_SAMPLES,
    FRONT_ARRAYS
};

typedef struct problem_front {
    int32_t window, hop, fft, filters, coefficients, cepstra;
    uint32_t check;
    int32_t words[FRONT_ARRAYS]; // of each array
} problem_front;

#endif
