// The depthwise result again, and the gradient of its weights, in one pass over the input: backward needs
// both from the same rows, and they are more than the first-level cache holds.
#ifndef STP_KERNEL_LANES_DW_BOTH_H
#define STP_KERNEL_LANES_DW_BOTH_H

#include "kernel/lanes/dw_gradient.h"

typedef struct dw_both {
    dw_gradient gradient;
    const stp_real *weights; // [channels][gradient.acc_chan], from the first row that takes part
    stp_real *d;             // written: [channels][columns]
} dw_both;

typedef void (*dw_both_fn)(const dw_both *job);

// NULL for taps, stride and dilation that have no such function.
dw_both_fn STP_LANE_NAME(stp_dw_both_pick)(int taps, int stride, int dilation);

#endif
