// Maximum over a window; padding never wins.
#include "nn/bytes.h"
#include "nn/dsp.h"
#include "nn/rescale.h"
#include "nn/window.h"

#if STAPES_NN_MVE
#include <arm_mve.h>
#endif

#if STAPES_NN_MVE

static void pool_pixel(const stapes_op *op, const stapes_map *in, const stapes_nn_window *window,
                       int8_t *to) {
    for (int32_t c = 0; c < in->c; c += 16) {
        const mve_pred16_t here = vctp8q((uint32_t)(in->c - c));
        const int8_t *line = window->first + c;
        int8x16_t best = vdupq_n_s8(op->in_low);
        for (int32_t i = window->rows; i > 0; i--, line += window->line) {
            const int8_t *x = line;
            for (int32_t j = window->columns; j > 0; j--, x += in->pitch)
                best = vmaxq_s8(best, vldrbq_z_s8(x, here));
        }
        best = vminq_s8(vmaxq_s8(best, vdupq_n_s8(op->out_low)), vdupq_n_s8(op->out_high));
        vstrbq_p_s8(to + c, best, here);
    }
}

#else

static int8_t largest(const stapes_nn_window *window, int32_t pitch, const int8_t *line, int8_t low) {
    int32_t best = low;
    for (int32_t i = window->rows; i > 0; i--, line += window->line) {
        const int8_t *x = line;
        for (int32_t j = window->columns; j > 0; j--, x += pitch)
            best = *x > best ? *x : best;
    }
    return (int8_t)best;
}

#if STAPES_NN_DSP

static uint32_t largest_four(const stapes_nn_window *window, int32_t pitch, const int8_t *line, int8_t low) {
    uint32_t best = stapes_nn_four(low);
    for (int32_t i = window->rows; i > 0; i--, line += window->line) {
        const int8_t *x = line;
        for (int32_t j = window->columns; j > 0; j--, x += pitch)
            best = stapes_nn_larger(best, stapes_nn_load_word(x));
    }
    return best;
}

#else

static uint32_t largest_four(const stapes_nn_window *window, int32_t pitch, const int8_t *line, int8_t low) {
    int32_t a = low, b = low, c = low, d = low;
    for (int32_t i = window->rows; i > 0; i--, line += window->line) {
        const int8_t *x = line;
        for (int32_t j = window->columns; j > 0; j--, x += pitch) {
            a = x[0] > a ? x[0] : a;
            b = x[1] > b ? x[1] : b;
            c = x[2] > c ? x[2] : c;
            d = x[3] > d ? x[3] : d;
        }
    }
    return stapes_nn_bytes(a, b, c, d);
}

#endif

static void pool_pixel(const stapes_op *op, const stapes_map *in, const stapes_nn_window *window,
                       int8_t *to) {
    const uint32_t low = stapes_nn_four(op->out_low), high = stapes_nn_four(op->out_high);
    int32_t c = 0;
    for (; c + 4 <= in->c; c += 4) {
        const uint32_t best = largest_four(window, in->pitch, window->first + c, op->in_low);
        stapes_nn_store_word(to + c, stapes_nn_smaller(stapes_nn_larger(best, low), high));
    }
    for (; c < in->c; c++) {
        const int32_t best = largest(window, in->pitch, window->first + c, op->in_low);
        to[c] = (int8_t)stapes_nn_clamp(best, op->out_low, op->out_high);
    }
}

#endif

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
