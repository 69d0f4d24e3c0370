// Convolution as small dense products. PANEL output pixels, taken in scan order whatever the row's width (so
// narrow maps have no tails), make a panel: [terms][PANEL] vectors, one term for each (channel, kernel row,
// kernel column), rectified and padded while it is copied. A panel stays in the first-level cache while every
// output channel reads it, rows 4 KiB apart do not meet there, and one product serves every kind of kernel.
// Panels are made a chunk at a time, so that main memory is read in long runs.
#ifndef STP_KERNEL_LANES_CONV_PANEL_H
#define STP_KERNEL_LANES_CONV_PANEL_H

#include "kernel/conv_scratch.h"
#include "kernel/lanes/lane.h"

#include <stdint.h>

// TILE output channels times PANEL pixels are accumulated in registers: 20 of 32, or 12 of 16.
enum { TILE = CONV_TILE, PANEL = LANES >= 16 ? 5 : 3, PANEL_REALS = PANEL * LANES };

// Short vectors hold fewer bytes of a row. Backward, dz and the input share the caches, which counts for more
// there.
enum {
    FORWARD_PIXELS = LANES >= 16 ? CONV_MANY_PIXELS : CONV_CHUNK_PIXELS,
    BACKWARD_PIXELS = LANES >= 16 ? CONV_MANY_PIXELS : CONV_FEW_PIXELS
};

// Pixels of an output in scan order, the first at (h, w). `count` of them exist; those that fill up the last
// panel do not.
typedef struct conv_chunk {
    int h, w, width, count, panels;
} conv_chunk;

// Where the pixels of a chunk lie in a view, from view.p in channel 0; -1: outside of it, or no pixel.
typedef struct conv_places {
    ptrdiff_t at[CONV_CHUNK_PIXELS];
    int whole[CONV_CHUNK_PIXELS / PANEL]; // no -1 in this panel
} conv_places;

// At most `panels` panels from pixel `first` on; count 0 after the last pixel.
LANE_INLINE conv_chunk conv_chunk_at(int first, int panels, stp_view out) {
    int left = out.h * out.w - first, most = panels * PANEL, count = left < most ? left : most;
    return (conv_chunk){first / out.w, first % out.w, out.w, count, (count + PANEL - 1) / PANEL};
}

// How an output's rows and columns lie in a view, and which of them do.
typedef struct conv_grid {
    ptrdiff_t origin, row, column;
    int h_from, h_to, w_from, w_to;
} conv_grid;

static inline void conv_place(const conv_chunk *chunk, const conv_grid *grid, conv_places *places) {
    int h = chunk->h, w = chunk->w;
    for (int p = 0, run; p < chunk->count; p += run, h++, w = 0) {
        run = chunk->width - w < chunk->count - p ? chunk->width - w : chunk->count - p;
        ptrdiff_t at = grid->origin + h * grid->row + w * grid->column;
        int in_rows = h >= grid->h_from && h < grid->h_to;
        int from = in_rows ? grid->w_from - w : run, to = in_rows ? grid->w_to - w : run;
        for (int i = 0; i < run; i++)
            places->at[p + i] = i >= from && i < to ? at + i * grid->column : -1;
    }
    for (int p = chunk->count; p < chunk->panels * PANEL; p++)
        places->at[p] = -1;
    for (int n = 0; n < chunk->panels; n++) {
        ptrdiff_t signs = 0;
        for (int p = n * PANEL; p < (n + 1) * PANEL; p++)
            signs |= places->at[p];
        places->whole[n] = signs >= 0;
    }
}

LANE_INLINE void conv_places_out(const conv_chunk *chunk, stp_view out, conv_places *places) {
    conv_grid grid = {0, out.row, LANES, 0, out.h, 0, out.w};
    conv_place(chunk, &grid, places);
}

// The first position p >= 0 of a window moved by `stride` for which p * stride + offset >= from.
LANE_INLINE int conv_first_inside(int from, int offset, int stride) {
    int distance = from - offset;
    return distance <= 0 ? 0 : (distance + stride - 1) / stride;
}

