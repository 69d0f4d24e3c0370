// Sum of two maps with scales of their own (TensorFlow Lite's ADD).
#include "nn/dsp.h"
#include "nn/nn.h"
#include "nn/rescale.h"

#if STAPES_NN_MVE
#include <arm_mve.h>
#endif

// Each input less its zero point is taken with 20 more bits, so that what rescaling rounds away does not
// show.
enum { STAPES_NN_ADD_BITS = 20 };

// What an input or the sum goes through: x times multiplier, then shifted to the right by `bits`, halves away
// from zero. Branches are replaced by constants: nothing to shift, and none of this has an effect.
typedef struct stage {
    int32_t multiplier, left, bits, half, below; // below: -1 where numbers under zero need it, else 0
} stage;

static stage stage_of(const stapes_constants *constants, uint32_t at) {
    const int32_t shift = constants->shifts[at], bits = shift < 0 ? -shift : 0;
    const stage s = {constants->multipliers[at], shift > 0 ? shift : 0, bits, (int32_t)((1u << bits) >> 1),
                     bits > 0 ? -1 : 0};
    return s;
}

#if STAPES_NN_MVE

static inline int32x4_t rescale(const stage *s, int32x4_t x) {
    const int32x4_t high = vqrdmulhq_n_s32(vshlq_r_s32(x, s->left), s->multiplier);
    return vrshlq_n_s32(vaddq_s32(high, vandq_s32(vshrq_n_s32(high, 31), vdupq_n_s32(s->below))), -s->bits);
}

static void add_run(const stapes_op *op, const stapes_map *maps, const stage stages[3], const int8_t *a,
                    const int8_t *b, int8_t *y, int32_t n) {
    const stage first = stages[0], second = stages[1], last = stages[2];
    const int32_t zero_a = maps[op->in].zero, zero_b = maps[op->second].zero, zero_y = maps[op->out].zero;
    const int32x4_t low = vdupq_n_s32(op->out_low), high = vdupq_n_s32(op->out_high);
    for (int32_t i = 0; i < n; i += 4) {
        const mve_pred16_t here = vctp32q((uint32_t)(n - i));
        const int32x4_t wide_a =
            vshlq_n_s32(vsubq_n_s32(vldrbq_z_s32(a + i, here), zero_a), STAPES_NN_ADD_BITS);
        const int32x4_t wide_b =
            vshlq_n_s32(vsubq_n_s32(vldrbq_z_s32(b + i, here), zero_b), STAPES_NN_ADD_BITS);
        const int32x4_t sum = vaddq_s32(rescale(&first, wide_a), rescale(&second, wide_b));
        const int32x4_t q = vaddq_n_s32(rescale(&last, sum), zero_y);
        vstrbq_p_s32(y + i, vminq_s32(vmaxq_s32(q, low), high), here);
    }
}

#else

static inline int32_t rescale(const stage *s, int32_t x) {
    const int32_t high = stapes_nn_high_multiply(x * (1 << s->left), s->multiplier);
    return (high + ((high >> 31) & s->below) + s->half) >> s->bits;
}

// Any constants.
static void add_any(const stapes_op *op, const stapes_map *maps, const stage stages[3], const int8_t *a,
                    const int8_t *b, int8_t *y, int32_t n) {
    const int32_t one = 1 << STAPES_NN_ADD_BITS;
    for (int32_t i = 0; i < n; i++) {
        const int32_t sum = rescale(&stages[0], (a[i] - maps[op->in].zero) * one) +
                            rescale(&stages[1], (b[i] - maps[op->second].zero) * one);
        const int32_t q = rescale(&stages[2], sum) + maps[op->out].zero;
        y[i] = (int8_t)stapes_nn_clamp(q, op->out_low, op->out_high);
    }
}

// TensorFlow Lite's constants: the input of the larger scale is halved, which is exact, and the sum is
// shifted to the right.
typedef struct halved {
    stage other, sum;
    int32_t zero_half, zero_other; // as they are subtracted
    int32_t bits, offset;
} halved;

static inline int32_t add_halved(const halved *h, int32_t half, int32_t other) {
    const int32_t sum = rescale(&h->other, other * (1 << STAPES_NN_ADD_BITS) - h->zero_other) +
                        half * (1 << (STAPES_NN_ADD_BITS - 1)) - h->zero_half;
    const int32_t high = stapes_nn_high_multiply(sum, h->sum.multiplier);
    return stapes_nn_saturate_half(((high + (high >> 31)) >> h->bits) + h->offset);
}

static int is_half(const stage *s) {
    return s->multiplier == 1 << 30 && s->bits == 0 && s->left == 0;
}

static void add_run(const stapes_op *op, const stapes_map *maps, const stage stages[3], const int8_t *a,
                    const int8_t *b, int8_t *y, int32_t n) {
    const int32_t low = op->out_low, high = op->out_high;
    const int swap = !is_half(&stages[0]);
    if (!is_half(&stages[swap]) || stages[2].bits == 0) {
        add_any(op, maps, stages, a, b, y, n);
        return;
    }
    const halved h = {stages[!swap],
                      stages[2],
                      maps[swap ? op->second : op->in].zero * (1 << (STAPES_NN_ADD_BITS - 1)),
                      maps[swap ? op->in : op->second].zero * (1 << STAPES_NN_ADD_BITS),
                      stages[2].bits - 1,
                      2 * maps[op->out].zero + 1};
    const int8_t *half = swap ? b : a, *other = swap ? a : b;
    for (const int8_t *end = half + n; half != end; half++, other++, y++)
        *y = (int8_t)stapes_nn_clamp(add_halved(&h, *half, *other), low, high);
}

#endif

void stapes_nn_add(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                   int8_t *arena, int8_t *scratch) {
    const stapes_map *in = &maps[op->in], *second = &maps[op->second], *out = &maps[op->out];
    const int8_t *a = arena + in->offset, *b = arena + second->offset;
    int8_t *y = arena + out->offset;
    const int32_t pixels = (int32_t)in->h * in->w;
    const stage stages[3] = {stage_of(constants, op->channel), stage_of(constants, op->channel + 1),
                             stage_of(constants, op->channel + 2)};
    (void)scratch;
    if (in->pitch == in->c && second->pitch == in->c && out->pitch == in->c) {
        add_run(op, maps, stages, a, b, y, pixels * in->c);
        return;
    }
    for (int32_t p = 0; p < pixels; p++, a += in->pitch, b += second->pitch, y += out->pitch)
        add_run(op, maps, stages, a, b, y, in->c);
}
