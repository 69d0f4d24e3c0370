// A network as a list of operations with static shapes: supernet, found system and reference network alike.
//
// Tensors are [channels][height (time)][width (frequency)] for one sample; a lane block holds `lanes` of
// them. A tensor is either a storage or a view of some channels of one, so that slices, concatenation and
// channel shuffle cost nothing. A raw tensor can carry a batch norm: its value is then scale*z + shift with
// the group's statistics, and whoever consumes it (affine, mix, a depthwise convolution) folds that in on
// reading. A batch-normed tensor is read by nobody else.
#ifndef STP_GRAPH_GRAPH_H
#define STP_GRAPH_GRAPH_H

#include "base/arena.h"
#include "base/status.h"
#include "kernel/kernel.h"

#include <stdint.h>

typedef enum stp_op_kind {
    STP_OP_CONV,   // dense convolution
    STP_OP_DWPW,   // depthwise then pointwise, or depthwise alone
    STP_OP_POOL,   // max or average
    STP_OP_AFFINE, // batch norm and/or relu made a tensor of its own, with a halo when asked
    STP_OP_MIX,    // weighted sum of terms
    STP_OP_MEAN,   // global average pooling
    STP_OP_LINEAR, // fully connected
    STP_OP_KINDS
} stp_op_kind;

typedef struct stp_tensor {
    int c, h, w, halo;
    int storage;         // the tensor that owns the memory: itself unless this is a view
    int c_first, c_step; // of a view: channel i is channel c_first + i*c_step of the storage
    int bn;              // index of its batch norm, -1: none
    int transient;       // not kept for backward but made again there (cheap to make, large to keep)
    int maker;           // the operation that writes it, -1: an input, or filled piecewise
} stp_tensor;

typedef struct stp_bn {
    int tensor, channels;
    int gain, bias; // offsets of the affine part among the parameters, -1: none
    int state;      // offset in the running state: `channels` means, then `channels` variances
} stp_bn;

typedef struct stp_mix_term {
    int tensor;
    int coef; // index into the coefficients, -1: 1
    int drop; // drop path may drop this term
} stp_mix_term;

typedef struct stp_op {
    stp_op_kind kind;
    int in, out; // tensors; mix: in is -1
    stp_window window;
    int relu; // conv: rectifies its input; affine: rectifies its output
    stp_pool_kind pool;
    int weight, pointwise, bias; // offsets among the parameters, -1: none. dwpw: weight is the depthwise part
    int term_first, terms;
} stp_op;

// How a parameter begins.
typedef enum stp_param_kind {
    STP_PARAM_WEIGHT,
    STP_PARAM_BIAS,
    STP_PARAM_GAIN,
    STP_PARAM_SHIFT
} stp_param_kind;

typedef struct stp_param {
    char name[56]; // no other parameter of the graph has it, if no scope is opened twice
    stp_param_kind kind;
    int offset, count, fan_in;
} stp_param;

enum { STP_GRAPH_INPUTS = 64 };

typedef struct stp_graph {
    stp_arena *arena;
    stp_tensor *tensor;
    stp_bn *bn;
    stp_op *op;
    stp_mix_term *term;
    stp_param *param;
    int tensors, bns, ops, terms, params;
    int weights;                  // reals in all parameters together
    int states;                   // reals of running batch-norm state
    int coefs;                    // coefficients that mixes refer to: the builder's caller sets it
    int inputs[STP_GRAPH_INPUTS]; // input tensors
    int input_count;
    int output;       // logits, [classes][1][1]
    char scope[40];   // opens the names of parameters that are made now
    int scope_params; // parameters there were when it was opened
    int remake;       // depthwise convolutions and pools made from now on are transient
    int overfull;     // more of something than there is room for; stp_graph_finish reports it
} stp_graph;

stp_status stp_graph_create(stp_graph **graph, stp_err *err);
void stp_graph_destroy(stp_graph *graph);

// Builders return the new tensor. Shapes are checked by assert: only src/space builds.
int stp_graph_input(stp_graph *g, int c, int h, int w);
int stp_graph_tensor(stp_graph *g, int c, int h,
                     int w); // a storage that several operations fill (concatenation)
int stp_graph_view(stp_graph *g, int tensor, int c_first, int c_step, int count);
// SAME padding as TensorFlow's: ceil(size / stride) outputs, the odd pixel of padding at the end.
stp_window stp_window_same(int k_h, int k_w, int stride_h, int stride_w, int dilation, int h, int w);
int stp_window_out(int size, int stride); // ceil(size / stride)
// A convolution from `in` to a new tensor [channels][out_h][out_w], or to `into` when that is not negative (a
// view of a larger tensor, say). relu: of the input. bias: 0 or 1.
int stp_graph_conv(stp_graph *g, int in, int channels, stp_window window, int out_h, int out_w, int relu,
                   int bias, int into);
// Depthwise with SAME padding, then (pointwise 1) a 1x1 convolution to `channels`. The input needs a halo
// that covers the reach.
int stp_graph_dwpw(stp_graph *g, int in, int channels, int k, int stride, int dilation, int pointwise,
                   int bias);
int stp_graph_pool(stp_graph *g, stp_pool_kind kind, int in, int k, int stride);
int stp_graph_bn(stp_graph *g, int tensor, int affine); // attaches; returns the tensor
int stp_graph_affine(stp_graph *g, int in, int relu, int halo, int transient);
// out < 0 makes a new tensor of the first term's shape.
int stp_graph_mix(stp_graph *g, const stp_mix_term *terms, int count, int out);
int stp_graph_mean(stp_graph *g, int in);
int stp_graph_linear(stp_graph *g, int in, int outputs);
void stp_graph_scope(stp_graph *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
stp_status stp_graph_finish(stp_graph *g, int output, stp_err *err);

// Figures of a whole network, one sample. MACs: of convolutions and fully connected layers.
long long stp_graph_macs(const stp_graph *g);
// Reals as shipped: batch norm is folded, so that a normalised tensor costs one bias a channel.
long long stp_graph_deployed_weights(const stp_graph *g);

// What a batch norm's running statistics make of a channel: scale * z + shift.
void stp_bn_folded(const stp_graph *g, int bn, int channel, const stp_real *weights, const stp_real *running,
                   double *scale, double *shift);

// Start values: weights and biases uniform in +-1/sqrt(fan_in) (PyTorch's default: He et al. 2015 with a =
// sqrt 5), gains 1, shifts 0; running means 0, variances 1. A draw depends on the seed, the parameter's index
// and its place only.
void stp_graph_init(const stp_graph *g, uint64_t seed, stp_real *weights, stp_real *states);

#endif
