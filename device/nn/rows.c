// Rows times matrix in plain C.
#include "nn/rows.h"

#include "nn/bytes.h"
#include "nn/rescale.h"

void stapes_nn_rows_begin(stapes_nn_rows *rows, const stapes_op *op, const stapes_map *maps,
                          const stapes_constants *constants, int32_t n, int8_t *scratch) {
    rows->weights = constants->weights + op->weights;
    rows->biases = constants->biases + op->channel;
    rows->multipliers = constants->multipliers + op->channel;
    rows->shifts = constants->shifts + op->channel;
    rows->n = n;
    rows->channels = maps[op->out].c;
    rows->out_zero = maps[op->out].zero;
    rows->out_low = op->out_low;
    rows->out_high = op->out_high;
    rows->in_low = op->in_low;
    rows->scratch = scratch;
}

// The DSP twin widens both rows to 16 bits, 4 n bytes, and gathers one row at a time behind them.
size_t stapes_nn_rows_bytes(int32_t n) {
    return (size_t)(4 * stapes_nn_multiple_of_4(n));
}

size_t stapes_nn_rows_bytes_gathered(int32_t n) {
    return (size_t)(5 * stapes_nn_multiple_of_4(n));
}

#if !STAPES_NN_DSP && !STAPES_NN_MVE

int8_t *stapes_nn_rows_place(const stapes_nn_rows *rows, int which) {
    return rows->scratch + which * stapes_nn_multiple_of_4(rows->n);
}

void stapes_nn_rows_load(stapes_nn_rows *rows, int which, const int8_t *x) {
    if (rows->in_low > INT8_MIN) {
        int8_t *place = stapes_nn_rows_place(rows, which);
        stapes_nn_copy_rectified(place, x, rows->n, rows->in_low);
        x = place;
    }
    rows->x[which] = x;
}

// One input of two pixels by the weights of two channels.
#define STAPES_NN_STEP()                                                                                     \
    do {                                                                                                     \
        const int32_t a = *x0++, b = *x1++, w = *w0++, v = *w1++;                                            \
        sum[0] += a * w;                                                                                     \
        sum[1] += b * w;                                                                                     \
        sum[2] += a * v;                                                                                     \
        sum[3] += b * v;                                                                                     \
    } while (0)

static inline void dot(const int8_t *x0, const int8_t *x1, const int8_t *w0, const int8_t *w1, int32_t n,
                       int32_t sums[4]) {
    int32_t sum[4] = {sums[0], sums[1], sums[2], sums[3]};
    const int8_t *const four = x0 + (n & ~3), *const end = x0 + n;
    while (x0 != four) { // unrolled by hand: small cores have no other way to spare the branch
        STAPES_NN_STEP();
        STAPES_NN_STEP();
        STAPES_NN_STEP();
        STAPES_NN_STEP();
    }
    while (x0 != end)
        STAPES_NN_STEP();
    for (int i = 0; i < 4; i++)
        sums[i] = sum[i];
}

static inline int8_t finish(const stapes_nn_rows *rows, int32_t channel, int32_t sum) {
    const int32_t q = stapes_nn_rescale_up(sum, rows->multipliers[channel], rows->shifts[channel]);
    return (int8_t)stapes_nn_clamp(q + rows->out_zero, rows->out_low, rows->out_high);
}

void stapes_nn_rows_run(const stapes_nn_rows *rows, int8_t *out0, int8_t *out1) {
    const int8_t *w = rows->weights;
    for (int32_t c = 0; c < rows->channels; c += 2, w += 2 * rows->n) {
        const int32_t d = c + 1 < rows->channels ? c + 1 : c; // an odd last channel is its own partner
        const int8_t *v = w + (d - c) * rows->n;
        int32_t sums[4] = {rows->biases[c], rows->biases[c], rows->biases[d], rows->biases[d]};
        dot(rows->x[0], rows->x[1], w, v, rows->n, sums);
        out0[c] = finish(rows, c, sums[0]);
        out1[c] = finish(rows, c, sums[1]);
        out0[d] = finish(rows, d, sums[2]);
        out1[d] = finish(rows, d, sums[3]);
    }
}

#endif
