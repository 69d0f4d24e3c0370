// Depthwise convolution with Helium: sixteen channels at a time, read where they lie in the map. Of each
// output pixel the addresses of its taps are listed first; taps in the padding are given a pixel of padding
// in scratch.
#include "nn/nn.h"
#include "nn/processor.h"

#if STAPES_NN_MVE

#include "nn/bytes.h"
#include "nn/mve.h"

typedef struct layer {
    const int8_t *weights; // [taps][channels]
    const int32_t *biases, *multipliers;
    const int8_t *shifts;
    const int8_t **tap; // [taps]
    int32_t taps, channels, zero, low, high;
    int32_t any_left; // whether a shift is to the left
    int8_t in_low;
} layer;

static void list_taps(const stapes_op *op, const stapes_map *in, const int8_t *values, int32_t y, int32_t x,
                      const int8_t *padding, const int8_t **tap) {
    for (int32_t i = 0; i < op->k_h; i++, y += op->dilation) {
        const int32_t row = y >= 0 && y < in->h;
        const int8_t *pixel = values + (y * in->w + x) * in->pitch;
        int32_t column = x;
        for (int32_t j = 0; j < op->k_w; j++, column += op->dilation, pixel += op->dilation * in->pitch)
            *tap++ = row && column >= 0 && column < in->w ? pixel : padding;
    }
}

// A tap's inputs and weights to two registers; channels that are not there are zero.
#define STAPES_NN_LOAD(inputs, weights)                                                                      \
    "ldr %[at], [%[tap]], #4\n\t"                                                                            \
    "add %[at], %[c]\n\t"                                                                                    \
    "vpstt\n\t"                                                                                              \
    "vldrbt.8 " inputs ", [%[at]]\n\t"                                                                       \
    "vldrbt.8 " weights ", [%[w]]\n\t"                                                                       \
    "add %[w], %[channels]\n\t"
// Sums of 16 bits, of even and odd channels, to those of 32: lane i of q4 + k is channel 4 i + k.
#define STAPES_NN_WIDEN(even, odd, other)                                                                    \
    "vmovlb.s16 " other ", " even "\n\t"                                                                     \
    "vadd.i32 q4, q4, " other "\n\t"                                                                         \
    "vmovlt.s16 " even ", " even "\n\t"                                                                      \
    "vadd.i32 q6, q6, " even "\n\t"                                                                          \
    "vmovlb.s16 " other ", " odd "\n\t"                                                                      \
    "vadd.i32 q5, q5, " other "\n\t"                                                                         \
    "vmovlt.s16 " odd ", " odd "\n\t"                                                                        \
    "vadd.i32 q7, q7, " odd "\n\t"
#define STAPES_NN_BEGIN                                                                                      \
    "vctp.8 %[left]\n\t"                                                                                     \
    "vmov.i32 q4, #0\n\t"                                                                                    \
    "vmov.i32 q5, #0\n\t"                                                                                    \
    "vmov.i32 q6, #0\n\t"                                                                                    \
    "vmov.i32 q7, #0\n\t"
#define STAPES_NN_STORE                                                                                      \
    "vst40.32 {q4, q5, q6, q7}, [%[sums]]\n\t"                                                               \
    "vst41.32 {q4, q5, q6, q7}, [%[sums]]\n\t"                                                               \
    "vst42.32 {q4, q5, q6, q7}, [%[sums]]\n\t"                                                               \
    "vst43.32 {q4, q5, q6, q7}, [%[sums]]"
#define STAPES_NN_OPERANDS [tap] "+r"(tap), [w] "+r"(w), [at] "=&r"(at)
#define STAPES_NN_CLOBBERS "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "lr", "cc", "memory"

// Sums of sixteen channels from c on, the first `left` of them real. Two taps a round: a product has 15 bits
// and two of them 16, since weights are never -128. By hand, because all eight registers are needed, and one
// value more, which is loaded twice.
static inline void convolve(const layer *l, int32_t c, int32_t move, int32_t left, int32_t *sums) {
    const int8_t *w = l->weights + c, *const *tap = l->tap, *at;
    // clang-format off
    __asm__ volatile(
        STAPES_NN_BEGIN
        "wls lr, %[pairs], 2f\n\t"
        "1:\n\t"
        STAPES_NN_LOAD("q0", "q1")
        "vmullb.s8 q2, q0, q1\n\t"
        "vmullt.s8 q0, q0, q1\n\t"
        STAPES_NN_LOAD("q1", "q3")
        "vmullb.s8 q1, q1, q3\n\t"
        "vadd.i16 q2, q2, q1\n\t"
        "vpst\n\t"
        "vldrbt.8 q1, [%[at]]\n\t"
        "vmullt.s8 q1, q1, q3\n\t"
        "vadd.i16 q0, q0, q1\n\t"
        STAPES_NN_WIDEN("q2", "q0", "q1")
        "le lr, 1b\n\t"
        "2:\n\t"
        "cbz %[odd], 3f\n\t"
        STAPES_NN_LOAD("q0", "q1")
        "vmullb.s8 q2, q0, q1\n\t"
        "vmullt.s8 q0, q0, q1\n\t"
        STAPES_NN_WIDEN("q2", "q0", "q1")
        "3:\n\t"
        STAPES_NN_STORE
        : STAPES_NN_OPERANDS
        : [c] "r"(c + move), [left] "r"(left), [pairs] "r"(l->taps >> 1), [odd] "l"(l->taps & 1),
          [channels] "r"(l->channels), [sums] "r"(sums)
        : STAPES_NN_CLOBBERS);
    // clang-format on
}

