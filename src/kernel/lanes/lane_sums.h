// Sums over the lanes of many vectors at once: LANES vectors are folded into one that holds their LANES sums,
// in the very tree of lane_sum (halves, quarters, ...), so the bits are the same and the work a few percent.
#ifndef STP_KERNEL_LANES_LANE_SUMS_H
#define STP_KERNEL_LANES_LANE_SUMS_H

#include "kernel/lanes/lane.h"

// Of a pair of vectors (a, b) cut in groups of 2n lanes, group by group: the first (h 0) or second (h 1) half
// of a's group, then of b's. Lane l of the result is lane LANE_FOLD of the pair.
#define LANE_FOLD(l, n, h)                                                                                   \
    ((l) / (2 * (n)) * (2 * (n)) + (h) * (n) +                                                               \
     ((l) % (2 * (n)) < (n) ? (l) % (2 * (n)) : LANES + (l) % (2 * (n)) - (n)))
#define LANE_FOLD4(l, n, h)                                                                                  \
    LANE_FOLD(l, n, h), LANE_FOLD(l + 1, n, h), LANE_FOLD(l + 2, n, h), LANE_FOLD(l + 3, n, h)
#if STP_LANES == 16
#define LANE_FOLD_ALL(n, h)                                                                                  \
    LANE_FOLD4(0, n, h), LANE_FOLD4(4, n, h), LANE_FOLD4(8, n, h), LANE_FOLD4(12, n, h)
#elif STP_LANES == 8
#define LANE_FOLD_ALL(n, h) LANE_FOLD4(0, n, h), LANE_FOLD4(4, n, h)
#else
#define LANE_FOLD_ALL(n, h) LANE_FOLD4(0, n, h)
#endif
#define LANE_FOLD_PAIR(a, b, n)                                                                              \
    (__builtin_shufflevector(a, b, LANE_FOLD_ALL(n, 0)) + __builtin_shufflevector(a, b, LANE_FOLD_ALL(n, 1)))

// x[0 .. LANES-1] (spoilt) to their sums.
LANE_INLINE lane_vec lane_sums_of(lane_vec *x) {
#if STP_LANES == 16
    STP_UNROLL
    for (int i = 0; i < 8; i++)
        x[i] = LANE_FOLD_PAIR(x[i], x[i + 8], 8);
#endif
#if STP_LANES >= 8
    STP_UNROLL
    for (int i = 0; i < 4; i++)
        x[i] = LANE_FOLD_PAIR(x[i], x[i + 4], 4);
#endif
    STP_UNROLL
    for (int i = 0; i < 2; i++)
        x[i] = LANE_FOLD_PAIR(x[i], x[i + 2], 2);
    return LANE_FOLD_PAIR(x[0], x[1], 1);
}

// out[i] = the sum of the lanes of vector i, n of them one after another.
static inline void lane_sums(const stp_real *vectors, ptrdiff_t n, stp_real *out) {
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lane_vec x[LANES];
        STP_UNROLL
        for (int k = 0; k < LANES; k++)
            x[k] = lane_load(vectors + (i + k) * LANES);
        lane_vec sum = lane_sums_of(x);
        __builtin_memcpy(out + i, &sum, sizeof sum); // out need not be aligned
    }
    for (; i < n; i++)
        out[i] = lane_sum(lane_load(vectors + i * LANES));
}

#endif
