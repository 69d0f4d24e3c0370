// The taps of a depthwise convolution with DSP instructions: two of them at a time, their weights paired
// channel by channel, as their inputs are when the halves of two pixels are exchanged.
#include "nn/depthwise.h"

#include "nn/bytes.h"
#include "nn/dsp.h"
#include "nn/rescale.h"

#if STAPES_NN_DSP

typedef struct taps {
    int32_t offset[2];  // from the window's first pixel, in bytes
    uint32_t weight[4]; // of both taps, one in each half
} taps;

typedef struct sums {
    int32_t a, b, c, d;
} sums;

static inline void pair_weights(const int8_t *a, const int8_t *b, int32_t count, uint32_t weight[4]) {
    for (int32_t k = 0; k < 4; k++)
        weight[k] = k < count ? stapes_nn_low_halves((uint32_t)(int32_t)a[k], (uint32_t)(int32_t)b[k]) : 0;
}

int8_t *stapes_nn_taps_make(const stapes_op *op, const stapes_nn_plane *plane, const int8_t *weights,
                            int32_t channels, int32_t count, int8_t *table) {
    static const int8_t none[4] = {0, 0, 0, 0};
    taps *t = (taps *)(void *)table;
    int32_t which = 0;
    for (int32_t i = 0; i < op->k_h; i++)
        for (int32_t j = 0; j < op->k_w; j++, weights += channels) {
            t->offset[which] = 4 * op->dilation * (i * plane->columns + j);
            if (which)
                pair_weights(weights - channels, weights, count, (t++)->weight);
            which ^= 1;
        }
    if (which) { // the last of an odd number is paired with itself, and a weight of zero
        t->offset[1] = t->offset[0];
        pair_weights(weights - channels, none, count, (t++)->weight);
    }
    return (int8_t *)t;
}

// All taps of one window. By hand, because six loads are one instruction when registers are in order, and all
// of the registers are needed; without optimisation there are fewer.
static inline sums dot_taps(sums sum, const taps *t, const taps *end, const int8_t *x) {
#if STAPES_NN_DSP_INSTRUCTIONS && defined(__OPTIMIZE__)
    uint32_t low;
    __asm__ volatile(
        "1:\n\t"
        "ldm %[t]!, {r4, r5, r6, r8, r9, r10}\n\t"
        "ldr r4, [%[x], r4]\n\t"
        "ldr r5, [%[x], r5]\n\t"
        "pkhbt %[low], r4, r5, lsl #16\n\t"
        "pkhtb r5, r5, r4, asr #16\n\t"
        "sxtb16 r4, %[low]\n\t"
        "smlad %[a], r4, r6, %[a]\n\t"
        "sxtb16 r4, %[low], ror #8\n\t"
        "smlad %[b], r4, r8, %[b]\n\t"
        "sxtb16 r4, r5\n\t"
        "smlad %[c], r4, r9, %[c]\n\t"
        "sxtb16 r4, r5, ror #8\n\t"
        "smlad %[d], r4, r10, %[d]\n\t"
        "ldr r4, %[end]\n\t"
        "cmp %[t], r4\n\t"
        "bne 1b"
        : [t] "+r"(t), [a] "+r"(sum.a), [b] "+r"(sum.b), [c] "+r"(sum.c), [d] "+r"(sum.d), [low] "=&r"(low)
        : [x] "r"(x), [end] "m"(end)
        : "r4", "r5", "r6", "r8", "r9", "r10", "cc", "memory");
#else
    for (; t != end; t++) {
        const uint32_t p = stapes_nn_load_word(x + t->offset[0]), q = stapes_nn_load_word(x + t->offset[1]);
        const uint32_t low = stapes_nn_low_halves(p, q), high = stapes_nn_high_halves(p, q);
        sum.a = stapes_nn_dot(stapes_nn_even(low), t->weight[0], sum.a);
        sum.b = stapes_nn_dot(stapes_nn_odd(low), t->weight[1], sum.b);
        sum.c = stapes_nn_dot(stapes_nn_even(high), t->weight[2], sum.c);
        sum.d = stapes_nn_dot(stapes_nn_odd(high), t->weight[3], sum.d);
    }
#endif
    return sum;
}

// Shifts of zero and to the left are rare.
STAPES_NN_CALLED uint32_t finish_any(const sums *sum, const stapes_nn_lanes *lanes) {
    const int32_t each[4] = {sum->a, sum->b, sum->c, sum->d};
    uint32_t four = 0;
    for (int32_t k = 0; k < 4; k++) {
        const int32_t q =
            stapes_nn_rescale_away(each[k], lanes->multiplier[k], lanes->shift[k]) + lanes->zero;
        four |= ((uint32_t)stapes_nn_clamp(q, INT8_MIN, INT8_MAX) & 255) << 8 * k;
    }
    return four;
}

// A shift to the right by 1 to 31, rounding halves away from zero, and the output's zero. offset: 1, which
// rounds, and twice that zero.
static inline int32_t finish(int32_t sum, int32_t multiplier, int32_t bits, int32_t offset) {
    const int32_t high = stapes_nn_high_multiply(sum, multiplier);
    return stapes_nn_saturate_half(((high + (high >> 31)) >> bits) + offset);
}

void stapes_nn_taps_run(const int8_t *table, const int8_t *end, const stapes_nn_lanes *lanes, const int8_t *x,
                        int32_t step, int8_t *y, const stapes_map *out) {
    const taps *const first = (const taps *)(const void *)table, *const last =
                                                                     (const taps *)(const void *)end;
    const uint32_t low = stapes_nn_four(lanes->low), high = stapes_nn_four(lanes->high);
    const int32_t *multiplier = lanes->multiplier, *shift = lanes->shift, offset = 2 * lanes->zero + 1;
    const int32_t usual = (shift[0] & shift[1] & shift[2] & shift[3]) < 0;
    for (int32_t j = 0; j < out->w; j++, x += step, y += out->pitch) {
        const sums bias = {lanes->bias[0], lanes->bias[1], lanes->bias[2], lanes->bias[3]};
        const sums sum = dot_taps(bias, first, last, x);
        uint32_t four = usual ? stapes_nn_bytes(finish(sum.a, multiplier[0], ~shift[0], offset),
                                                finish(sum.b, multiplier[1], ~shift[1], offset),
                                                finish(sum.c, multiplier[2], ~shift[2], offset),
                                                finish(sum.d, multiplier[3], ~shift[3], offset))
                              : finish_any(&sum, lanes);
        four = stapes_nn_smaller(stapes_nn_larger(four, low), high);
        if (lanes->count == 4)
            stapes_nn_store_word(y, four);
        else
            for (int32_t k = 0; k < lanes->count; k++, four >>= 8)
                y[k] = (int8_t)(four & 255);
    }
}

#endif
