// Rows times matrix with Helium: sixteen products an instruction, four channels at a time, whose sums become
// a vector.
#include "nn/rows.h"

#include "nn/bytes.h"
#include "nn/processor.h"

#if STAPES_NN_MVE

#include "nn/mve.h"
#include "nn/rescale.h"

int8_t *stapes_nn_rows_place(const stapes_nn_rows *rows, int which) {
    return rows->scratch + which * stapes_nn_multiple_of_4(rows->n);
}

void stapes_nn_rows_load(stapes_nn_rows *rows, int which, const int8_t *x) {
    if (rows->in_low > INT8_MIN) {
        int8_t *place = stapes_nn_rows_place(rows, which);
        const int8x16_t low = vdupq_n_s8(rows->in_low);
        for (int32_t i = 0; i < rows->n; i += 16) {
            const mve_pred16_t here = vctp8q((uint32_t)(rows->n - i));
            vstrbq_p_s8(place + i, vmaxq_s8(vldrbq_z_s8(x + i, here), low), here);
        }
        x = place;
    }
    rows->x[which] = x;
}

// The sums of one row and four channels, whose weights begin at w, n apart. By hand, because the compiler
// knows no loops that predicate their own tail.
static inline int32x4_t dot(const int8_t *x, const int8_t *w0, int32_t n) {
    const int8_t *w1 = w0 + n, *w2 = w1 + n, *w3 = w2 + n;
    int32_t a = 0, b = 0, c = 0, d = 0;
    int8x16_t t0, t1;
    int32x4_t sum;
    __asm__ volatile(
        "wlstp.8 lr, %[n], 2f\n\t"
        "1:\n\t"
        "vldrb.8 %q[t0], [%[x]], #16\n\t"
        "vldrb.8 %q[t1], [%[w0]], #16\n\t"
        "vmladava.s8 %[a], %q[t0], %q[t1]\n\t"
        "vldrb.8 %q[t1], [%[w1]], #16\n\t"
        "vmladava.s8 %[b], %q[t0], %q[t1]\n\t"
        "vldrb.8 %q[t1], [%[w2]], #16\n\t"
        "vmladava.s8 %[c], %q[t0], %q[t1]\n\t"
        "vldrb.8 %q[t1], [%[w3]], #16\n\t"
        "vmladava.s8 %[d], %q[t0], %q[t1]\n\t"
        "letp lr, 1b\n\t"
        "2:\n\t"
        "vmov %e[sum], %[a], %[b]\n\t"
        "vmov %f[sum], %[c], %[d]"
        : [x] "+r"(x), [w0] "+r"(w0), [w1] "+r"(w1), [w2] "+r"(w2), [w3] "+r"(w3), [a] "+Te"(a), [b] "+Te"(b),
          [c] "+Te"(c), [d] "+Te"(d), [t0] "=&w"(t0), [t1] "=&w"(t1), [sum] "=&w"(sum)
        : [n] "r"(n)
        : "lr", "cc", "memory");
    return sum;
}

// Channels go in fours; what is left over is done with the last four, some of them once more.
static void run_fours(const stapes_nn_rows *rows, int8_t *out0, int8_t *out1) {
    const int32x4_t low = vdupq_n_s32(rows->out_low), high = vdupq_n_s32(rows->out_high);
    const int8_t *const x0 = rows->x[0], *const x1 = rows->x[1];
    const int32_t n = rows->n, channels = rows->channels, zero = rows->out_zero;
    for (int32_t c = 0; c < channels; c += 4) {
        c = c + 4 > channels ? channels - 4 : c;
        const int8_t *w = rows->weights + c * n;
        const int32x4_t bias = vldrwq_s32(rows->biases + c), multiplier = vldrwq_s32(rows->multipliers + c);
        const int32x4_t shift = vldrbq_s32(rows->shifts + c);
        int32x4_t q = stapes_nn_vector_up(vaddq_s32(dot(x0, w, n), bias), multiplier, shift);
        vstrbq_s32(out0 + c, vminq_s32(vmaxq_s32(vaddq_n_s32(q, zero), low), high));
        q = stapes_nn_vector_up(vaddq_s32(dot(x1, w, n), bias), multiplier, shift);
        vstrbq_s32(out1 + c, vminq_s32(vmaxq_s32(vaddq_n_s32(q, zero), low), high));
    }
}

static int8_t run_single(const stapes_nn_rows *rows, int32_t channel, const int8_t *x) {
    const int8_t *w = rows->weights + channel * rows->n;
    int32_t sum = rows->biases[channel];
    for (int32_t i = 0; i < rows->n; i += 16) {
        const mve_pred16_t here = vctp8q((uint32_t)(rows->n - i));
        sum = vmladavaq_s8(sum, vldrbq_z_s8(x + i, here), vldrbq_z_s8(w + i, here));
    }
    const int32_t q = stapes_nn_rescale_up(sum, rows->multipliers[channel], rows->shifts[channel]);
    return (int8_t)stapes_nn_clamp(q + rows->out_zero, rows->out_low, rows->out_high);
}

void stapes_nn_rows_run(const stapes_nn_rows *rows, int8_t *out0, int8_t *out1) {
    if (rows->channels >= 4) {
        run_fours(rows, out0, out1);
        return;
    }
    for (int32_t c = 0; c < rows->channels; c++) {
        out0[c] = run_single(rows, c, rows->x[0]);
        out1[c] = run_single(rows, c, rows->x[1]);
    }
}

#endif
