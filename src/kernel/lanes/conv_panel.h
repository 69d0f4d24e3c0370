// Convolution as small dense products. PANEL output pixels, taken in scan order whatever the row's width (so
// narrow maps have no tails), make a panel: [terms][PANEL] vectors, one term for each (channel, kernel row,
// kernel column), rectified and padded while it is copied. A panel stays in the first-level cache while every
// output channel reads it, rows 4 KiB apart do not meet there, and one product serves every kind of kernel.
// Panels are made a chunk at a time, so that main memory is read in long runs.
#ifndef STP_KERNEL_LANES_CONV_PANEL_H
#define STP_KERNEL_LANES_CONV_PANEL_H

#include "kernel/conv_scratch.h"
#include "kernel/lanes/lane.h"

// TILE output channels times PANEL pixels are accumulated in registers: 24 of 32, or 12 of 16.
enum { TILE = CONV_TILE, PANEL = LANES >= 16 ? 6 : 3, PANEL_REALS = PANEL * LANES };

// Pixels of an output in scan order. `count` of them exist; those that fill up the last panel do not.
typedef struct conv_chunk {
    int count, panels;
    int h[CONV_CHUNK_PIXELS], w[CONV_CHUNK_PIXELS];
} conv_chunk;

// Where the pixels of a chunk lie in a view, from view.p in channel 0; -1: outside of it, or no pixel.
typedef struct conv_places {
    ptrdiff_t at[CONV_CHUNK_PIXELS];
    int whole[CONV_CHUNK_PIXELS / PANEL]; // no -1 in this panel
} conv_places;

// At most `panels` panels from pixel `first` on; returns the pixel after the last.
static inline int conv_chunk_at(conv_chunk *chunk, int first, int panels, stp_view out) {
    int left = out.h * out.w - first, most = panels * PANEL, h = first / out.w, w = first % out.w;
    chunk->count = left < most ? left : most;
    chunk->panels = (chunk->count + PANEL - 1) / PANEL;
    for (int p = 0; p < chunk->count; p++) {
        chunk->h[p] = h;
        chunk->w[p] = w++;
        if (w == out.w) {
            w = 0;
            h++;
        }
    }
    return first + chunk->count;
}

static inline void conv_note_whole(const conv_chunk *chunk, conv_places *places) {
    for (int p = chunk->count; p < chunk->panels * PANEL; p++)
        places->at[p] = -1;
    for (int n = 0; n < chunk->panels; n++) {
        places->whole[n] = 1;
        for (int p = n * PANEL; p < (n + 1) * PANEL; p++)
            places->whole[n] &= places->at[p] >= 0;
    }
}

static inline void conv_places_out(const conv_chunk *chunk, stp_view out, conv_places *places) {
    for (int p = 0; p < chunk->count; p++)
        places->at[p] = chunk->h[p] * out.row + (ptrdiff_t)chunk->w[p] * LANES;
    conv_note_whole(chunk, places);
}

// Where tap (i, j) of the window meets the input, or a gradient of its shape.
static inline void conv_places_in(const conv_chunk *chunk, const stp_window *window, int i, int j,
                                  stp_view in, conv_places *places) {
    for (int p = 0; p < chunk->count; p++) {
        int h = chunk->h[p] * window->stride_h + i * window->dilation - window->pad_top;
        int w = chunk->w[p] * window->stride_w + j * window->dilation - window->pad_left;
        int inside = h >= 0 && h < in.h && w >= 0 && w < in.w;
        places->at[p] = inside ? h * in.row + (ptrdiff_t)w * LANES : -1;
    }
    conv_note_whole(chunk, places);
}

// One channel of a chunk at one tap; panels lie `step` reals apart in out.
LANE_INLINE void conv_pack_channel(const conv_places *places, int panels, const stp_real *in, const int relu,
                                   stp_real *out, ptrdiff_t step) {
    for (int n = 0; n < panels; n++, out += step) {
        const ptrdiff_t *at = places->at + n * PANEL;
        if (places->whole[n]) {
            STP_UNROLL
            for (int p = 0; p < PANEL; p++) {
                lane_vec x = lane_load(in + at[p]);
                lane_store(out + p * LANES, relu ? lane_relu(x) : x);
            }
            continue;
        }
        for (int p = 0; p < PANEL; p++) {
            lane_vec x = at[p] < 0 ? lane_zero() : lane_load(in + at[p]);
            lane_store(out + p * LANES, relu ? lane_relu(x) : x);
        }
    }
}

// The panels of an input: out[n * step + ((c * k_h + i) * k_w + j) * PANEL_REALS + p * LANES], n the panel.
static inline void conv_pack(const stp_window *window, int relu_in, stp_view in, const conv_chunk *chunk,
                             stp_real *out, ptrdiff_t step) {
    int taps = window->k_h * window->k_w;
    conv_places places;
    for (int t = 0; t < taps; t++) {
        conv_places_in(chunk, window, t / window->k_w, t % window->k_w, in, &places);
        for (int c = 0; c < in.c; c++) {
            stp_real *to = out + ((ptrdiff_t)c * taps + t) * PANEL_REALS;
            if (relu_in)
                conv_pack_channel(&places, chunk->panels, in.p + c * in.chan, 1, to, step);
            else
                conv_pack_channel(&places, chunk->panels, in.p + c * in.chan, 0, to, step);
        }
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
