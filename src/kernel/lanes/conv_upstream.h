// Panels of dz, the gradient of a convolution's raw output (stp_upstream): made apart, or by the first
// product that reads them.
#ifndef STP_KERNEL_LANES_CONV_UPSTREAM_H
#define STP_KERNEL_LANES_CONV_UPSTREAM_H

#include "kernel/lanes/conv_panel.h"

// Places of a chunk's pixels in g and in z.
typedef struct conv_upstream {
    const stp_upstream *up;
    conv_places g, z;
} conv_upstream;

static inline void conv_upstream_at(const stp_upstream *up, const conv_chunk *chunk, conv_upstream *at) {
    at->up = up;
    conv_places_out(chunk, up->g, &at->g);
    if (up->a)
        conv_places_out(chunk, up->z, &at->z);
}

LANE_INLINE lane_vec conv_dz(const stp_upstream *up, int m, ptrdiff_t g_at, ptrdiff_t z_at,
                             const int folded) {
    lane_vec g = lane_load(up->g.p + m * up->g.chan + g_at);
    return folded ? up->a[m] * g + (up->b[m] * lane_load(up->z.p + m * up->z.chan + z_at) + up->e[m]) : g;
}

// Channels m0 .. m0+count-1 of panel n: out[m][p], zeros after the last pixel; d_bias (vectors, one a
// channel, or NULL) gathers their sums.
static inline void conv_pack_upstream(const conv_upstream *at, int n, int m0, int count, stp_real *out,
                                      stp_real *d_bias) {
    const stp_upstream *up = at->up;
    const ptrdiff_t *g_at = at->g.at + n * PANEL, *z_at = at->z.at + n * PANEL;
    for (int m = 0; m < count; m++, out += PANEL_REALS) {
        lane_vec sum = lane_zero();
        for (int p = 0; p < PANEL; p++) {
            lane_vec dz = lane_zero();
            if (g_at[p] >= 0)
                dz = up->a ? conv_dz(up, m0 + m, g_at[p], z_at[p], 1) : conv_dz(up, m0 + m, g_at[p], 0, 0);
            lane_store(out + p * LANES, dz);
            sum += dz;
        }
        if (d_bias)
            lane_store(d_bias + m * LANES, lane_load(d_bias + m * LANES) + sum);
    }
}

// conv_tile over all channels of dz, made on the way: panel n, which must be whole, is put into `panel`.
LANE_INLINE void conv_tile_upstream(lane_vec *acc, const int rows, const conv_upstream *at, int n,
                                    stp_real *panel, const stp_real *w, ptrdiff_t w_row, ptrdiff_t w_step,
                                    const int folded) {
    const stp_upstream *up = at->up;
    const stp_real *g = up->g.p, *z = folded ? up->z.p : NULL;
    const ptrdiff_t *g_at = at->g.at + n * PANEL, *z_at = at->z.at + n * PANEL;
    for (int m = 0; m < up->g.c; m++, panel += PANEL_REALS, w += w_step, g += up->g.chan) {
        lane_vec column[PANEL], weight[TILE];
        STP_UNROLL
        for (int p = 0; p < PANEL; p++) {
            column[p] = lane_load(g + g_at[p]);
            if (folded)
                column[p] = up->a[m] * column[p] + (up->b[m] * lane_load(z + z_at[p]) + up->e[m]);
            lane_store(panel + p * LANES, column[p]);
        }
        if (folded)
            z += up->z.chan;
        STP_UNROLL
        for (int i = 0; i < rows; i++)
            weight[i] = lane_set(w[i * w_row]);
        STP_UNROLL
        for (int k = 0; k < rows * PANEL; k++)
            acc[k] += column[k % PANEL] * weight[k / PANEL];
    }
}

#endif
