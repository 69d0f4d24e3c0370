// The vector of lanes. Sources in this folder are compiled once for each instruction set (cmake/lanes.cmake)
// with STP_LANES, STP_ISA_NAME and STP_REAL defined; STP_LANE_NAME gives their functions a name of their own.
#ifndef STP_KERNEL_LANES_LANE_H
#define STP_KERNEL_LANES_LANE_H

#include "kernel/kernel.h"

// The set that is being compiled, not what the compiler's flags would allow to all of them (-march=native).
#if STP_LANES == 16 && defined(__AVX512F__)
#define STP_LANE_MAX _mm512_max_ps
#elif STP_LANES == 8 && defined(__AVX2__)
#define STP_LANE_MAX _mm256_max_ps
#endif
#ifdef STP_LANE_MAX
#include <immintrin.h>
#endif

enum { LANES = STP_LANES };

typedef stp_real lane_vec
    __attribute__((vector_size(STP_LANES * sizeof(stp_real)), aligned(STP_LANES * sizeof(stp_real))));

#define STP_LANE_PASTE2(a, b) a##_##b
#define STP_LANE_PASTE(a, b) STP_LANE_PASTE2(a, b)
#define STP_LANE_NAME(name) STP_LANE_PASTE(name, STP_ISA_NAME)

#define LANE_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define STP_UNROLL _Pragma("clang loop unroll(full)")
#else
#define STP_UNROLL _Pragma("GCC unroll 32")
#endif

// gcc 12 repeats a load in every product that uses it, which then wait for the load ports, and keeps one
// index register for every distance from a pointer, until it runs out of them. What went through these stays
// in one register; they make no instruction.
LANE_INLINE const stp_real *lane_base(const stp_real *p) {
#if defined(__GNUC__)
    __asm__("" : "+r"(p));
#endif
    return p;
}
LANE_INLINE lane_vec lane_held(lane_vec x) {
#if defined(__AVX2__)
    __asm__("" : "+v"(x));
#endif
    return x;
}

LANE_INLINE lane_vec lane_load(const stp_real *p) {
    return *(const lane_vec *)p;
}
LANE_INLINE void lane_store(stp_real *p, lane_vec x) {
    *(lane_vec *)p = x;
}
LANE_INLINE lane_vec lane_set(stp_real x) {
    return x - (lane_vec){0};
}
LANE_INLINE lane_vec lane_zero(void) {
    return (lane_vec){0};
}
// A comparison gives all-ones where true. mask ? x : +0; gcc and clang make a masked move or a maximum of it.
typedef __typeof__((lane_vec){0} > (lane_vec){0}) lane_mask;
LANE_INLINE lane_vec lane_keep(lane_mask mask, lane_vec x) {
    return (lane_vec)((lane_mask)x & mask);
}
LANE_INLINE lane_vec lane_pick(lane_mask mask, lane_vec x, lane_vec y) {
    return (lane_vec)(((lane_mask)x & mask) | ((lane_mask)y & ~mask));
}
// a where a > b, else b: of zeros and NaN too just what x86's maximum says, which gcc 12 does not make of it.
LANE_INLINE lane_vec lane_max(lane_vec a, lane_vec b) {
#ifdef STP_LANE_MAX
    return (lane_vec)STP_LANE_MAX(a, b);
#else
    return lane_pick(a > b, a, b);
#endif
}
LANE_INLINE lane_vec lane_relu(lane_vec x) {
    return lane_max(x, lane_zero());
}

// Sum over lanes in a fixed tree: halves, quarters, ... Narrower vectors do what they can: a loop over single
// lanes goes through memory at every level.
typedef stp_real lane_quad __attribute__((vector_size(4 * sizeof(stp_real))));

LANE_INLINE lane_quad lane_quarter(lane_vec x, int first) {
    lane_quad q;
    __builtin_memcpy(&q, (const char *)&x + first * sizeof(stp_real), sizeof q);
    return q;
}
LANE_INLINE stp_real lane_sum(lane_vec x) {
    lane_quad q = lane_quarter(x, 0);
    if (LANES == 8)
        q += lane_quarter(x, 4 % LANES);
    if (LANES == 16)
        q = (q + lane_quarter(x, 8 % LANES)) + (lane_quarter(x, 4 % LANES) + lane_quarter(x, 12 % LANES));
    return (q[0] + q[2]) + (q[1] + q[3]);
}

static inline void lane_clear_view(stp_view view) {
    for (int h = 0; h < view.h; h++)
        for (int c = 0; c < view.c; c++)
            for (int w = 0; w < view.w; w++)
                lane_store(view.p + h * view.row + c * view.chan + w * LANES, lane_zero());
}

#endif
