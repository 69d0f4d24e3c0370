// Convolution: what an output pixel sees is gathered into a row, the rest is rows times matrix.
#include "nn/bytes.h"
#include "nn/rows.h"

// One row of the window, k_w pixels from column x on, where the map has that row.
static int8_t *gather_line(const stapes_op *op, const stapes_map *in, const int8_t *line, int32_t x,
                           int8_t *to) {
    const int32_t c = in->c;
    if (op->dilation == 1 && in->pitch == c) { // pixels lie next to each other
        const int32_t before = x < 0 ? (x < -op->k_w ? op->k_w : -x) : 0;
        const int32_t inside = in->w - x < op->k_w ? in->w - x - before : op->k_w - before;
        const int32_t columns = inside > 0 ? inside : 0;
        stapes_nn_fill(to, in->zero, before * c);
        stapes_nn_copy(to + before * c, line + (x + before) * c, columns * c);
        stapes_nn_fill(to + (before + columns) * c, in->zero, (op->k_w - before - columns) * c);
        return to + op->k_w * c;
    }
    for (int32_t k = 0; k < op->k_w; k++, x += op->dilation, to += c)
        if (x >= 0 && x < in->w)
            stapes_nn_copy(to, line + x * in->pitch, c);
        else
            stapes_nn_fill(to, in->zero, c);
    return to;
}

// The window whose first row and column are y and x, as [k_h][k_w][c].
static void gather(const stapes_op *op, const stapes_map *in, const int8_t *values, int32_t y, int32_t x,
                   int8_t *to) {
    for (int32_t k = 0; k < op->k_h; k++, y += op->dilation)
        if (y >= 0 && y < in->h) {
            to = gather_line(op, in, values + y * in->w * in->pitch, x, to);
        } else {
            stapes_nn_fill(to, in->zero, op->k_w * in->c);
            to += op->k_w * in->c;
        }
}

void stapes_nn_conv(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                    int8_t *arena, int8_t *scratch) {
    const stapes_map *in = &maps[op->in], *out = &maps[op->out];
    const int8_t *values = arena + in->offset;
    int8_t *y = arena + out->offset, *before = y;
    stapes_nn_rows rows;
    stapes_nn_rows_begin(&rows, op, maps, constants, (int32_t)op->k_h * op->k_w * in->c, scratch);
    int which = 0;
    for (int32_t i = 0; i < out->h; i++)
        for (int32_t j = 0; j < out->w; j++, y += out->pitch) {
            int8_t *place = stapes_nn_rows_place(&rows, which);
            gather(op, in, values, i * op->stride_h - op->pad_top, j * op->stride_w - op->pad_left, place);
            stapes_nn_rows_load(&rows, which, place);
            if (which)
                stapes_nn_rows_run(&rows, before, y);
            before = y;
            which ^= 1;
        }
    if (which) { // an odd last pixel is its own partner
        stapes_nn_rows_load(&rows, 1, stapes_nn_rows_place(&rows, 0));
        stapes_nn_rows_run(&rows, before, before);
    }
}