// The same of inputs that are rectified first, a tap a round.
static inline void convolve_rectified(const layer *l, int32_t c, int32_t move, int32_t left, int32_t *sums) {
    const int8_t *w = l->weights + c, *const *tap = l->tap, *at;
    // clang-format off
    __asm__ volatile(
        STAPES_NN_BEGIN
        "vdup.8 q3, %[low]\n\t"
        "dls lr, %[taps]\n\t"
        "1:\n\t"
        STAPES_NN_LOAD("q0", "q1")
        "vmax.s8 q0, q0, q3\n\t"
        "vmullb.s8 q2, q0, q1\n\t"
        "vmullt.s8 q0, q0, q1\n\t"
        STAPES_NN_WIDEN("q2", "q0", "q1")
        "le lr, 1b\n\t"
        STAPES_NN_STORE
        : STAPES_NN_OPERANDS
        : [c] "r"(c + move), [left] "r"(left), [taps] "r"(l->taps), [low] "r"(l->in_low),
          [channels] "r"(l->channels), [sums] "r"(sums)
        : STAPES_NN_CLOBBERS);
    // clang-format on
}

STAPES_NN_CALLED void convolve_pixel(const layer *l, int32_t move, int32_t *sums) {
    for (int32_t c = 0; c < l->channels; c += 16, sums += 16) {
        const int32_t left = l->channels - c;
        if (l->in_low > INT8_MIN)
            convolve_rectified(l, c, move, left, sums);
        else
            convolve(l, c, move, left, sums);
    }
}

// Four channels from their sums to int8. left: whether shifts may be to the left.
static inline int32x4_t finish(int32x4_t sum, int32x4_t multiplier, int32x4_t shift, int left, int32_t zero,
                               int32x4_t low, int32x4_t high) {
    if (left) {
        sum = vshlq_s32(sum, vmaxq_s32(shift, vdupq_n_s32(0)));
        shift = vminq_s32(shift, vdupq_n_s32(0));
    }
    const int32x4_t q = stapes_nn_vector_shift_away(vqrdmulhq_s32(sum, multiplier), shift);
    return vminq_s32(vmaxq_s32(vaddq_n_s32(q, zero), low), high);
}

static inline void finish_pixel(const layer *l, const int32_t *sums, int8_t *y, int left) {
    const int32_t *bias = l->biases, *multiplier = l->multipliers, zero = l->zero, channels = l->channels;
    const int32x4_t low = vdupq_n_s32(l->low), high = vdupq_n_s32(l->high);
    const int8_t *shift = l->shifts;
    for (int32_t i = channels >> 2; i > 0; i--, sums += 4, bias += 4, multiplier += 4, shift += 4, y += 4) {
        const int32x4_t sum = vaddq_s32(vldrwq_s32(sums), vldrwq_s32(bias));
        vstrbq_s32(y, finish(sum, vldrwq_s32(multiplier), vldrbq_s32(shift), left, zero, low, high));
    }
    if (channels & 3) {
        const mve_pred16_t here = vctp32q((uint32_t)(channels & 3));
        const int32x4_t sum = vaddq_s32(vldrwq_s32(sums), vldrwq_z_s32(bias, here));
        const int32x4_t q =
            finish(sum, vldrwq_z_s32(multiplier, here), vldrbq_z_s32(shift, here), left, zero, low, high);
        vstrbq_p_s32(y, q, here);
    }
}

STAPES_NN_CALLED void finish_usual(const layer *l, const int32_t *sums, int8_t *y) {
    finish_pixel(l, sums, y, 0);
}

STAPES_NN_CALLED void finish_any(const layer *l, const int32_t *sums, int8_t *y) {
    finish_pixel(l, sums, y, 1);
}

void stapes_nn_depthwise(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                         int8_t *arena, int8_t *scratch) {
    const stapes_map *in = &maps[op->in], *out = &maps[op->out];
    layer l = {constants->weights + op->weights,
               constants->biases + op->channel,
               constants->multipliers + op->channel,
               constants->shifts + op->channel,
               (const int8_t **)(void *)scratch,
               op->k_h * op->k_w,
               in->c,
               out->zero,
               op->out_low,
               op->out_high,
               0,
               op->in_low};
    for (int32_t c = 0; c < l.channels; c++)
        l.any_left |= l.shifts[c] > 0;
    // taps, sums, a pixel of padding
    int32_t *sums = (int32_t *)(void *)(scratch + (size_t)l.taps * sizeof *l.tap);
    int8_t *padding = (int8_t *)(sums + ((in->c + 15) & ~15)), *y = arena + out->offset;
    stapes_nn_fill(padding, in->zero, in->c);
    const int32_t reach_h = (op->k_h - 1) * op->dilation, reach_w = (op->k_w - 1) * op->dilation;
    for (int32_t i = 0, row = -op->pad_top; i < out->h; i++, row += op->stride_h) {
        int32_t listed = -1; // column of the last window of this row whose taps are listed and all in the map
        for (int32_t j = 0, column = -op->pad_left; j < out->w;
             j++, column += op->stride_w, y += out->pitch) {
            const int32_t inside =
                row >= 0 && row + reach_h < in->h && column >= 0 && column + reach_w < in->w;
            if (!inside || listed < 0) {
                list_taps(op, in, arena + in->offset, row, column, padding, l.tap);
                listed = inside ? column : -1;
            }
            convolve_pixel(&l, inside ? (column - listed) * in->pitch : 0, sums);
            if (l.any_left)
                finish_any(&l, sums, y);
            else
                finish_usual(&l, sums, y);
        }
    }
}

#endif
