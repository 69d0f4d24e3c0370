// Instructions that a processor of the table will take, predicted from shapes alone: cheap enough to be asked
// for every candidate of a search (about a thousand instructions an operation; nothing is built or
// allocated).
#ifndef STP_COST_OP_COST_H
#define STP_COST_OP_COST_H

#include "cost/processor.h"
#include "frontend/front_spec.h"
#include "nn/nn.h"

// One operation. Of `op` and `maps` only what makes loops is looked at: kind, window, strides, dilation and
// padding, whether the input is rectified (in_low above -128), sizes and pitches. Weights, scales and places
// in memory may be missing.
long long stp_op_instructions(stp_processor processor, const stapes_op *op, const stapes_map *maps);
long long stp_op_macs(const stapes_op *op, const stapes_map *maps); // padding counted, as everybody does
// One row of features: a hop's samples, and the row they complete. Half a million instructions: the mel
// filters are made, to count their bins.
long long stp_front_instructions(stp_processor processor, const stp_front_spec *spec);

// The same for who has no network yet, as a search: an operation on a map of its own with SAME padding, whose
// result is a map of its own. An add's inputs and result have one shape; out_channels is looked at by
// convolutions and fully connected layers alone.
typedef struct stp_op_shape {
    stapes_op_kind kind;
    int h, w, channels, out_channels;
    int k_h, k_w, stride, dilation; // 1 where they do not apply
    int rectified;                  // reads its input through a rectifier that nobody before it applied
} stp_op_shape;

long long stp_shape_instructions(stp_processor processor, const stp_op_shape *shape);

#endif
