// From a sum of products to the next map's int8, in TensorFlow Lite's two roundings. multiplier is 2^31 times
// a factor from 1/2 to 1, shift the power of two. Sums, also shifted to the left, lie within 2^30.
// Negative numbers are shifted to the right arithmetically, as every compiler here does.
#ifndef STAPES_NN_RESCALE_H
#define STAPES_NN_RESCALE_H

#include <stdint.h>

#include "nn/processor.h"

// round(a * b / 2^31), halves up.
static inline int32_t stapes_nn_high_multiply(int32_t a, int32_t b) {
#if STAPES_NN_DSP && STAPES_NN_DSP_INSTRUCTIONS
    int32_t high; // (2 a b + 2^31) / 2^32, for which the compiler has no pattern
    __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(a * 2), "r"(b));
    return high;
#else
    const int64_t twice =
        (int64_t)(a * 2) * b; // its high half, and one more where the low one's top bit says
    return (int32_t)(twice >> 32) + (int32_t)((uint32_t)twice >> 31);
#endif
}

// round(x / 2^bits), halves up; bits from 0 to 31.
static inline int32_t stapes_nn_shift_up(int32_t x, int32_t bits) {
    return bits > 0 ? ((x >> (bits - 1)) + 1) >> 1 : x;
}

// round(x / 2^bits), halves away from zero.
static inline int32_t stapes_nn_shift_away(int32_t x, int32_t bits) {
    return bits > 0 ? (((x - (x < 0)) >> (bits - 1)) + 1) >> 1 : x;
}

// Convolutions and fully connected layers.
static inline int32_t stapes_nn_rescale_up(int32_t sum, int32_t multiplier, int32_t shift) {
    if (shift > 0)
        return stapes_nn_high_multiply(sum * ((int32_t)1 << shift), multiplier);
    return stapes_nn_shift_up(stapes_nn_high_multiply(sum, multiplier), -shift);
}

// Depthwise convolutions and sums of maps.
static inline int32_t stapes_nn_rescale_away(int32_t sum, int32_t multiplier, int32_t shift) {
    if (shift > 0)
        return stapes_nn_high_multiply(sum * ((int32_t)1 << shift), multiplier);
    return stapes_nn_shift_away(stapes_nn_high_multiply(sum, multiplier), -shift);
}

static inline int32_t stapes_nn_clamp(int32_t x, int32_t low, int32_t high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

#endif
