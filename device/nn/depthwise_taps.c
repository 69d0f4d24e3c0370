// The taps of a depthwise convolution in plain C: an offset and four weights each.
#include "nn/depthwise.h"

#include "nn/rescale.h"

#if !STAPES_NN_DSP && !STAPES_NN_MVE

typedef struct tap {
    int32_t offset; // from the window's first pixel, in bytes
    int32_t weight[4];
} tap;

int8_t *stapes_nn_taps_make(const stapes_op *op, const stapes_nn_plane *plane, const int8_t *weights,
                            int32_t channels, int32_t count, int8_t *table) {
    tap *t = (tap *)(void *)table;
    for (int32_t i = 0; i < op->k_h; i++)
        for (int32_t j = 0; j < op->k_w; j++, t++, weights += channels) {
            t->offset = 4 * op->dilation * (i * plane->columns + j);
            for (int32_t k = 0; k < 4; k++)
                t->weight[k] = k < count ? weights[k] : 0;
        }
    return (int8_t *)t;
}

// Fewer than four channels, and shifts of zero and to the left, are rare.
STAPES_NN_CALLED void finish_any(const stapes_nn_lanes *lanes, const int32_t *sum, int8_t *y) {
    for (int32_t k = 0; k < lanes->count; k++) {
        const int32_t q = stapes_nn_rescale_away(sum[k], lanes->multiplier[k], lanes->shift[k]) + lanes->zero;
        y[k] = (int8_t)stapes_nn_clamp(q, lanes->low, lanes->high);
    }
}

// A shift to the right by 1 to 31, rounding halves away from zero, and the output's zero. offset: 1, which
// rounds, and twice that zero.
static inline int8_t finish(int32_t sum, int32_t multiplier, int32_t shift, int32_t offset, int32_t low,
                            int32_t high) {
    const int32_t product = stapes_nn_high_multiply(sum, multiplier);
    const int32_t q = (((product + (product >> 31)) >> ~shift) + offset) >> 1;
    return (int8_t)stapes_nn_clamp(q, low, high);
}

void stapes_nn_taps_run(const int8_t *table, const int8_t *end, const stapes_nn_lanes *lanes, const int8_t *x,
                        int32_t step, int8_t *y, const stapes_map *out) {
    const tap *const first = (const tap *)(const void *)table, *const last = (const tap *)(const void *)end;
    const int32_t *multiplier = lanes->multiplier, *shift = lanes->shift, offset = 2 * lanes->zero + 1;
    const int32_t low = lanes->low, high = lanes->high, pitch = out->pitch;
    const int usual = lanes->count == 4 && (shift[0] & shift[1] & shift[2] & shift[3]) < 0;
    for (int32_t j = out->w; j > 0; j--, x += step, y += pitch) {
        int32_t a = lanes->bias[0], b = lanes->bias[1], c = lanes->bias[2], d = lanes->bias[3];
        for (const tap *t = first; t != last; t++) {
            const int8_t *value = x + t->offset;
            a += value[0] * t->weight[0];
            b += value[1] * t->weight[1];
            c += value[2] * t->weight[2];
            d += value[3] * t->weight[3];
        }
        if (usual) {
            y[0] = finish(a, multiplier[0], shift[0], offset, low, high);
            y[1] = finish(b, multiplier[1], shift[1], offset, low, high);
            y[2] = finish(c, multiplier[2], shift[2], offset, low, high);
            y[3] = finish(d, multiplier[3], shift[3], offset, low, high);
        } else {
            const int32_t sum[4] = {a, b, c, d};
            finish_any(lanes, sum, y);
        }
    }
}

#endif