// Where tap (i, j) of the window meets the input, or a gradient of its shape.
static inline void conv_places_in(const conv_chunk *chunk, const stp_window *window, int i, int j,
                                  stp_view in, conv_places *places) {
    int h = i * window->dilation - window->pad_top, w = j * window->dilation - window->pad_left;
    conv_grid grid = {h * in.row + (ptrdiff_t)w * LANES,
                      window->stride_h * in.row,
                      (ptrdiff_t)window->stride_w * LANES,
                      conv_first_inside(0, h, window->stride_h),
                      conv_first_inside(in.h, h, window->stride_h),
                      conv_first_inside(0, w, window->stride_w),
                      conv_first_inside(in.w, w, window->stride_w)};
    conv_place(chunk, &grid, places);
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

// What a tile asks memory for while it computes: lines of the next chunk, one from each place at every step.
// Addresses and steps are in bytes; they may lie outside of a tensor, where asking does no harm. Backward
// moves more for every product. Tiles of short vectors keep the load ports busy and ask before they begin
// (conv_agenda.h).
enum { AHEAD_FORWARD = LANES >= 16 ? 2 : 0, AHEAD_BACKWARD = LANES >= 16 ? 3 : 0, AHEAD_PLACES = 3 };

typedef struct conv_ahead {
    uintptr_t at[AHEAD_PLACES], step;
} conv_ahead;

LANE_INLINE void conv_ahead_fetch(conv_ahead *ahead, const int places) {
    STP_UNROLL
    for (int i = 0; i < places; i++) {
        __builtin_prefetch((const void *)ahead->at[i], 0, 2);
        ahead->at[i] += ahead->step;
    }
}

// acc[i][p] += sum over steps s of w[i * w_row + s * w_step] * x[s][p], for `rows` rows of PANEL pixels. acc
// is flat and the loops over it unrolled: only so do the compilers keep it in registers.
LANE_INLINE void conv_tile(lane_vec *acc, const int rows, int steps, const stp_real *x, const stp_real *w,
                           ptrdiff_t w_row, ptrdiff_t w_step, conv_ahead ahead, const int places) {
    for (int s = 0; s < steps; s++, x += PANEL_REALS, w += w_step) {
        lane_vec column[PANEL];
        STP_UNROLL
        for (int p = 0; p < PANEL; p++)
            column[p] = lane_load(x + p * LANES);
        // One weight at a time: four at once would leave 16 registers one too few.
        STP_UNROLL
        for (int i = 0; i < rows; i++) {
            lane_vec weight = lane_held(lane_set(w[i * w_row]));
            STP_UNROLL
            for (int p = 0; p < PANEL; p++)
                acc[i * PANEL + p] += column[p] * weight;
        }
        conv_ahead_fetch(&ahead, places);
    }
}

// The same for the first tile of a panel, which makes the panel: x is read where it lies, rectified, used,
// and put into `panel` for the tiles after it.
LANE_INLINE void conv_tile_first(lane_vec *acc, const int rows, int steps, const stp_real *x,
                                 ptrdiff_t x_step, const ptrdiff_t *at, const int relu, stp_real *panel,
                                 const stp_real *w, ptrdiff_t w_row, ptrdiff_t w_step) {
    ptrdiff_t place[PANEL];
    STP_UNROLL
    for (int p = 0; p < PANEL; p++)
        place[p] = at[p];
    for (int s = 0; s < steps; s++, x += x_step, panel += PANEL_REALS, w += w_step) {
        lane_vec column[PANEL], weight[TILE];
        STP_UNROLL
        for (int p = 0; p < PANEL; p++) {
            column[p] = lane_load(x + place[p]);
            column[p] = relu ? lane_relu(column[p]) : column[p];
            lane_store(panel + p * LANES, column[p]);
        }
        STP_UNROLL
        for (int i = 0; i < rows; i++)
            weight[i] = lane_set(w[i * w_row]);
        STP_UNROLL
        for (int n = 0; n < rows * PANEL; n++)
            acc[n] += column[n % PANEL] * weight[n / PANEL];
    }
}

#endif
