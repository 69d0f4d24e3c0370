// The arithmetic with one clip: how the device instantiates front_core.h.
#ifndef STAPES_FRONT_FRONT_SCALAR_H
#define STAPES_FRONT_FRONT_SCALAR_H

#include "front/front.h"

#define FRONT_VALUE float
#define FRONT_WORD uint32_t
#define FRONT_BITS(x) front_bits(x)
#define FRONT_OF_BITS(w) front_of_bits(w)
#define FRONT_OF_COUNT(w) ((float)(int32_t)(w))
#define FRONT_SAMPLES const int16_t *
#define FRONT_SAMPLE(p, i) ((float)(p)[i])
#define FRONT_DCT_ROWS 1
#define FRONT_PARTS 1
// FRONT_COLD: what runs once, in init, and shall be small.
#if defined(__GNUC__)
#define FRONT_INLINE static inline __attribute__((always_inline))
#define FRONT_COLD __attribute__((cold))
#define FRONT_CALLED static __attribute__((noinline, unused))
#define FRONT_UNROLL _Pragma("GCC unroll 4")
#define FRONT_TWICE _Pragma("GCC unroll 2")
#else
#define FRONT_INLINE static inline
#define FRONT_COLD
#define FRONT_CALLED static
#define FRONT_UNROLL
#define FRONT_TWICE
#endif

FRONT_INLINE uint32_t front_bits(float x) {
    union {
        float value;
        uint32_t bits;
    } u;
    u.value = x;
    return u.bits;
}

FRONT_INLINE float front_of_bits(uint32_t bits) {
    union {
        float value;
        uint32_t bits;
    } u;
    u.bits = bits;
    return u.value;
}

#include "front/front_core.h"

// Running checksum of features (FNV-1a over words).
FRONT_INLINE uint32_t front_mix(uint32_t sum, float x) {
    return (sum ^ front_bits(x)) * 16777619u;
}

// Compares some thousand rounded operations with what IEEE 754 single precision gives without contraction.
// Returns 1 when all bits agree.
int stapes_front_arithmetic_ok(void);

#endif
