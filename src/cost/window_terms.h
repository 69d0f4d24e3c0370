// How much of an operation's windows lies in the map, added up over all of its outputs. Rows and columns are
// independent, so that sums over pixels are products of sums over one axis.
#ifndef STP_COST_WINDOW_TERMS_H
#define STP_COST_WINDOW_TERMS_H

#include "nn/nn.h"

typedef struct stp_axis {
    int outs, k, stride, dilation, pad, length; // length: of the map
} stp_axis;

static inline stp_axis stp_axis_rows(const stapes_op *op, const stapes_map *maps) {
    return (stp_axis){maps[op->out].h, op->k_h, op->stride_h, op->dilation, op->pad_top, maps[op->in].h};
}

static inline stp_axis stp_axis_columns(const stapes_op *op, const stapes_map *maps) {
    return (stp_axis){maps[op->out].w, op->k_w, op->stride_w, op->dilation, op->pad_left, maps[op->in].w};
}

// Taps of one window that lie in the map.
static inline int stp_axis_inside(const stp_axis *axis, int out) {
    int inside = 0;
    for (int k = 0, at = out * axis->stride - axis->pad; k < axis->k; k++, at += axis->dilation)
        inside += at >= 0 && at < axis->length;
    return inside;
}

// Of all windows together.
static inline double stp_axis_all_inside(const stp_axis *axis) {
    int sum = 0;
    for (int i = 0; i < axis->outs; i++)
        sum += stp_axis_inside(axis, i);
    return sum;
}

// Windows that lie in the map with all of their taps.
static inline int stp_axis_whole(const stp_axis *axis) {
    int whole = 0;
    for (int i = 0; i < axis->outs; i++)
        whole += stp_axis_inside(axis, i) == axis->k;
    return whole;
}

// Taps that are looked at, one by one, to find where a window leaves the map: those before it and in it, of
// windows that do (taps_in in device/nn/conv.c).
static inline int stp_axis_tried(const stp_axis *axis) {
    int tried = 0;
    for (int i = 0; i < axis->outs; i++) {
        int partial = stp_axis_inside(axis, i) < axis->k;
        for (int k = 0; partial && k < axis->k; k++)
            tried += i * axis->stride - axis->pad + k * axis->dilation < axis->length;
    }
    return tried;
}

#endif
