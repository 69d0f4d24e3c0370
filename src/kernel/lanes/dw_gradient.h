// Gradient of depthwise weights from one row of the upstream gradient, for all channels:
// acc[c][i][k] += sum over p of g[c][p] * row_i[c][p*S + k*D], lane by lane.
#ifndef STP_KERNEL_LANES_DW_GRADIENT_H
#define STP_KERNEL_LANES_DW_GRADIENT_H

#include "kernel/lanes/dw_rows.h"

typedef struct dw_gradient {
    const stp_real *g;
    ptrdiff_t g_chan, in_chan;
    int count; // rows of the kernel that take part
    const stp_real *rows[DW_MAX_K];
    stp_real *acc;      // [channels][acc_chan][LANES], from the first of these rows
    ptrdiff_t acc_chan; // weights of a channel
    int taps, stride, dilation, channels, columns;
} dw_gradient;

typedef void (*dw_gradient_fn)(const dw_gradient *job);

dw_gradient_fn STP_LANE_NAME(stp_dw_gradient_pick)(int taps, int stride, int dilation);

#endif
