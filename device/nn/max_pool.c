// Maximum over a window; padding never wins.
#include "nn/bytes.h"
#include "nn/rescale.h"
#include "nn/window.h"

static int8_t largest(const stapes_nn_window *window, int32_t c, int32_t pitch, int8_t low) {
    const int8_t *line = window->first + c;
    int32_t best = low;
    for (int32_t i = 0; i < window->rows; i++, line += window->line)
        for (int32_t j = 0; j < window->columns; j++) {
            const int32_t x = line[j * pitch];
            best = x > best ? x : best;
        }
    return (int8_t)best;
}

static void pool_pixel(const stapes_op *op, const stapes_map *in, const stapes_nn_window *window,
                       int8_t *to) {
    for (int32_t c = 0; c < in->c; c++)
        to[c] = (int8_t)stapes_nn_clamp(largest(window, c, in->pitch, op->in_low), op->out_low, op->out_high);
}

void stapes_nn_max_pool(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                        int8_t *arena, int8_t *scratch) {
    const stapes_map *in = &maps[op->in], *out = &maps[op->out];
    int8_t *y = arena + out->offset;
    (void)constants;
    (void)scratch;
    for (int32_t i = 0; i < out->h; i++)
        for (int32_t j = 0; j < out->w; j++, y += out->pitch) {
            const stapes_nn_window window = stapes_nn_window_at(op, in, arena, i, j);
            pool_pixel(op, in, &window, y);
        }
}
