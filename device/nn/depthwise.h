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

// How four channels come from sums to int8.
typedef struct stapes_nn_lanes {
    int32_t bias[4], multiplier[4], shift[4];
    int32_t count; // channels there are, 1 to 4
    int32_t zero, low, high;
} stapes_nn_lanes;

#endif
