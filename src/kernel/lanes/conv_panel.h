// Convolution as small dense products. PANEL output pixels, taken in scan order whatever the row's width (so
// narrow maps have no tails), make a panel: [terms][PANEL] vectors, one term for each (channel, kernel row,
// kernel column), rectified and padded while it is copied. A panel stays in the first-level cache while every
// output channel reads it, rows 4 KiB apart do not meet there, and one product serves every kind of kernel.
#ifndef STP_KERNEL_LANES_CONV_PANEL_H
#define STP_KERNEL_LANES_CONV_PANEL_H

#include "kernel/lanes/lane.h"

// TILE output channels times PANEL pixels are accumulated in registers: 24 of 32, or 12 of 16.
enum { TILE = 4, PANEL = LANES >= 16 ? 6 : 3, PANEL_REALS = PANEL * LANES };

typedef struct conv_panel {
    int count; // pixels that exist; the rest of a last panel is zeros
    int h[PANEL], w[PANEL];
} conv_panel;

LANE_INLINE conv_panel conv_panel_at(int first, stp_view out) {
    conv_panel panel = {.count = out.h * out.w - first};
    if (panel.count > PANEL)
        panel.count = PANEL;
    int h = first / out.w, w = first % out.w;
    for (int p = 0; p < PANEL; p++) {
        panel.h[p] = h;
        panel.w[p] = w;
        if (++w == out.w) {
            w = 0;
            h++;
        }
    }
    return panel;
}

// Distance from view.p to each pixel of the panel in channel 0.
LANE_INLINE void conv_panel_offsets(const conv_panel *panel, stp_view view, ptrdiff_t offset[PANEL]) {
    for (int p = 0; p < PANEL; p++)
        offset[p] = panel->h[p] * view.row + (ptrdiff_t)panel->w[p] * LANES;
}

// The same, where tap (i, j) of the window meets the input `view`; -1 where that is outside.
LANE_INLINE void conv_tap_offsets(const stp_window *window, const conv_panel *panel, int i, int j,
                                  stp_view view, ptrdiff_t offset[PANEL]) {
    for (int p = 0; p < PANEL; p++) {
        int h = panel->h[p] * window->stride_h + i * window->dilation - window->pad_top;
        int w = panel->w[p] * window->stride_w + j * window->dilation - window->pad_left;
        int inside = p < panel->count && h >= 0 && h < view.h && w >= 0 && w < view.w;
        offset[p] = inside ? h * view.row + (ptrdiff_t)w * LANES : -1;
    }
}

LANE_INLINE void conv_pack_tap(stp_view in, const ptrdiff_t offset[PANEL], int relu, stp_real *out,
                               ptrdiff_t out_step) {
    static const lane_vec zero;
    const stp_real *from[PANEL];
    ptrdiff_t step[PANEL];
    for (int p = 0; p < PANEL; p++) {
        from[p] = offset[p] < 0 ? (const stp_real *)&zero : in.p + offset[p];
        step[p] = offset[p] < 0 ? 0 : in.chan;
    }
    for (int c = 0; c < in.c; c++, out += out_step) {
        STP_UNROLL
        for (int p = 0; p < PANEL; p++) {
            lane_vec x = lane_load(from[p]);
            lane_store(out + p * LANES, relu ? lane_relu(x) : x);
            from[p] += step[p];
        }
    }
}

// The panel of an input: out[(c * k_h + i) * k_w + j][p].
static inline void conv_pack(const stp_window *window, int relu_in, stp_view in, const conv_panel *panel,
                             stp_real *out) {
    int taps = window->k_h * window->k_w;
    for (int t = 0; t < taps; t++) {
        ptrdiff_t offset[PANEL];
        conv_tap_offsets(window, panel, t / window->k_w, t % window->k_w, in, offset);
        stp_real *to = out + t * PANEL_REALS;
        if (relu_in)
            conv_pack_tap(in, offset, 1, to, taps * PANEL_REALS);
        else
            conv_pack_tap(in, offset, 0, to, taps * PANEL_REALS);
    }
}

// acc[i][p] += sum over steps s of w[i * w_row + s * w_step] * x[s][p], for `rows` rows of PANEL pixels. acc
// is flat and the loops over it unrolled: only so do the compilers keep it in registers.
LANE_INLINE void conv_tile(lane_vec *acc, const int rows, int steps, const stp_real *x, const stp_real *w,
                           ptrdiff_t w_row, ptrdiff_t w_step) {
    for (int s = 0; s < steps; s++, x += PANEL_REALS, w += w_step) {
        lane_vec column[PANEL], weight[TILE];
        STP_UNROLL
        for (int p = 0; p < PANEL; p++)
            column[p] = lane_load(x + p * LANES);
        STP_UNROLL
        for (int i = 0; i < rows; i++)
            weight[i] = lane_set(w[i * w_row]);
        STP_UNROLL
        for (int n = 0; n < rows * PANEL; n++)
            acc[n] += column[n % PANEL] * weight[n / PANEL];
    }
}

#endif
