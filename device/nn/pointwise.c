// 1x1 convolution of stride 1: every pixel is a row of inputs as it lies in the map.
#include "nn/rows.h"

void stapes_nn_pointwise(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                         int8_t *arena, int8_t *scratch) {
    const stapes_map *in = &maps[op->in], *out = &maps[op->out];
    const int32_t pixels = (int32_t)in->h * in->w;
    const int8_t *x = arena + in->offset;
    int8_t *y = arena + out->offset;
    stapes_nn_rows rows;
    stapes_nn_rows_begin(&rows, op, maps, constants, in->c, scratch);
    for (int32_t p = 0; p < pixels; p += 2) {
        const int32_t second = p + 1 < pixels; // an odd last pixel is its own partner
        stapes_nn_rows_load(&rows, 0, x);
        stapes_nn_rows_load(&rows, 1, x + second * in->pitch);
        stapes_nn_rows_run(&rows, y, y + second * out->pitch);
        x += 2 * in->pitch;
        y += 2 * out->pitch;
    }
}
