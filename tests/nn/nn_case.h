// Random single operations of device/nn, drawn from a number alone with integers alone, so that the host and
// a microcontroller draw the same one.
#ifndef STP_TESTS_NN_CASE_H
#define STP_TESTS_NN_CASE_H

#include "nn/nn.h"

enum { NN_CASE_ARENA = 40000, NN_CASE_WEIGHTS = 24000, NN_CASE_CHANNELS = 64, NN_CASE_SCRATCH = 24000 };

typedef struct nn_case {
    stapes_op op;
    stapes_map maps[3]; // input, second input, output
    stapes_constants constants;
    int valid; // padding VALID, not SAME
    uint32_t random;
    int32_t weight_count;
    int8_t *arena;   // [NN_CASE_ARENA], all of it filled at random
    int8_t *scratch; // [NN_CASE_SCRATCH]
    int8_t weights[NN_CASE_WEIGHTS];
    int32_t biases[NN_CASE_CHANNELS], multipliers[NN_CASE_CHANNELS];
    int8_t shifts[NN_CASE_CHANNELS];
} nn_case;

// Draws shapes, values and constants of an operation. The same kind and number give the same case anywhere.
void nn_case_draw(nn_case *c, stapes_op_kind kind, uint32_t number);
// 0 .. n-1
int32_t nn_case_below(nn_case *c, int32_t n);
void nn_case_run(nn_case *c);
// Of the whole arena, and of the scratch that the operation may not use: what it writes beside its output
// shows as well.
uint32_t nn_case_digest(const nn_case *c);

#endif
