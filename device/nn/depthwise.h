// What the parts of the depthwise convolution share. Four channels at a time: their inputs are copied into a
// plane of scratch that has the padding around it, a word a pixel, so that no window has a border; a large
// map is taken in strips of output rows, so that the plane stays small.
#ifndef STAPES_NN_DEPTHWISE_H
#define STAPES_NN_DEPTHWISE_H

#include "nn/nn.h"

typedef struct stapes_nn_plane {
    int32_t columns;    // pixels of a row
    int32_t window;     // rows that one output row sees
    int32_t strip;      // output rows at a time
    int32_t taps_bytes; // the taps' table stands before the plane
} stapes_nn_plane;

stapes_nn_plane stapes_nn_plane_of(const stapes_op *op, const stapes_map *maps);
size_t stapes_nn_depthwise_bytes(const stapes_op *op, const stapes_map *maps);

// Four channels, fewer at the end: how they come from sums to int8.
typedef struct stapes_nn_lanes {
    int32_t bias[4], multiplier[4], shift[4];
    int32_t count; // channels there are, 1 to 4
    int32_t zero;
    int8_t low, high;
} stapes_nn_lanes;

// The twins differ in what they keep of a tap and in how they run a row.

// Writes the table of a window's taps (offsets in the plane, weights of four channels) and returns its end.
// At most 20 bytes a tap, and 24. weights: of the first of the four channels.
int8_t *stapes_nn_taps_make(const stapes_op *op, const stapes_nn_plane *plane, const int8_t *weights,
                            int32_t channels, int32_t count, int8_t *table);

// One row of outputs. x: the first window's first pixel in the plane; step: bytes to the next window's; y:
// the first output.
void stapes_nn_taps_run(const int8_t *table, const int8_t *end, const stapes_nn_lanes *lanes, const int8_t *x,
                        int32_t step, int8_t *y, const stapes_map *out);

#endif
