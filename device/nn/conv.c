// Convolution: what an output pixel sees is gathered into a row, the rest is rows times matrix.
#include "nn/bytes.h"
#include "nn/rows.h"

// Of k taps, `dilation` apart and the first at `first`: those before the map and those in it.
typedef struct taps {
    int32_t before, inside;
} taps;

static inline taps taps_in(int32_t first, int32_t k, int32_t dilation, int32_t length) {
    taps t = {0, k};
    if (first >= 0 && first + (k - 1) * dilation < length)
        return t;
    t.inside = 0;
    for (; t.before < k && first < 0; first += dilation)
        t.before++;
    for (; t.before + t.inside < k && first < length; first += dilation)
        t.inside++;
    return t;
}

// The window whose first row and column are y and x, as [k_h][k_w][c].
static void gather(const stapes_op *op, const stapes_map *in, const int8_t *values, int32_t y, int32_t x,
                   int8_t *to) {
    const int32_t c = in->c, width = op->k_w * c, apart = op->dilation * in->pitch;
    const taps rows = taps_in(y, op->k_h, op->dilation, in->h),
               columns = taps_in(x, op->k_w, op->dilation, in->w);
    const int32_t before = columns.before * c, inside = columns.inside * c;
    if (rows.inside + columns.inside < op->k_h + op->k_w)
        stapes_nn_fill(to, in->zero, op->k_h * width);
    const int8_t *from = values + (y + rows.before * op->dilation) * in->w * in->pitch +
                         (x + columns.before * op->dilation) * in->pitch;
    to += rows.before * width + before;
    for (int32_t i = rows.inside; i > 0; i--, to += width, from += op->dilation * in->w * in->pitch) {
        if (apart == c) // pixels lie next to each other
            stapes_nn_copy(to, from, inside);
        else
            for (int32_t j = 0; j < columns.inside; j++)
                stapes_nn_copy(to + j * c, from + j * apart, c);
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
