// One row of a depthwise convolution, for all channels: out[c][p] = sum_i sum_k w[c][i][k] * row_i[c][p*S +
// k*D]. The forward convolution is this; the gradient with respect to the input is this too, over rows of the
// upstream gradient with the kernel turned round (and, with a stride, once for each residue of the columns).
#ifndef STP_KERNEL_LANES_DW_ROWS_H
#define STP_KERNEL_LANES_DW_ROWS_H

#include "kernel/lanes/lane.h"

enum { DW_MAX_K = 16 }; // rows of a kernel

// Outputs pass where a rectifier let its input x through: out = scale[c] * x + shift[c] > 0 ? out : 0. Their
// sums, and those of out * x, are added to sums[c][2][LANES].
typedef struct dw_mask {
    const stp_real *x; // under output 0 of channel 0
    ptrdiff_t x_chan;
    const stp_real *scale, *shift;
    stp_real *sums;
} dw_mask;

typedef struct dw_rows {
    int count;                        // rows that take part
    const stp_real *rows[DW_MAX_K];   // channel 0, the column that tap 0 of output 0 reads
    const stp_real *weight[DW_MAX_K]; // channel 0, tap 0
    ptrdiff_t in_chan, weight_chan;
    int taps, stride, dilation;
    stp_real *out;
    ptrdiff_t out_chan, out_step; // out_step: from an output to the next, LANES unless columns are left out
    int channels, columns;
    int add;              // 1: added to what is there
    const stp_real *bias; // [channels], or NULL
    const dw_mask *mask;  // read by functions of stp_dw_masked_pick alone
} dw_rows;

typedef void (*dw_rows_fn)(const dw_rows *job);

// The fastest function for these taps, stride and dilation; there always is one.
dw_rows_fn STP_LANE_NAME(stp_dw_rows_pick)(int taps, int stride, int dilation);
// The same at stride 1 with a mask, without a bias and with nothing to add to; out_step is LANES. NULL where
// there is none.
dw_rows_fn STP_LANE_NAME(stp_dw_masked_pick)(int taps, int dilation);

#endif
