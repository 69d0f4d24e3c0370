// The rows that a depthwise convolution reads. Where the input has a halo and is rectified already they lie
// there. Else they are made as they are needed, normalised, rectified and with zeros around, in a ring that
// is as deep as the window reaches: a whole tensor less to write and to read.
#ifndef STP_KERNEL_LANES_INPUT_ROWS_H
#define STP_KERNEL_LANES_INPUT_ROWS_H

#include "kernel/lanes/lane.h"

typedef struct input_rows {
    const stp_window *win;
    stp_view in;
    const stp_rectifier *rect; // NULL: in place
    stp_real *ring;            // column 0 of the first slot
    ptrdiff_t row, chan;       // strides of what is read
    int slots, next;           // next: the first row not made yet
} input_rows;

static inline int input_margin(int x) {
    return x > 0 ? x : 0;
}

// Takes room for the ring from *scratch.
static inline void input_rows_begin(input_rows *rows, const stp_window *win, stp_view in,
                                    const stp_rectifier *rect, int columns_out, stp_real **scratch) {
    *rows = (input_rows){
        .win = win, .in = in, .rect = rect, .row = in.row, .chan = in.chan, .next = -win->pad_top};
    if (!rect)
        return;
    const int reach_w = (win->k_w - 1) * win->dilation, left = input_margin(win->pad_left);
    const int right = input_margin((columns_out - 1) * win->stride_w - win->pad_left + reach_w - (in.w - 1));
    rows->chan = (ptrdiff_t)(left + in.w + right) * LANES;
    rows->row = in.c * rows->chan;
    while (rows->row * (ptrdiff_t)sizeof(stp_real) % 4096 < 8 * (ptrdiff_t)sizeof(lane_vec))
        rows->row += LANES; // rows 4 KiB apart would fight for one cache set
    rows->slots = (win->k_h - 1) * win->dilation + 1;
    rows->ring = *scratch + left * LANES;
    const ptrdiff_t reals = rows->row * rows->slots;
    for (ptrdiff_t i = 0; i < reals; i += LANES)
        lane_store(*scratch + i, lane_zero());
    *scratch += reals;
}

// Row h from its column 0; h >= -pad_top. Of rows outside of the input only zeros are read.
static inline const stp_real *input_row(const input_rows *rows, int h) {
    if (!rows->rect)
        return rows->in.p + h * rows->row;
    return rows->ring + (h + rows->win->pad_top) % rows->slots * rows->row;
}

static inline void input_row_make(const input_rows *rows, int h) {
    const stp_view *in = &rows->in;
    stp_real *to = rows->ring + (h + rows->win->pad_top) % rows->slots * rows->row;
    const int inside = h >= 0 && h < in->h;
    for (int c = 0; c < in->c; c++, to += rows->chan) {
        const lane_vec scale = lane_set(rows->rect->scale[c]), shift = lane_set(rows->rect->shift[c]);
        const stp_real *from = inside ? in->p + h * in->row + c * in->chan : NULL;
        if (inside)
            for (int i = 0; i < in->w * LANES; i += LANES)
                lane_store(to + i, lane_relu(scale * lane_load(from + i) + shift));
        else
            for (int i = 0; i < in->w * LANES; i += LANES)
                lane_store(to + i, lane_zero());
    }
}

// Makes the rows that output row oh reads; output rows come in order.
static inline void input_rows_reach(input_rows *rows, int oh) {
    const stp_window *win = rows->win;
    if (!rows->rect)
        return;
    const int last = oh * win->stride_h - win->pad_top + (win->k_h - 1) * win->dilation;
    if (rows->next < last - rows->slots + 1)
        rows->next = last - rows->slots + 1;
    for (; rows->next <= last; rows->next++)
        input_row_make(rows, rows->next);
}

#endif
