// The part of a pool's window that lies in the map.
#ifndef STAPES_NN_WINDOW_H
#define STAPES_NN_WINDOW_H

#include "nn/nn.h"

typedef struct stapes_nn_window {
    const int8_t *first;   // value of the first pixel, channel 0
    int32_t rows, columns; // at least 1 each, by the contract
    int32_t line;          // bytes from one row of the map to the next
} stapes_nn_window;

// first: of the window, may lie before the map; size: of the window; length: of the map.
static inline int32_t stapes_nn_window_cut(int32_t *first, int32_t size, int32_t length) {
    int32_t end = *first + size;
    *first = *first < 0 ? 0 : *first;
    end = end > length ? length : end;
    return end - *first;
}

static inline stapes_nn_window stapes_nn_window_at(const stapes_op *op, const stapes_map *in,
                                                   const int8_t *arena, int32_t i, int32_t j) {
    int32_t y = i * op->stride_h - op->pad_top, x = j * op->stride_w - op->pad_left;
    stapes_nn_window window;
    window.rows = stapes_nn_window_cut(&y, op->k_h, in->h);
    window.columns = stapes_nn_window_cut(&x, op->k_w, in->w);
    window.line = (int32_t)in->w * in->pitch;
    window.first = arena + in->offset + y * window.line + x * in->pitch;
    return window;
}

#endif
