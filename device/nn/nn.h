// int8 operations as they run on a microcontroller, and on the host by the very same code. Each kernel is
// plain C99 that defines the result, with faster twins beside it for Cortex-M's DSP instructions and for
// Helium that give the same bits. No heap, no library, no double.
//
// A value is scale * (q - zero) (Jacob et al., "Quantization and Training of Neural Networks for Efficient
// Integer-Arithmetic-Only Inference", CVPR 2018). Rounding is TensorFlow Lite's: convolutions and fully
// connected layers round once (doubling high multiply with rounding, then a shift that rounds half up),
// depthwise convolutions, sums and averages as gemmlowp (the shift rounds half away from zero).
#ifndef STAPES_NN_NN_H
#define STAPES_NN_NN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// [h][w][c] int8 values in the arena, the channels of a pixel next to each other. A slice of a concatenation
// is a map with a pitch above its channels, so that to concatenate costs nothing.
typedef struct stapes_map {
    uint32_t offset;  // of the first value, in bytes from the arena's start
    uint16_t h, w, c; // h is time
    uint16_t pitch;   // bytes from one pixel to the next; c at least
    int8_t zero;      // the value that stands for 0, and that padding has
} stapes_map;

typedef enum stapes_op_kind {
    STAPES_CONV,            // weights [out c][k_h][k_w][in c]
    STAPES_POINTWISE,       // 1x1, stride 1; weights [out c][in c]
    STAPES_DEPTHWISE,       // weights [k_h][k_w][c]
    STAPES_MAX_POOL,        // padding never wins
    STAPES_AVERAGE_POOL,    // padding is not counted; input and output share scale and zero
    STAPES_ADD,             // of two maps of equal shape
    STAPES_FULLY_CONNECTED, // over all of the input, which has no gaps; weights [out c][in]
    STAPES_OP_KINDS
} stapes_op_kind;

// All constant data: indices and offsets, no pointers.
typedef struct stapes_op {
    uint8_t kind;
    uint8_t k_h, k_w, stride_h, stride_w, dilation; // 1 where they do not apply
    int8_t pad_top, pad_left; // rows and columns of padding before; -1: the first is skipped. What lies after
                              // the map is padding as far as windows reach
    int8_t in_low;            // smaller inputs are read as this one (a rectifier before); -128: none. At most
                              // the input's zero, so that padding stays what it is; add does not look at it
    int8_t out_low, out_high; // the result is clamped to these
    uint16_t in, second, out; // maps; second: of an add
    uint32_t weights;         // offset of the first weight in the model's weights
    uint32_t channel;         // offset into biases, multipliers and shifts, one an output channel.
                              // add: three of them, first input, second input, output; its bias is not used
} stapes_op;

// With acc = bias + sum of weight * input: out = clamp(rescale(acc, multiplier, shift) + zero of out). The
// input's zero point is part of the bias: bias = b - zero * sum of the weights, so a kernel multiplies stored
// values as they are, and padding has the value `zero`.
// multiplier is 2^31 times a factor from 1/2 to 1, shift the power of two from -31 to 29 (above 0: to the
// left). Weights are never -128; acc lies within +-2^30, also shifted to the left, so a channel has at most
// 65 000 of them.
// TensorFlow Lite's FULLY_CONNECTED (2.9) knows one multiplier for all channels; here each may have its own.
// Add: each input less its zero point is shifted left by 20, rescaled by its multiplier, both are summed and
// rescaled by the output's (TensorFlow Lite's ADD).
typedef struct stapes_constants {
    const int8_t *weights;
    const int32_t *biases, *multipliers;
    const int8_t *shifts;
} stapes_constants;

// Runs one operation. scratch: stapes_nn_scratch_bytes bytes of the arena, aligned to 4, that nobody else
// uses meanwhile. Maps of input and output must not overlap, but for add, whose output may be one of its
// inputs.
typedef void (*stapes_kernel)(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                              int8_t *arena, int8_t *scratch);

void stapes_nn_conv(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                    int8_t *arena, int8_t *scratch);
void stapes_nn_pointwise(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                         int8_t *arena, int8_t *scratch);
void stapes_nn_depthwise(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                         int8_t *arena, int8_t *scratch);
void stapes_nn_max_pool(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                        int8_t *arena, int8_t *scratch);
void stapes_nn_average_pool(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                            int8_t *arena, int8_t *scratch);
void stapes_nn_add(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                   int8_t *arena, int8_t *scratch);
void stapes_nn_fully_connected(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                               int8_t *arena, int8_t *scratch);

// Scratch that an operation needs; the same on every processor, so that the host can plan it.
size_t stapes_nn_scratch_bytes(const stapes_op *op, const stapes_map *maps);

#ifdef __cplusplus
}
#endif

#endif
