// A trained network as a list of int8 operations: the one thing that all exporters read, and what the host
// runs. Shapes and ties come from lowering (lower.h), scales from calibration (calibrate.h), int8 numbers
// from quantising (quantise.h).
//
// The arithmetic is TensorFlow Lite's (device/nn/nn.h says how it rounds): a value is scale * (q - zero),
// weights are symmetric, -127 to 127, with a scale for each output channel (one for all of a fully connected
// layer, which TensorFlow Lite 2.9 wants), biases are int32 with the scale of input times weight and are kept
// as they are, without the input's zero point.
#ifndef STP_QUANT_INT8_NET_H
#define STP_QUANT_INT8_NET_H

#include "graph/graph.h"
#include "nn/nn.h"

enum { STP_INT8_NAME_BYTES = 80 };

// A scale and zero point, shared by every storage that refers to it: a concatenation has one, and so have
// the source and the result of a pool.
typedef struct stp_int8_scale {
    double low, high; // the range that it covers
    float scale;
    int zero;
    int positive; // everything written with it is clamped at 0
} stp_int8_scale;

typedef struct stp_int8_storage {
    int h, w, c;
    int scale; // index
} stp_int8_storage;

// Some channels of a storage: all, or the part of a concatenation.
typedef struct stp_int8_tensor {
    int storage, c_first, c;
} stp_int8_tensor;

typedef struct stp_int8_op {
    char name[STP_INT8_NAME_BYTES]; // unique
    stapes_op_kind kind;
    int in, second, out;   // tensors; second: of an add, else -1
    stp_window window;     // 1x1 and stride 1 where there is none; an average over the whole map is a pool
    int relu_in;           // a negative input is read as 0 (convolutions only)
    int relu_out;          // a negative result is written as 0
    int weight, weights;   // the first weight and how many; in the order that nn.h gives for its kind
    int channel, channels; // the first of biases, weight scales, multipliers and shifts; add: three, in the
                           // order first input, second input, output; pools: none
} stp_int8_op;

typedef struct stp_int8_net {
    stp_arena *arena;
    int ops, tensors, storages, scales, weights, channels;
    int input, output; // tensors: [frames][coefficients][1] features and [1][1][classes] logits
    stp_int8_op *op;
    stp_int8_tensor *tensor;
    stp_int8_storage *storage;
    stp_int8_scale *scale;
    // Batch norm folded, in floats: [weights] and [channels].
    float *weight, *bias;
    // As they ship; valid when quantised.
    int8_t *weight_q;
    float *weight_scale; // [channels], of each output channel
    int32_t *bias_q, *multiplier;
    int8_t *shift; // positive: to the left
} stp_int8_net;

// Weights of one output channel: consecutive but for a depthwise convolution, where they are `stride` apart.
typedef struct stp_int8_kernel {
    int first, count, stride;
} stp_int8_kernel;

void stp_int8_net_destroy(stp_int8_net *net);

int stp_int8_is_weighted(stapes_op_kind kind); // convolutions and fully connected layers
const char *stp_int8_kind_name(stapes_op_kind kind);
const stp_int8_storage *stp_int8_storage_of(const stp_int8_net *net, int tensor);
const stp_int8_scale *stp_int8_scale_of(const stp_int8_net *net, int tensor);
stp_int8_kernel stp_int8_kernel_of(const stp_int8_op *op, int channel);
// Least int8 value that an operation writes.
int stp_int8_low(const stp_int8_net *net, const stp_int8_op *op);

#endif
