// Mean over the part of a window that lies in the map, halves away from zero.
#include "nn/bytes.h"
#include "nn/dsp.h"
#include "nn/rescale.h"
#include "nn/window.h"

#if STAPES_NN_MVE
#include <arm_mve.h>
#endif

#if STAPES_NN_MVE

typedef struct sums {
    int32x4_t even, odd; // channels
} sums;

// 8 channels, or those that are there: in 16 bits, which hold 255 values and so a whole row of any window,
// then in 32.
static sums sum_eight(const stapes_nn_window *window, int32_t pitch, const int8_t *line, int8_t low,
                      mve_pred16_t there) {
    const int16x8_t lows = vdupq_n_s16(low);
    sums all = {vdupq_n_s32(0), vdupq_n_s32(0)};
    int16x8_t sum = vdupq_n_s16(0);
    int32_t room = 255;
    for (int32_t i = window->rows; i > 0; i--, line += window->line) {
        const int8_t *x = line;
        for (int32_t j = window->columns; j > 0; j--, x += pitch)
            sum = vaddq_s16(sum, vmaxq_s16(vldrbq_z_s16(x, there), lows));
        room -= window->columns;
        if (room < window->columns || i == 1) {
            all.even = vaddq_s32(all.even, vmovlbq_s16(sum));
            all.odd = vaddq_s32(all.odd, vmovltq_s16(sum));
            sum = vdupq_n_s16(0);
            room = 255;
        }
    }
    return all;
}

// There is no instruction that divides vectors. share, 2^32 / count rounded down (just below it where that is
// whole), makes the quotient of a magnitude below 2^31, or one less, which the remainder tells.
static inline int32x4_t mean_four(int32x4_t sum, int32_t count, uint32_t share) {
    const int32x4_t sign = vshrq_n_s32(sum, 31);
    const int32x4_t magnitude = vaddq_n_s32(vabsq_s32(sum), count >> 1);
    int32x4_t q = vreinterpretq_s32_u32(vmulhq_u32(vreinterpretq_u32_s32(magnitude), vdupq_n_u32(share)));
    const int32x4_t beyond = vmlaq_n_s32(vsubq_s32(vdupq_n_s32(count - 1), magnitude), q, count);
    q = vsubq_s32(q, vshrq_n_s32(beyond, 31)); // count - 1 less the remainder: below zero for one less
    return vsubq_s32(veorq_s32(q, sign), sign);
}

static void pool_pixel(const stapes_op *op, const stapes_map *in, const stapes_nn_window *window,
                       int8_t *to) {
    const int32_t count = window->rows * window->columns;
    const uint32_t share = UINT32_MAX / (uint32_t)count;
    const int16x8_t low = vdupq_n_s16(op->out_low), high = vdupq_n_s16(op->out_high);
    const int8_t *first = window->first;
    for (int32_t c = in->c; c > 0; c -= 8, first += 8, to += 8) {
        const mve_pred16_t there = vctp16q((uint32_t)c);
        const sums sum = sum_eight(window, in->pitch, first, op->in_low, there);
        const int16x8_t q = vmovntq_s32(vreinterpretq_s16_s32(mean_four(sum.even, count, share)),
                                        mean_four(sum.odd, count, share));
        vstrbq_p_s16(to, vminq_s16(vmaxq_s16(q, low), high), there);
    }
}

#else

static inline int32_t mean(int32_t sum, int32_t count) {
    const int32_t sign = sum >> 31, half = ((count >> 1) ^ sign) - sign; // with the sum's sign
    return (sum + half) / count;
}

static int32_t sum_of(const stapes_nn_window *window, int32_t pitch, const int8_t *line, int32_t low) {
    int32_t sum = 0;
    for (int32_t i = window->rows; i > 0; i--, line += window->line) {
        const int8_t *x = line;
        for (int32_t j = window->columns; j > 0; j--, x += pitch)
            sum += *x < low ? low : *x;
    }
    return sum;
}

#if STAPES_NN_DSP

// Pairs of 16-bit sums, which hold 255 values and so a whole row of any window.
static void sum_four(const stapes_nn_window *window, int32_t pitch, const int8_t *line, int8_t low,
                     int32_t sums[4]) {
    const uint32_t lows = stapes_nn_four(low);
    uint32_t even = 0, odd = 0;
    int32_t room = 255;
    sums[0] = sums[1] = sums[2] = sums[3] = 0;
    for (int32_t i = window->rows; i > 0; i--, line += window->line) {
        const int8_t *x = line;
        for (int32_t j = window->columns; j > 0; j--, x += pitch) {
            const uint32_t four = stapes_nn_larger(stapes_nn_load_word(x), lows);
            even = stapes_nn_add_even(even, four);
            odd = stapes_nn_add_odd(odd, four);
        }
        room -= window->columns;
        if (room < window->columns || i == 1) {
            sums[0] += (int16_t)(even & 0xffffu);
            sums[1] += (int16_t)(odd & 0xffffu);
            sums[2] += (int16_t)(even >> 16);
            sums[3] += (int16_t)(odd >> 16);
            even = odd = 0;
            room = 255;
        }
    }
}

#else

static void sum_four(const stapes_nn_window *window, int32_t pitch, const int8_t *line, int8_t low,
                     int32_t sums[4]) {
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (int32_t i = window->rows; i > 0; i--, line += window->line) {
        const int8_t *x = line;
        for (int32_t j = window->columns; j > 0; j--, x += pitch) {
            a += x[0] < low ? low : x[0];
            b += x[1] < low ? low : x[1];
            c += x[2] < low ? low : x[2];
            d += x[3] < low ? low : x[3];
        }
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

#endif

static void pool_pixel(const stapes_op *op, const stapes_map *in, const stapes_nn_window *window,
                       int8_t *to) {
    const int32_t count = window->rows * window->columns, pitch = in->pitch, channels = in->c;
    const int32_t low = op->out_low, high = op->out_high;
    const int8_t in_low = op->in_low, *first = window->first;
    int32_t c = 0;
    for (; c + 4 <= channels; c += 4, first += 4, to += 4) {
        int32_t sums[4];
        sum_four(window, pitch, first, in_low, sums);
        const int32_t q0 = stapes_nn_clamp(mean(sums[0], count), low, high);
        const int32_t q1 = stapes_nn_clamp(mean(sums[1], count), low, high);
        const int32_t q2 = stapes_nn_clamp(mean(sums[2], count), low, high);
        const int32_t q3 = stapes_nn_clamp(mean(sums[3], count), low, high);
        stapes_nn_store_word(to, stapes_nn_bytes(q0, q1, q2, q3));
    }
    for (; c < channels; c++)
        *to++ = (int8_t)stapes_nn_clamp(mean(sum_of(window, pitch, first++, in_low), count), low, high);
}

#endif

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
