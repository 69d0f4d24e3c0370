// What the Helium twins share: from vectors of sums to int8.
#ifndef STAPES_NN_MVE_H
#define STAPES_NN_MVE_H

#include <arm_mve.h>

// The vector twins of rescale.h. shift: as in the model, above 0 to the left.
static inline int32x4_t stapes_nn_vector_multiply(int32x4_t sum, int32x4_t multiplier, int32x4_t shift) {
    return vqrdmulhq_s32(vshlq_s32(sum, vmaxq_s32(shift, vdupq_n_s32(0))), multiplier);
}

static inline int32x4_t stapes_nn_vector_up(int32x4_t sum, int32x4_t multiplier, int32x4_t shift) {
    const int32x4_t right = vminq_s32(shift, vdupq_n_s32(0));
    return vrshlq_s32(stapes_nn_vector_multiply(sum, multiplier, shift), right);
}

// The instruction rounds halves up: below zero, where there is something to shift, one less makes that away.
// right: 0 or below.
static inline int32x4_t stapes_nn_vector_shift_away(int32x4_t x, int32x4_t right) {
    return vrshlq_s32(vaddq_s32(x, vshrq_n_s32(vandq_s32(x, right), 31)), right);
}

#endif
