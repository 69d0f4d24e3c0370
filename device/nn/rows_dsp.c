// Rows times matrix with DSP instructions. Both rows are widened to 16 bits once, in the order in which a
// word of weights falls apart into pairs: for each four inputs the words 0 and 2, 1 and 3 of the first row,
// then of the second.
#include "nn/rows.h"

#include "nn/bytes.h"
#include "nn/dsp.h"
#include "nn/rescale.h"

#if STAPES_NN_DSP

int8_t *stapes_nn_rows_place(const stapes_nn_rows *rows, int which) {
    (void)which; // a row is widened as soon as it is loaded
    return rows->scratch + 4 * stapes_nn_multiple_of_4(rows->n);
}

void stapes_nn_rows_load(stapes_nn_rows *rows, int which, const int8_t *x) {
    uint32_t *pair = (uint32_t *)(void *)rows->scratch + 2 * which;
    const uint32_t low = stapes_nn_four(rows->in_low);
    for (const int8_t *end = x + (rows->n & ~3); x != end; x += 4, pair += 4) {
        const uint32_t four = stapes_nn_larger(stapes_nn_load_word(x), low);
        pair[0] = stapes_nn_even(four);
        pair[1] = stapes_nn_odd(four);
    }
    if (rows->n & 3) {
        const uint32_t four = stapes_nn_larger(stapes_nn_load_rest(x - (rows->n & ~3), rows->n), low);
        pair[0] = stapes_nn_even(four); // what is not there meets weights of zero
        pair[1] = stapes_nn_odd(four);
    }
}

typedef struct sums {
    int32_t a0, a1, b0, b1; // channels a and b, pixels 0 and 1
} sums;

// Four inputs of both rows by four weights of two channels.
static inline sums step(sums sum, const uint32_t *x, uint32_t wa, uint32_t wb) {
    const uint32_t even_a = stapes_nn_even(wa), odd_a = stapes_nn_odd(wa);
    const uint32_t even_b = stapes_nn_even(wb), odd_b = stapes_nn_odd(wb);
    sum.a0 = stapes_nn_dot(x[0], even_a, stapes_nn_dot(x[1], odd_a, sum.a0));
    sum.a1 = stapes_nn_dot(x[2], even_a, stapes_nn_dot(x[3], odd_a, sum.a1));
    sum.b0 = stapes_nn_dot(x[0], even_b, stapes_nn_dot(x[1], odd_b, sum.b0));
    sum.b1 = stapes_nn_dot(x[2], even_b, stapes_nn_dot(x[3], odd_b, sum.b1));
    return sum;
}

// Eight inputs a round, up to `end`, which is not yet reached. By hand, because four loads are one
// instruction when registers are in order, and all of the registers are needed; without
// optimisation there are fewer.
static inline sums dot_eights(sums sum, const uint32_t *x, const int8_t *a, const int8_t *b,
                              const int8_t *end) {
#if STAPES_NN_DSP_INSTRUCTIONS && defined(__OPTIMIZE__)
#define STAPES_NN_FOUR                                                                                       \
    "ldr r9, [%[a]], #4\n\t"                                                                                 \
    "ldm %[x]!, {r4, r5, r6, r8}\n\t"                                                                        \
    "sxtb16 r10, r9, ror #8\n\t"                                                                             \
    "sxtb16 r9, r9\n\t"                                                                                      \
    "smlad %[a0], r4, r9, %[a0]\n\t"                                                                         \
    "smlad %[a1], r6, r9, %[a1]\n\t"                                                                         \
    "ldr r9, [%[b]], #4\n\t"                                                                                 \
    "smlad %[a0], r5, r10, %[a0]\n\t"                                                                        \
    "smlad %[a1], r8, r10, %[a1]\n\t"                                                                        \
    "sxtb16 r10, r9, ror #8\n\t"                                                                             \
    "sxtb16 r9, r9\n\t"                                                                                      \
    "smlad %[b0], r4, r9, %[b0]\n\t"                                                                         \
    "smlad %[b1], r6, r9, %[b1]\n\t"                                                                         \
    "smlad %[b0], r5, r10, %[b0]\n\t"                                                                        \
    "smlad %[b1], r8, r10, %[b1]\n\t"
    __asm__ volatile("1:\n\t" STAPES_NN_FOUR STAPES_NN_FOUR "ldr r9, %[end]\n\t"
                     "cmp %[a], r9\n\t"
                     "bne 1b"
                     : [x] "+r"(x), [a] "+r"(a), [b] "+r"(b), [a0] "+r"(sum.a0), [a1] "+r"(sum.a1),
                       [b0] "+r"(sum.b0), [b1] "+r"(sum.b1)
                     : [end] "m"(end)
                     : "r4", "r5", "r6", "r8", "r9", "r10", "cc", "memory");
#undef STAPES_NN_FOUR
#else
    for (; a != end; a += 4, b += 4, x += 4)
        sum = step(sum, x, stapes_nn_load_word(a), stapes_nn_load_word(b));
#endif
    return sum;
}

