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

static inline int8_t finish(const stapes_nn_lanes *lanes, int32_t k, int32_t sum) {
    const int32_t q = stapes_nn_rescale_away(sum, lanes->multiplier[k], lanes->shift[k]) + lanes->zero;
    return (int8_t)stapes_nn_clamp(q, lanes->low, lanes->high);
}

void stapes_nn_taps_run(const int8_t *table, const int8_t *end, const stapes_nn_lanes *lanes, const int8_t *x,
                        int32_t step, int8_t *y, const stapes_map *out) {
    const tap *const first = (const tap *)(const void *)table, *const last = (const tap *)(const void *)end;
    for (int32_t j = 0; j < out->w; j++, x += step, y += out->pitch) {
        int32_t sum[4] = {lanes->bias[0], lanes->bias[1], lanes->bias[2], lanes->bias[3]};
        for (const tap *t = first; t != last; t++) {
            const int8_t *value = x + t->offset;
            sum[0] += value[0] * t->weight[0];
            sum[1] += value[1] * t->weight[1];
            sum[2] += value[2] * t->weight[2];
            sum[3] += value[3] * t->weight[3];
        }
        for (int32_t k = 0; k < lanes->count; k++)
            y[k] = finish(lanes, k, sum[k]);
    }
}

#endif
