// The gradient of a raw output, row by row (stp_upstream, kernel.h). Backward kernels never hold a whole dz:
// a row of it is made into scratch, used while it is in the first-level cache, and forgotten.
#ifndef STP_KERNEL_LANES_UPSTREAM_H
#define STP_KERNEL_LANES_UPSTREAM_H

#include "kernel/lanes/lane.h"

typedef struct upstream_row {
    const stp_real *p; // element (channel c, column w) at p[c * chan + w * LANES]
    ptrdiff_t chan;
} upstream_row;

// Row h of dz. `into` holds g.c * g.w vectors, `chan` reals from channel to channel (at least g.w * LANES);
// it stays untouched where dz is g itself, which is then handed out in place.
LANE_INLINE upstream_row upstream_make_row(const stp_upstream *up, int h, stp_real *into, ptrdiff_t chan) {
    const stp_real *g = up->g.p + h * up->g.row;
    if (!up->a)
        return (upstream_row){g, up->g.chan};
    const stp_real *z = up->z.p + h * up->z.row;
    for (int c = 0; c < up->g.c; c++) {
        const stp_real *gc = g + c * up->g.chan, *zc = z + c * up->z.chan;
        stp_real *out = into + c * chan;
        lane_vec a = lane_set(up->a[c]), b = lane_set(up->b[c]), e = lane_set(up->e[c]);
        for (int i = 0; i < up->g.w * LANES; i += LANES)
            lane_store(out + i, a * lane_load(gc + i) + (b * lane_load(zc + i) + e));
    }
    return (upstream_row){into, chan};
}

#endif
