// The rows that a depthwise convolution reads. Where the input has a halo and is rectified already they lie
// there. Else they are made as they are needed, normalised, rectified and with zeros around, in a ring that
// is as deep as the window reaches: a whole tensor less to write and to read. Rows of padding take no part,
// unless a window may have nothing but padding under it: then all rows go through the ring.
#ifndef STP_KERNEL_LANES_INPUT_ROWS_H
#define STP_KERNEL_LANES_INPUT_ROWS_H

#include "kernel/lanes/dw_rows.h"

typedef struct input_rows {
    const stp_window *win;
    stp_view in;
    const stp_rectifier *rect; // NULL: as they are
    stp_real *ring;            // column 0 of the first slot; NULL: in place
    ptrdiff_t row, chan;       // strides of what is read
    int slots, next;           // next: the first row not made yet
    int padding;               // 1: rows of padding take part as well
} input_rows;

static inline int at_least_0(int x) {
    return x > 0 ? x : 0;
}

// The rows of the kernel, from *first, that meet the input under output row oh, and how many.
static inline int input_rows_met(const input_rows *rows, int oh, int *first) {
    const stp_window *win = rows->win;
    const int top = oh * win->stride_h - win->pad_top;
    int count = 0;
    *first = 0;
    for (int i = 0; i < win->k_h; i++) {
        const int h = top + i * win->dilation;
        if (!rows->padding && (h < 0 || h >= rows->in.h))
            continue;
        if (!count)
            *first = i;
        count++;
    }
    return count;
}

// Zeros at both ends of every row of the ring; what is between is written before it is read.
static inline void input_rows_margins(const input_rows *rows, stp_real *from, int left, int right) {
    const stp_real *end = from + rows->row * rows->slots;
    for (; from < end; from += rows->row)
        for (int c = 0; c < rows->in.c; c++) {
            stp_real *row = from + c * rows->chan;
            for (int i = 0; i < left * LANES; i += LANES)
                lane_store(row + i, lane_zero());
            row += (left + rows->in.w) * LANES;
            for (int i = 0; i < right * LANES; i += LANES)
                lane_store(row + i, lane_zero());
        }
}

// Takes room for the ring from *scratch.
static inline void input_rows_begin(input_rows *rows, const stp_window *win, stp_view in,
                                    const stp_rectifier *rect, int rows_out, int columns_out,
                                    stp_real **scratch) {
    *rows = (input_rows){
        .win = win, .in = in, .rect = rect, .row = in.row, .chan = in.chan, .next = -win->pad_top};
    int padding = 0, first;
    for (int oh = 0; oh < rows_out; oh++)
        padding |= !input_rows_met(rows, oh, &first);
    rows->padding = padding;
    if (!rect && !padding)
        return;
    const int reach_w = (win->k_w - 1) * win->dilation, left = at_least_0(win->pad_left);
    const int right = at_least_0((columns_out - 1) * win->stride_w - win->pad_left + reach_w - (in.w - 1));
    rows->chan = (ptrdiff_t)(left + in.w + right) * LANES;
    rows->row = in.c * rows->chan;
    while (rows->row * (ptrdiff_t)sizeof(stp_real) % 4096 < 8 * (ptrdiff_t)sizeof(lane_vec))
        rows->row += LANES; // rows 4 KiB apart would fight for one cache set
    rows->slots = (win->k_h - 1) * win->dilation + 1;
    rows->ring = *scratch + left * LANES;
    input_rows_margins(rows, *scratch, left, right);
    *scratch += rows->row * rows->slots;
}

// Row h from its column 0; h >= -pad_top. Rows outside of the input are zeros.
static inline const stp_real *input_row(const input_rows *rows, int h) {
    if (!rows->ring)
        return rows->in.p + h * rows->row;
    return rows->ring + (h + rows->win->pad_top) % rows->slots * rows->row;
}

// The rows that output row oh reads, from column `column`; *first is the first one's row of the kernel.
// Returns how many.
static inline int input_rows_under(const input_rows *rows, int oh, int column, int *first,
                                   const stp_real *row[DW_MAX_K]) {
    const stp_window *win = rows->win;
    const int count = input_rows_met(rows, oh, first);
    for (int i = 0; i < count; i++)
        row[i] = input_row(rows, oh * win->stride_h - win->pad_top + (*first + i) * win->dilation) +
                 column * LANES;
    return count;
}

LANE_INLINE void input_row_rectified(stp_real *to, const stp_real *from, int columns, stp_real scale,
                                     stp_real shift) {
    const lane_vec s = lane_set(scale), t = lane_set(shift);
    for (int i = 0; i < columns * LANES; i += LANES)
        lane_store(to + i, lane_relu(s * lane_load(from + i) + t));
}

static inline void input_row_make(const input_rows *rows, int h) {
    const stp_view *in = &rows->in;
    stp_real *to = rows->ring + (h + rows->win->pad_top) % rows->slots * rows->row;
    const int inside = h >= 0 && h < in->h;
    if (!inside && !rows->padding)
        return;
    for (int c = 0; c < in->c; c++, to += rows->chan) {
        const stp_real *from = inside ? in->p + h * in->row + c * in->chan : NULL;
        if (inside && rows->rect)
            input_row_rectified(to, from, in->w, rows->rect->scale[c], rows->rect->shift[c]);
        else
            for (int i = 0; i < in->w * LANES; i += LANES)
                lane_store(to + i, inside ? lane_load(from + i) : lane_zero());
    }
}

// Makes the rows that output row oh reads; output rows come in order.
static inline void input_rows_reach(input_rows *rows, int oh) {
    const stp_window *win = rows->win;
    if (!rows->ring)
        return;
    const int last = oh * win->stride_h - win->pad_top + (win->k_h - 1) * win->dilation;
    if (rows->next < last - rows->slots + 1)
        rows->next = last - rows->slots + 1;
    for (; rows->next <= last; rows->next++)
        input_row_make(rows, rows->next);
}

#endif
