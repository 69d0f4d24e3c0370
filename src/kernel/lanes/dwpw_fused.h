// Depthwise and pointwise convolution of few channels without a row between: the depthwise values of a tile
// never leave the registers.
#ifndef STP_KERNEL_LANES_DWPW_FUSED_H
#define STP_KERNEL_LANES_DWPW_FUSED_H

#include "kernel/lanes/dw_rows.h"

typedef struct dwpw_fused {
    dw_rows dw;           // its `out` is not used
    const stp_real *w_pw; // [outputs][channels]
    const stp_real *bias; // [outputs], or NULL
    stp_real *z, *sums;   // a row of z; sums [outputs][2][LANES] or NULL
    ptrdiff_t z_chan;
    int outputs;
} dwpw_fused;

typedef void (*dwpw_fused_fn)(const dwpw_fused *job);

// NULL where the general way is to be taken: more channels than registers hold, or an unusual window.
dwpw_fused_fn STP_LANE_NAME(stp_dwpw_fused_pick)(int channels, int taps, int stride, int dilation);

#endif
