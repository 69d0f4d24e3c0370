// Rows times matrix, the heart of convolutions and fully connected layers: two rows of n inputs each (those
// that one output pixel sees) by the weights [channels][n] of all output channels. Two pixels and two
// channels at a time, so that what is loaded is used twice.
#ifndef STAPES_NN_ROWS_H
#define STAPES_NN_ROWS_H

#include "nn/nn.h"

typedef struct stapes_nn_rows {
    const int8_t *weights; // [channels][n]
    const int32_t *biases, *multipliers;
    const int8_t *shifts;
    int32_t n, channels;
    int32_t out_zero, out_low, out_high;
    int8_t in_low;
    int8_t *scratch;
    const int8_t *x[2];
} stapes_nn_rows;

void stapes_nn_rows_begin(stapes_nn_rows *rows, const stapes_op *op, const stapes_map *maps,
                          const stapes_constants *constants, int32_t n, int8_t *scratch);

// Where to gather row 0 or 1 before it is loaded; not needed for a row that lies in the map already.
int8_t *stapes_nn_rows_place(const stapes_nn_rows *rows, int which);

// Takes row 0 or 1. It stays where it is, and must not change, until the rows have run.
void stapes_nn_rows_load(stapes_nn_rows *rows, int which, const int8_t *x);

// All channels of the two pixels at out0 and out1, which may be the same.
void stapes_nn_rows_run(const stapes_nn_rows *rows, int8_t *out0, int8_t *out1);

// Scratch, without and with a place to gather.
size_t stapes_nn_rows_bytes(int32_t n);
size_t stapes_nn_rows_bytes_gathered(int32_t n);

#endif
