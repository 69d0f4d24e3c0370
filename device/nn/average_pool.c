// Mean over the part of a window that lies in the map, halves away from zero.
#include "nn/bytes.h"
#include "nn/rescale.h"
#include "nn/window.h"

static int32_t sum_of(const stapes_nn_window *window, int32_t c, int32_t pitch, int32_t low) {
    const int8_t *line = window->first + c;
    int32_t sum = 0;
    for (int32_t i = 0; i < window->rows; i++, line += window->line)
        for (int32_t j = 0; j < window->columns; j++) {
            const int32_t x = line[j * pitch];
            sum += x < low ? low : x;
        }
    return sum;
}

static inline int8_t mean(const stapes_op *op, int32_t sum, int32_t count) {
    const int32_t half = sum < 0 ? -(count / 2) : count / 2;
    return (int8_t)stapes_nn_clamp((sum + half) / count, op->out_low, op->out_high);
}

static void pool_pixel(const stapes_op *op, const stapes_map *in, const stapes_nn_window *window,
                       int8_t *to) {
    const int32_t count = window->rows * window->columns;
    for (int32_t c = 0; c < in->c; c++)
        to[c] = mean(op, sum_of(window, c, in->pitch, op->in_low), count);
}

void stapes_nn_average_pool(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
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
