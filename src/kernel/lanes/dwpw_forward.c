// Depthwise and pointwise convolution in one go, row by row: the depthwise row stays in the first-level cache
// until the pointwise product has read it, and the batch statistics are summed before the result is stored.
#include "kernel/lanes/dw_rows.h"
#include "kernel/lanes/dwpw_fused.h"
#include "kernel/lanes/input_rows.h"
#include "kernel/lanes/lane_kernels.h"
#include "kernel/lanes/pw_rows.h"

// Depthwise values held between the two convolutions: 320 vectors of 64 bytes, half a first-level cache.
enum { CHUNK_VECTORS = 320 };

// Columns to take at a time: all where they fit, else a multiple of the tiles' widths.
static int chunk_columns(int channels, int columns) {
    int fit = CHUNK_VECTORS / channels / 10 * 10;
    if (fit < 10)
        fit = 5;
    return fit < columns ? fit : columns;
}

// The rows under output row h, from the column that output column p reads first.
static void set_rows(dw_rows *dw, const input_rows *rows, const stp_real *w_dw, int h, int p) {
    const stp_window *win = rows->win;
    int first;
    dw->count = input_rows_under(rows, h, p * win->stride_w - win->pad_left, &first, dw->rows);
    for (int i = 0; i < dw->count; i++)
        dw->weight[i] = w_dw + (first + i) * win->k_w;
}

static void add_sums(const stp_real *z, ptrdiff_t chan, int channels, int columns, stp_real *sums) {
    for (int c = 0; c < channels; c++, z += chan, sums += 2 * LANES) {
        lane_vec s = lane_load(sums), q = lane_load(sums + LANES);
        for (int i = 0; i < columns * LANES; i += LANES) {
            const lane_vec x = lane_load(z + i);
            s += x;
            q += x * x;
        }
        lane_store(sums, s);
        lane_store(sums + LANES, q);
    }
}

static void forward_fused(dwpw_fused_fn fused, input_rows *rows, const stp_real *w_dw, const stp_real *w_pw,
                          const stp_real *bias, stp_view z, stp_real *sums, const dw_rows *dw) {
    dwpw_fused job = {.w_pw = w_pw, .bias = bias, .sums = sums, .z_chan = z.chan, .outputs = z.c, .dw = *dw};
    job.dw.columns = z.w;
    for (int h = 0; h < z.h; h++) {
        input_rows_reach(rows, h);
        set_rows(&job.dw, rows, w_dw, h, 0);
        job.z = z.p + h * z.row;
        fused(&job);
    }
}

// dw->columns columns of row h from p.
static void forward_chunk(dw_rows_fn run, dw_rows *dw, const stp_real *w_pw, const stp_real *bias, stp_view z,
                          stp_real *to, stp_real *sums, stp_real *between) {
    dw->out = w_pw ? between : to;
    dw->out_chan = w_pw ? (ptrdiff_t)dw->columns * LANES : z.chan;
    run(dw);
    if (!w_pw) {
        if (sums)
            add_sums(to, z.chan, z.c, dw->columns, sums);
        return;
    }
    const pw_rows pw = {.in = dw->out,
                        .in_chan = dw->out_chan,
                        .w = w_pw,
                        .w_out = dw->channels,
                        .w_in = 1,
                        .bias = bias,
                        .out = to,
                        .out_chan = z.chan,
                        .sums = sums,
                        .inputs = dw->channels,
                        .outputs = z.c,
                        .columns = dw->columns};
    pw_run(&pw);
}

void STP_LANE_NAME(stp_dwpw_forward)(const stp_window *window, stp_view in, const stp_rectifier *rect,
                                     const stp_real *w_dw, const stp_real *w_pw, const stp_real *bias,
                                     stp_view z, stp_real *sums, stp_real *scratch) {
    input_rows rows;
    input_rows_begin(&rows, window, in, rect, z.h, z.w, &scratch);
    dw_rows dw = {.in_chan = rows.chan,
                  .weight_chan = (ptrdiff_t)window->k_h * window->k_w,
                  .taps = window->k_w,
                  .stride = window->stride_w,
                  .dilation = window->dilation,
                  .out_step = LANES,
                  .channels = in.c,
                  .bias = w_pw ? NULL : bias};
    const dwpw_fused_fn fused =
        w_pw ? STP_LANE_NAME(stp_dwpw_fused_pick)(in.c, window->k_w, window->stride_w, window->dilation)
             : NULL;
    if (fused) {
        forward_fused(fused, &rows, w_dw, w_pw, bias, z, sums, &dw);
        return;
    }
    const dw_rows_fn run = STP_LANE_NAME(stp_dw_rows_pick)(window->k_w, window->stride_w, window->dilation);
    const int chunk = chunk_columns(in.c, z.w);
    for (int h = 0; h < z.h; h++) {
        input_rows_reach(&rows, h);
        for (int p = 0; p < z.w; p += dw.columns) {
            dw.columns = z.w - p - chunk < 5 ? z.w - p : chunk; // no crumbs at a row's end
            set_rows(&dw, &rows, w_dw, h, p);
            forward_chunk(run, &dw, w_pw, bias, z, z.p + h * z.row + p * LANES, sums, scratch);
        }
    }
}
