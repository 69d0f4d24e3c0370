// dd = pw^T dz of few channels, with dz made on the way (stp_upstream) and kept in registers.
#ifndef STP_KERNEL_LANES_DZ_FUSED_H
#define STP_KERNEL_LANES_DZ_FUSED_H

#include "kernel/lanes/lane.h"

typedef struct dz_fused {
    const stp_real *g, *z; // a row of the upstream gradient, [outputs] channels
    ptrdiff_t g_chan, z_chan;
    const stp_real *a, *b, *e; // [outputs]
    const stp_real *w_pw;      // [outputs][channels]
    stp_real *dz;              // where dz is to be kept ([outputs][columns]), or NULL
    stp_real *dd;              // a row, [channels]
    ptrdiff_t dd_chan;
    int channels, columns;
} dz_fused;

typedef void (*dz_fused_fn)(const dz_fused *job);

// NULL for a number of outputs that has no such function.
dz_fused_fn STP_LANE_NAME(stp_dz_fused_pick)(int outputs);

#endif