// What eights leave over. a and b: the first of n weights.
static inline sums dot_rest(sums sum, const uint32_t *x, const int8_t *a, const int8_t *b, int32_t n) {
    const int32_t eights = n & ~7;
    x += eights;
    if (n & 4) {
        sum = step(sum, x, stapes_nn_load_word(a + eights), stapes_nn_load_word(b + eights));
        x += 4;
    }
    if (n & 3)
        sum = step(sum, x, stapes_nn_load_rest(a, n), stapes_nn_load_rest(b, n));
    return sum;
}

// Shifts of zero and to the left are rare.
STAPES_NN_CALLED sums finish_any(const sums *sum, const int32_t *multiplier, const int8_t *shift,
                                 int32_t zero) {
    sums q;
    q.a0 = stapes_nn_rescale_up(sum->a0, multiplier[0], shift[0]) + zero;
    q.a1 = stapes_nn_rescale_up(sum->a1, multiplier[0], shift[0]) + zero;
    q.b0 = stapes_nn_rescale_up(sum->b0, multiplier[1], shift[1]) + zero;
    q.b1 = stapes_nn_rescale_up(sum->b1, multiplier[1], shift[1]) + zero;
    q.a0 = stapes_nn_clamp(q.a0, INT8_MIN, INT8_MAX);
    q.a1 = stapes_nn_clamp(q.a1, INT8_MIN, INT8_MAX);
    q.b0 = stapes_nn_clamp(q.b0, INT8_MIN, INT8_MAX);
    q.b1 = stapes_nn_clamp(q.b1, INT8_MIN, INT8_MAX);
    return q;
}

// A shift to the right by 1 to 31, rounding halves up, and the output's zero. offset: 1, which rounds, and
// twice that zero.
static inline int32_t finish(int32_t sum, int32_t multiplier, int32_t bits, int32_t offset) {
    return stapes_nn_saturate_half((stapes_nn_high_multiply(sum, multiplier) >> bits) + offset);
}

static inline uint32_t finish_pair(sums sum, const int32_t *multiplier, const int8_t *shift, int32_t zero) {
    const int32_t a = shift[0], b = shift[1], offset = 2 * zero + 1;
    if ((a & b) >= 0)
        sum = finish_any(&sum, multiplier, shift, zero);
    else {
        sum.a0 = finish(sum.a0, multiplier[0], ~a, offset);
        sum.a1 = finish(sum.a1, multiplier[0], ~a, offset);
        sum.b0 = finish(sum.b0, multiplier[1], ~b, offset);
        sum.b1 = finish(sum.b1, multiplier[1], ~b, offset);
    }
    return stapes_nn_bytes(sum.a0, sum.b0, sum.a1, sum.b1);
}

// Channels go in pairs; of an odd number the last pair is that of the last two, one of them once more.
static void run_pairs(const stapes_nn_rows *rows, int8_t *out0, int8_t *out1) {
    const uint32_t *const x = (const uint32_t *)(const void *)rows->scratch;
    const uint32_t low = stapes_nn_four((int8_t)rows->out_low), high = stapes_nn_four((int8_t)rows->out_high);
    const int32_t n = rows->n;
    for (int32_t c = 0; c < rows->channels; c += 2) {
        c = c + 2 > rows->channels ? rows->channels - 2 : c;
        const int8_t *w = rows->weights + c * n;
        const int32_t *bias = rows->biases + c;
        sums sum = {bias[0], bias[0], bias[1], bias[1]};
        if (n & ~7)
            sum = dot_eights(sum, x, w, w + n, w + (n & ~7));
        if (n & 7)
            sum = dot_rest(sum, x, w, w + n, n);
        uint32_t four = finish_pair(sum, rows->multipliers + c, rows->shifts + c, rows->out_zero);
        four = stapes_nn_smaller(stapes_nn_larger(four, low), high);
        stapes_nn_store_half(out0 + c, four);
        stapes_nn_store_half(out1 + c, four >> 16);
    }
}

// A lone channel, which has no partner.
static void run_single(const stapes_nn_rows *rows, int8_t *out0, int8_t *out1) {
    const uint32_t *x = (const uint32_t *)(const void *)rows->scratch;
    const int32_t n = rows->n;
    const int8_t *w = rows->weights;
    sums sum = {rows->biases[0], rows->biases[0], 0, 0};
    for (int32_t i = 0; i + 4 <= n; i += 4, x += 4)
        sum = step(sum, x, stapes_nn_load_word(w + i), 0);
    if (n & 3)
        sum = step(sum, x, stapes_nn_load_rest(w, n), 0);
    const int32_t q0 = stapes_nn_rescale_up(sum.a0, rows->multipliers[0], rows->shifts[0]) + rows->out_zero;
    const int32_t q1 = stapes_nn_rescale_up(sum.a1, rows->multipliers[0], rows->shifts[0]) + rows->out_zero;
    *out0 = (int8_t)stapes_nn_clamp(q0, rows->out_low, rows->out_high);
    *out1 = (int8_t)stapes_nn_clamp(q1, rows->out_low, rows->out_high);
}

void stapes_nn_rows_run(const stapes_nn_rows *rows, int8_t *out0, int8_t *out1) {
    if (rows->channels > 1)
        run_pairs(rows, out0, out1);
    else
        run_single(rows, out0, out1);
}

#endif
