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

typedef struct sums {
    int32_t a0, a1, b0, b1; // channels a and b, pixels 0 and 1
} sums;

// RISC-V's compiler would load the values of all steps first, for which there are not registers enough.
#if defined(__riscv)
#define STAPES_NN_IN_ORDER() __asm__("" : "+r"(sum.a0), "+r"(sum.a1), "+r"(sum.b0), "+r"(sum.b1)::"memory")
#else
#define STAPES_NN_IN_ORDER() ((void)0)
#endif

// One input of both pixels by the weights of both channels.
#define STAPES_NN_STEP(i)                                                                                    \
    do {                                                                                                     \
        const int32_t first = x0[i], second = x1[i], weight_a = a[i], weight_b = b[i];                       \
        sum.a0 += first * weight_a;                                                                          \
        sum.a1 += second * weight_a;                                                                         \
        sum.b0 += first * weight_b;                                                                          \
        sum.b1 += second * weight_b;                                                                         \
        STAPES_NN_IN_ORDER();                                                                                \
    } while (0)

static inline sums dot(sums sum, const int8_t *x0, const int8_t *x1, const int8_t *a, const int8_t *b,
                       int32_t n) {
    for (; n >= 8; n -= 8, x0 += 8, x1 += 8, a += 8, b += 8) { // small cores spare branches no other way
        STAPES_NN_STEP(0);
        STAPES_NN_STEP(1);
        STAPES_NN_STEP(2);
        STAPES_NN_STEP(3);
        STAPES_NN_STEP(4);
        STAPES_NN_STEP(5);
        STAPES_NN_STEP(6);
        STAPES_NN_STEP(7);
    }
    for (int32_t i = 0; i < n; i++)
        STAPES_NN_STEP(i);
    return sum;
}

// One channel of both pixels.
static inline void finish(const stapes_nn_rows *rows, int32_t channel, int32_t sum0, int32_t sum1,
                          int8_t *out0, int8_t *out1) {
    const int32_t multiplier = rows->multipliers[channel], shift = rows->shifts[channel], bits = -1 - shift;
    const int32_t zero = rows->out_zero, low = rows->out_low, high = rows->out_high;
    int32_t q0, q1;
    if (shift < 0) { // nearly always
        q0 = ((stapes_nn_high_multiply(sum0, multiplier) >> bits) + 1) >> 1;
        q1 = ((stapes_nn_high_multiply(sum1, multiplier) >> bits) + 1) >> 1;
    } else {
        q0 = stapes_nn_rescale_up(sum0, multiplier, shift);
        q1 = stapes_nn_rescale_up(sum1, multiplier, shift);
    }
    *out0 = (int8_t)stapes_nn_clamp(q0 + zero, low, high);
    *out1 = (int8_t)stapes_nn_clamp(q1 + zero, low, high);
}

void stapes_nn_rows_run(const stapes_nn_rows *rows, int8_t *out0, int8_t *out1) {
    const int32_t n = rows->n;
    const int8_t *w = rows->weights;
    for (int32_t c = 0; c < rows->channels; c += 2, w += 2 * n) {
        const int32_t d = c + 1 < rows->channels ? c + 1 : c; // an odd last channel is its own partner
        const int32_t a = rows->biases[c], b = rows->biases[d];
        const sums sum = dot((sums){a, a, b, b}, rows->x[0], rows->x[1], w, w + (d - c) * n, n);
        finish(rows, c, sum.a0, sum.a1, out0 + c, out1 + c);
        finish(rows, d, sum.b0, sum.b1, out0 + d, out1 + d);
    }
}

#endif
