#include "nn_stored.h"

#include <math.h>

// --- scales, and the integers that TensorFlow Lite makes of them ------------------------------------------

static float draw_scale(nn_case *c, double low, double high) {
    const double t = nn_case_below(c, 1 << 20) / (double)(1 << 20);
    return (float)(low * pow(high / low, t));
}

// QuantizeMultiplier: factor = multiplier / 2^31 * 2^shift.
static void quantize_multiplier(double factor, int32_t *multiplier, int8_t *shift) {
    int exponent;
    const double fraction = frexp(factor, &exponent);
    int64_t q = (int64_t)round(fraction * 2147483648.0);
    if (q == 2147483648) {
        q /= 2;
        exponent++;
    }
    if (exponent < -31) {
        q = 0;
        exponent = 0;
    }
    *multiplier = (int32_t)q;
    *shift = (int8_t)exponent;
}

static void draw_sum_scales(nn_case *c, nn_scales *s) {
    s->in = draw_scale(c, 0.001, 0.3);
    s->second = nn_case_below(c, 5) ? s->in * draw_scale(c, 0.1, 10) : s->in;
    s->out = (s->in + s->second) * draw_scale(c, 0.3, 2);
    const double twice = 2 * fmax(s->in, s->second);
    quantize_multiplier(s->in / twice, &c->multipliers[0], &c->shifts[0]);
    quantize_multiplier(s->second / twice, &c->multipliers[1], &c->shifts[1]);
    quantize_multiplier(twice / ((1 << 20) * (double)s->out), &c->multipliers[2], &c->shifts[2]);
}

// As nn_case.c does: results that fill the range, and now and then a channel far off.
static void draw_scales(nn_case *c, nn_scales *s) {
    const int channels = c->maps[2].c, each = c->op.kind != STAPES_FULLY_CONNECTED;
    const double spread = sqrt((double)c->weight_count / channels) * 5400 / 60; // sums by the range of int8
    s->in = draw_scale(c, 0.001, 0.3);
    s->out = draw_scale(c, 0.01, 0.3);
    for (int k = 0; k < channels; k++) {
        const float factor = draw_scale(c, 0.3, 3) * (nn_case_below(c, 30) ? 1 : draw_scale(c, 0.001, 30));
        s->weight[k] = each || k == 0 ? (float)(factor * s->out / (s->in * spread)) : s->weight[0];
        const double product = each ? (double)s->in * s->weight[k] : (double)(s->in * s->weight[k]);
        quantize_multiplier(product / s->out, &c->multipliers[k], &c->shifts[k]);
    }
}

// --- the case -------------------------------------------------------------------------------------------

static void make_skipping(nn_case *c) {
    stapes_op *op = &c->op;
    const stapes_map *in = &c->maps[0];
    op->k_h = op->k_w = op->dilation = 1;
    op->stride_h = op->stride_w = 2;
    c->valid = 0;
    c->maps[2].h = (uint16_t)((in->h + 1) / 2);
    c->maps[2].w = (uint16_t)((in->w + 1) / 2);
    // SAME with 2x2: where a length is odd there is one row of padding behind the map, none before
    op->pad_top = op->pad_left = -1;
    c->weight_count = in->c * c->maps[2].c;
}

void nn_stored_draw(nn_case *c, nn_scales *s, stapes_op_kind kind, uint32_t number) {
    nn_case_draw(c, kind, number);
    if (kind == STAPES_CONV && number % 4 == 0)
        make_skipping(c);
    c->op.out_low = INT8_MIN; // clamps beyond int8's are compared elsewhere, with plain loops
    c->op.out_high = INT8_MAX;
    if (kind == STAPES_ADD)
        draw_sum_scales(c, s);
    else
        draw_scales(c, s);
    if (kind == STAPES_MAX_POOL || kind == STAPES_AVERAGE_POOL)
        s->out = s->in;
}

void nn_put_zero_into_biases(nn_case *c) {
    const int depthwise = c->op.kind == STAPES_DEPTHWISE, channels = c->maps[2].c;
    const int n = c->weight_count / channels;
    for (int k = 0; k < channels; k++) {
        int32_t sum = 0;
        for (int i = 0; i < n; i++)
            sum += c->weights[depthwise ? i * channels + k : k * n + i];
        c->biases[k] -= c->maps[0].zero * sum;
    }
}

void nn_pack(const nn_case *c, const stapes_map *map, int8_t low, int8_t *to) {
    const int8_t *from = c->arena + map->offset;
    for (int p = 0; p < map->h * map->w; p++)
        for (int k = 0; k < map->c; k++) {
            const int8_t value = from[p * map->pitch + k];
            *to++ = value < low ? low : value;
        }
}
