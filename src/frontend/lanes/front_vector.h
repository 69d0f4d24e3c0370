// front/front_core.h with a vector of clips. Sources in this folder are compiled once for each instruction
// set (cmake/lanes.cmake), never with contraction. Always float, also where the kernels are compiled in
// double.
#ifndef STP_FRONTEND_LANES_FRONT_VECTOR_H
#define STP_FRONTEND_LANES_FRONT_VECTOR_H

#include "frontend/front_lanes.h"

enum { LANES = STP_LANES };

typedef float front_vec __attribute__((vector_size(STP_LANES * 4), aligned(STP_LANES * 4)));
typedef uint32_t front_word __attribute__((vector_size(STP_LANES * 4), aligned(STP_LANES * 4)));
typedef int32_t front_int __attribute__((vector_size(STP_LANES * 4), aligned(STP_LANES * 4)));

#define FRONT_PASTE2(a, b) a##_##b
#define FRONT_PASTE(a, b) FRONT_PASTE2(a, b)
#define FRONT_NAME(name) FRONT_PASTE(name, STP_ISA_NAME)

#define FRONT_VALUE front_vec
#define FRONT_WORD front_word
#define FRONT_BITS(x) ((front_word)(x))
#define FRONT_OF_BITS(w) ((front_vec)(w))
#define FRONT_OF_COUNT(w) __builtin_convertvector((front_int)(w), front_vec)
#define FRONT_SAMPLES const front_vec *
#define FRONT_SAMPLE(p, i) ((p)[i])
// accumulators of the DCT: 16 of 32 registers with AVX-512, 8 of 16 elsewhere
#define FRONT_DCT_ROWS (STP_LANES == 16 ? 4 : 2)
#define FRONT_PARTS 4
#define FRONT_INLINE static inline __attribute__((always_inline))
#define FRONT_CALLED FRONT_INLINE
#define FRONT_TWICE
#if defined(__clang__)
#define FRONT_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FRONT_UNROLL _Pragma("GCC unroll 16")
#endif

#include "front/front_core.h"

#endif
