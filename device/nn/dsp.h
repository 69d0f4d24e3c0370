// Cortex-M's DSP instructions by what they are used for: bytes widened to pairs of 16 bits, pairs multiplied
// and added. In C as well, so that the kernels built on them can be tested anywhere.
#ifndef STAPES_NN_DSP_H
#define STAPES_NN_DSP_H

#include "nn/processor.h"

#include <stdint.h>

#if STAPES_NN_DSP_INSTRUCTIONS
#include <arm_acle.h>

// Bytes 0 and 2, with their signs; bytes 1 and 3.
static inline uint32_t stapes_nn_even(uint32_t x) {
    return (uint32_t)__sxtb16((int8x4_t)x);
}

static inline uint32_t stapes_nn_odd(uint32_t x) {
    uint32_t odd; // the compiler has no pattern for the rotation that the instruction does on the way
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(odd) : "r"(x));
    return odd;
}

// sum + low half of a times low half of b + high half of a times high half of b.
static inline int32_t stapes_nn_dot(uint32_t a, uint32_t b, int32_t sum) {
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
}

// The larger of each pair of bytes.
static inline uint32_t stapes_nn_larger(uint32_t a, uint32_t b) {
    (void)__ssub8((int8x4_t)a, (int8x4_t)b); // tells sel which
    return (uint32_t)__sel(a, b);
}

// Two sums of 16 bits; each gets byte 0 and 2, or 1 and 3, of x.
static inline uint32_t stapes_nn_add_even(uint32_t sums, uint32_t x) {
    return (uint32_t)__sxtab16((int16x2_t)sums, (int8x4_t)x);
}

static inline uint32_t stapes_nn_add_odd(uint32_t sums, uint32_t x) {
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(sums) : "r"(x));
    return sums;
}

// x / 2, rounded down, between -128 and 127.
static inline int32_t stapes_nn_saturate_half(int32_t x) {
    __asm__("ssat %0, #8, %0, asr #1" : "+r"(x));
    return x;
}

// The smaller of each pair of bytes.
static inline uint32_t stapes_nn_smaller(uint32_t a, uint32_t b) {
    (void)__ssub8((int8x4_t)a, (int8x4_t)b);
    return (uint32_t)__sel(b, a);
}

#else

static inline uint32_t stapes_nn_pair(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;
}

static inline uint32_t stapes_nn_even(uint32_t x) {
    return stapes_nn_pair((int8_t)(x & 255), (int8_t)(x >> 16 & 255));
}

static inline uint32_t stapes_nn_odd(uint32_t x) {
    return stapes_nn_even(x >> 8);
}

static inline int32_t stapes_nn_dot(uint32_t a, uint32_t b, int32_t sum) {
    return sum + (int16_t)(a & 0xffffu) * (int16_t)(b & 0xffffu) + (int16_t)(a >> 16) * (int16_t)(b >> 16);
}

static inline uint32_t stapes_nn_larger(uint32_t a, uint32_t b) {
    uint32_t larger = 0;
    for (int i = 0; i < 32; i += 8)
        larger |= ((int8_t)(a >> i & 255) >= (int8_t)(b >> i & 255) ? a : b) & 255u << i;
    return larger;
}

static inline uint32_t stapes_nn_add_even(uint32_t sums, uint32_t x) {
    const uint32_t even = stapes_nn_even(x);
    return ((sums + even) & 0xffffu) | ((sums & 0xffff0000u) + (even & 0xffff0000u));
}

static inline uint32_t stapes_nn_add_odd(uint32_t sums, uint32_t x) {
    return stapes_nn_add_even(sums, x >> 8);
}

static inline int32_t stapes_nn_saturate_half(int32_t x) {
    return x >> 1 < -128 ? -128 : x >> 1 > 127 ? 127 : x >> 1;
}

static inline uint32_t stapes_nn_smaller(uint32_t a, uint32_t b) {
    return ~stapes_nn_larger(~a, ~b);
}

#endif

// The low halves of a and b, low and high; the high halves.
static inline uint32_t stapes_nn_low_halves(uint32_t a, uint32_t b) {
#if STAPES_NN_DSP_INSTRUCTIONS
    __asm__("pkhbt %0, %0, %1, lsl #16" : "+r"(a) : "r"(b));
    return a;
#else
    return (a & 0xffffu) | b << 16;
#endif
}

static inline uint32_t stapes_nn_high_halves(uint32_t a, uint32_t b) {
    return a >> 16 | (b & 0xffff0000u);
}

// Bytes of a word.
static inline uint32_t stapes_nn_bytes(int32_t a, int32_t b, int32_t c, int32_t d) {
#if STAPES_NN_DSP_INSTRUCTIONS
    __asm__("bfi %0, %1, #8, #8" : "+r"(a) : "r"(b));
    __asm__("bfi %0, %1, #8, #8" : "+r"(c) : "r"(d));
    return stapes_nn_low_halves((uint32_t)a, (uint32_t)c);
#else
    return ((uint32_t)a & 255) | ((uint32_t)b & 255) << 8 | ((uint32_t)c & 255) << 16 | (uint32_t)d << 24;
#endif
}

// The byte x four times.
static inline uint32_t stapes_nn_four(int8_t x) {
    return (uint8_t)x * 0x01010101u;
}

#endif
