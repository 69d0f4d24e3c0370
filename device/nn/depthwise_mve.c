// Depthwise convolution with Helium: sixteen channels at a time, read where they lie in the map. Of each
// output pixel the addresses of its taps are listed first; taps in the padding are given a pixel of padding
// in scratch.
#include "nn/nn.h"
#include "nn/processor.h"

#if STAPES_NN_MVE

#include "nn/bytes.h"
#include "nn/mve.h"

typedef struct layer {
    const int8_t *weights;               // [taps][channels]
    const int32_t *biases, *multipliers; // sixteen at least, as the vectors want
    const int8_t *shifts;
    const int8_t **tap; // [taps]
    int32_t taps, channels, zero;
    int8_t in_low, low, high;
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

// Sums of sixteen channels, as four vectors: lane i of vector k is channel 4 i + k.
typedef struct sums {
    int32x4_t v0, v1, v2, v3;
} sums;

// A tap's inputs (from %[tap]) and weights (from %[w]) to two registers. Lanes that are not there are zero.
#define STAPES_NN_LOAD(inputs, weights)                                                                      \
    "ldr %[at], [%[tap]], #4\n\t"                                                                            \
    "add %[at], %[c]\n\t"                                                                                    \
    "vpstt\n\t"                                                                                              \
    "vldrbt.8 " inputs ", [%[at]]\n\t"                                                                       \
    "vldrbt.8 " weights ", [%[w]]\n\t"                                                                       \
    "add %[w], %[channels]\n\t"
// Sums of 16 bits, of even and odd channels, to those of 32.
#define STAPES_NN_WIDEN(even, odd, other)                                                                    \
    "vmovlb.s16 " other ", " even "\n\t"                                                                     \
    "vadd.i32 %q[s0], %q[s0], " other "\n\t"                                                                 \
    "vmovlt.s16 " even ", " even "\n\t"                                                                      \
    "vadd.i32 %q[s2], %q[s2], " even "\n\t"                                                                  \
    "vmovlb.s16 " other ", " odd "\n\t"                                                                      \
    "vadd.i32 %q[s1], %q[s1], " other "\n\t"                                                                 \
    "vmovlt.s16 " odd ", " odd "\n\t"                                                                        \
    "vadd.i32 %q[s3], %q[s3], " odd "\n\t"

// Two taps a round: a product has 15 bits and two of them 16, since weights are never -128. By hand, because
// all eight registers are needed, and one value more, which is loaded twice.
static inline void convolve(const layer *l, int32_t c, int32_t left, sums *s) {
    const int8_t *w = l->weights + c, *const *tap = l->tap;
    const int8_t *at;
    int8x16_t t0, t1, t2, t3;
    __asm__ volatile(
        "vctp.8 %[left]\n\t"
        "wls lr, %[pairs], 2f\n\t"
        "1:\n\t" STAPES_NN_LOAD(
            "%q[t0]",
            "%q[t1]") "vmullb.s8 %q[t2], %q[t0], %q[t1]\n\t"
                      "vmullt.s8 %q[t0], %q[t0], %q[t1]\n\t" STAPES_NN_LOAD(
                          "%q[t1]",
                          "%q[t3]") "vmullb.s8 %q[t1], %q[t1], %q[t3]\n\t"
                                    "vadd.i16 %q[t2], %q[t2], %q[t1]\n\t"
                                    "vpst\n\t"
                                    "vldrbt.8 %q[t1], [%[at]]\n\t"
                                    "vmullt.s8 %q[t1], %q[t1], %q[t3]\n\t"
                                    "vadd.i16 %q[t0], %q[t0], %q[t1]\n\t" STAPES_NN_WIDEN(
                                        "%q[t2]", "%q[t0]",
                                        "%q[t1]") "le lr, 1b\n\t"
                                                  "2:\n\t"
                                                  "cbz %[odd], 3f\n\t" STAPES_NN_LOAD(
                                                      "%q[t0]",
                                                      "%q[t1]") "vmullb.s8 %q[t2], %q[t0], %q[t1]\n\t"
                                                                "vmullt.s8 %q[t0], %q[t0], "
                                                                "%q[t1]\n\t" STAPES_NN_WIDEN(
                                                                    "%q[t2]", "%q[t0]", "%q[t1]") "3:"
        : [tap] "+r"(tap), [w] "+r"(w), [at] "=&r"(at), [s0] "+w"(s->v0), [s1] "+w"(s->v1), [s2] "+w"(s->v2),
          [s3] "+w"(s->v3), [t0] "=&w"(t0), [t1] "=&w"(t1), [t2] "=&w"(t2), [t3] "=&w"(t3)
        : [c] "r"(c), [left] "r"(left), [pairs] "r"(l->taps >> 1), [odd] "l"(l->taps & 1),
          [channels] "r"(l->channels)
        : "lr", "cc", "memory");
}

// The same for inputs that are rectified first.
static inline void convolve_rectified(const layer *l, int32_t c, mve_pred16_t here, sums *s) {
    const int8x16_t low = vdupq_n_s8(l->in_low);
    const int8_t *w = l->weights + c, *const *tap = l->tap;
    int32x4_t s0 = s->v0, s1 = s->v1, s2 = s->v2, s3 = s->v3;
    for (int32_t t = l->taps; t > 0; t--, w += l->channels) {
        const int8x16_t x = vmaxq_s8(vldrbq_z_s8(*tap++ + c, here), low), u = vldrbq_z_s8(w, here);
        const int16x8_t even = vmullbq_int_s8(x, u), odd = vmulltq_int_s8(x, u);
        s0 = vaddq_s32(s0, vmovlbq_s16(even));
        s1 = vaddq_s32(s1, vmovlbq_s16(odd));
        s2 = vaddq_s32(s2, vmovltq_s16(even));
        s3 = vaddq_s32(s3, vmovltq_s16(odd));
    }
    s->v0 = s0, s->v1 = s1, s->v2 = s2, s->v3 = s3;
}

static inline int32x4_t finish(int32x4_t sum, int32x4_t multiplier, const int8_t *shifts, int32_t zero) {
    const uint32x4_t fourths = vmulq_n_u32(vidupq_n_u32(0, 1), 4);
    return vaddq_n_s32(stapes_nn_vector_away(sum, multiplier, vldrbq_gather_offset_s32(shifts, fourths)),
                       zero);
}

static void run_block(const layer *l, int32_t c, int32_t left, int8_t *y) {
    const mve_pred16_t here = vctp8q((uint32_t)left);
    const int32x4x4_t bias = vld4q_s32(l->biases + c);
    sums s = {bias.val[0], bias.val[1], bias.val[2], bias.val[3]};
    if (l->in_low > INT8_MIN)
        convolve_rectified(l, c, here, &s);
    else
        convolve(l, c, left, &s);
    const int32x4x4_t multiplier = vld4q_s32(l->multipliers + c);
    const int8_t *shifts = l->shifts + c;
    // Narrowing puts the channels into their order, and saturates.
    int16x8_t even = vqmovnbq_s32(vdupq_n_s16(0), finish(s.v0, multiplier.val[0], shifts, l->zero));
    even = vqmovntq_s32(even, finish(s.v2, multiplier.val[2], shifts + 2, l->zero));
    int16x8_t odd = vqmovnbq_s32(vdupq_n_s16(0), finish(s.v1, multiplier.val[1], shifts + 1, l->zero));
    odd = vqmovntq_s32(odd, finish(s.v3, multiplier.val[3], shifts + 3, l->zero));
    int8x16_t q = vqmovntq_s16(vqmovnbq_s16(vdupq_n_s8(0), even), odd);
    q = vminq_s8(vmaxq_s8(q, vdupq_n_s8(l->low)), vdupq_n_s8(l->high));
    vstrbq_p_s8(y + c, q, here);
}

// Blocks of sixteen channels; what is left over is done with the last sixteen, some of them once more.
static void run_pixel(const layer *l, int8_t *y) {
    if (l->channels < 16)
        run_block(l, 0, l->channels, y);
    else
        for (int32_t c = 0; c < l->channels; c += 16) {
            c = c + 16 > l->channels ? l->channels - 16 : c;
            run_block(l, c, 16, y);
        }
}

// Constants of fewer than sixteen channels, so that there are sixteen.
typedef struct few {
    int32_t biases[16], multipliers[16];
    int8_t shifts[16];
} few;

static void widen_constants(layer *l, few *f) {
    memset(f, 0, sizeof *f);
    for (int32_t c = 0; c < l->channels; c++) {
        f->biases[c] = l->biases[c];
        f->multipliers[c] = l->multipliers[c];
        f->shifts[c] = l->shifts[c];
    }
    l->biases = f->biases;
    l->multipliers = f->multipliers;
    l->shifts = f->shifts;
}

void stapes_nn_depthwise(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                         int8_t *arena, int8_t *scratch) {
    const stapes_map *in = &maps[op->in], *out = &maps[op->out];
    few f;
    layer l = {constants->weights + op->weights,
               constants->biases + op->channel,
               constants->multipliers + op->channel,
               constants->shifts + op->channel,
               (const int8_t **)(void *)scratch,
               op->k_h * op->k_w,
               in->c,
               out->zero,
               op->in_low,
               op->out_low,
               op->out_high};
    if (l.channels < 16)
        widen_constants(&l, &f);
    int8_t *padding = scratch + (size_t)l.taps * sizeof *l.tap, *y = arena + out->offset;
    stapes_nn_fill(padding, in->zero, in->c);
    for (int32_t i = 0; i < out->h; i++)
        for (int32_t j = 0; j < out->w; j++, y += out->pitch) {
            list_taps(op, in, arena + in->offset, i * op->stride_h - op->pad_top,
                      j * op->stride_w - op->pad_left, padding, l.tap);
            run_pixel(&l, y);
        }
}

#endif
