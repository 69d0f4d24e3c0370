// The slow obvious int8 interpreter: one value at a time in 64 bits, every storage in memory of its own,
// straight from the list of operations and its scales. No sums folded into biases, no pitches, no plan. What
// the device computes must be this, bit for bit. Beside it the same in double, from the scales alone.
#ifndef STP_TESTS_INT8_ORACLE_H
#define STP_TESTS_INT8_ORACLE_H

#include "quant/int8_net.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct int8_oracle {
    const stp_int8_net *net;
    int8_t **storage; // [net->storages][h][w][c]
} int8_oracle;

static inline int8_oracle int8_oracle_make(const stp_int8_net *net) {
    int8_oracle o = {.net = net, .storage = calloc((size_t)net->storages, sizeof *o.storage)};
    for (int i = 0; i < net->storages; i++)
        o.storage[i] = calloc((size_t)(net->storage[i].h * net->storage[i].w * net->storage[i].c), 1);
    return o;
}

static inline void int8_oracle_free(int8_oracle *o) {
    for (int i = 0; i < o->net->storages; i++)
        free(o->storage[i]);
    free(o->storage);
}

static inline int8_t *int8_oracle_at(const int8_oracle *o, int tensor, int h, int w, int c) {
    const stp_int8_tensor *t = &o->net->tensor[tensor];
    const stp_int8_storage *s = &o->net->storage[t->storage];
    return &o->storage[t->storage][(h * s->w + w) * s->c + t->c_first + c];
}

// --- rounding -------------------------------------------------------------------------------------

static inline int64_t int8_oracle_floor_shift(int64_t x, int right) { // towards minus infinity
    return x >= 0 ? x >> right : -((-x + ((int64_t)1 << right) - 1) >> right);
}

// The doubling high multiply: x * m / 2^31, halves upwards but for those of negative products (gemmlowp).
static inline int64_t int8_oracle_high(int64_t x, int32_t m) {
    int64_t product = x * m, nudge = product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30);
    return (product + nudge) / ((int64_t)1 << 31);
}

// half_up: convolutions and fully connected; else gemmlowp's division, halves away from zero.
static inline int64_t int8_oracle_rescale(int64_t x, int32_t m, int shift, int half_up) {
    int left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
    int64_t high = int8_oracle_high(x * ((int64_t)1 << left), m);
    if (right == 0)
        return high;
    int64_t half = (int64_t)1 << (right - 1);
    if (half_up || high >= 0)
        return int8_oracle_floor_shift(high + half, right);
    return -int8_oracle_floor_shift(-high + half, right);
}

static inline int int8_oracle_clamp(int64_t q, int low) {
    return (int)(q < low ? low : q > 127 ? 127 : q);
}

// --- operations -----------------------------------------------------------------------------------

typedef struct int8_result {
    int exact;   // as the device has it
    double real; // in steps of the output, before rounding, from the scales alone
} int8_result;

// Value less zero point at a place of the input; 0 outside, and for what a rectifier cuts off.
static inline int int8_oracle_read(const int8_oracle *o, const stp_int8_op *op, int h, int w, int c) {
    const stp_int8_storage *s = stp_int8_storage_of(o->net, op->in);
    if (h < 0 || w < 0 || h >= s->h || w >= s->w)
        return 0;
    int x = *int8_oracle_at(o, op->in, h, w, c) - stp_int8_scale_of(o->net, op->in)->zero;
    return op->relu_in && x < 0 ? 0 : x;
}

static inline int8_result int8_oracle_weighted(const int8_oracle *o, const stp_int8_op *op, int h, int w,
                                               int m) {
    const stp_int8_net *net = o->net;
    const stp_int8_storage *s = stp_int8_storage_of(net, op->in);
    const stp_window *k = &op->window;
    int whole = op->kind == STAPES_FULLY_CONNECTED, depthwise = op->kind == STAPES_DEPTHWISE;
    int rows = whole ? s->h : k->k_h, columns = whole ? s->w : k->k_w;
    int channels = depthwise ? 1 : net->tensor[op->in].c, at = op->channel + m;
    int64_t acc = net->bias_q[at];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            for (int c = 0; c < channels; c++) {
                int tap = i * columns + j;
                int weight = depthwise
                                 ? net->weight_q[op->weight + tap * op->channels + m]
                                 : net->weight_q[op->weight + (m * rows * columns + tap) * channels + c];
                acc += weight * int8_oracle_read(o, op, h * k->stride_h - k->pad_top + i * k->dilation,
                                                 w * k->stride_w - k->pad_left + j * k->dilation,
                                                 depthwise ? m : c);
            }
    double factor = (double)stp_int8_scale_of(net, op->in)->scale * (double)net->weight_scale[at] /
                    (double)stp_int8_scale_of(net, op->out)->scale;
    return (int8_result){(int)int8_oracle_rescale(acc, net->multiplier[at], net->shift[at], !depthwise),
                         (double)acc * factor};
}

static inline int8_result int8_oracle_pool(const int8_oracle *o, const stp_int8_op *op, int h, int w, int c) {
    const stp_int8_storage *s = stp_int8_storage_of(o->net, op->in);
    const stp_window *k = &op->window;
    int most = -128, count = 0, zero = stp_int8_scale_of(o->net, op->in)->zero;
    int64_t sum = 0;
    for (int i = 0; i < k->k_h; i++)
        for (int j = 0; j < k->k_w; j++) {
            int y = h * k->stride_h - k->pad_top + i, x = w * k->stride_w - k->pad_left + j;
            if (y < 0 || x < 0 || y >= s->h || x >= s->w)
                continue;
            int q = *int8_oracle_at(o, op->in, y, x, c);
            most = q > most ? q : most;
            sum += q;
            count++;
        }
    if (op->kind == STAPES_MAX_POOL)
        return (int8_result){most - zero, most - zero};
    int64_t rounded = sum >= 0 ? (sum + count / 2) / count : -((-sum + count / 2) / count);
    return (int8_result){(int)rounded - zero, (double)sum / count - zero};
}

static inline int8_result int8_oracle_add(const int8_oracle *o, const stp_int8_op *op, int h, int w, int c) {
    const stp_int8_net *net = o->net;
    const stp_int8_scale *a = stp_int8_scale_of(net, op->in), *b = stp_int8_scale_of(net, op->second);
    const int32_t *m = net->multiplier + op->channel;
    const int8_t *shift = net->shift + op->channel;
    int64_t x = *int8_oracle_at(o, op->in, h, w, c) - a->zero;
    int64_t y = *int8_oracle_at(o, op->second, h, w, c) - b->zero;
    int64_t sum = int8_oracle_rescale(x * (1 << 20), m[0], shift[0], 0) +
                  int8_oracle_rescale(y * (1 << 20), m[1], shift[1], 0);
    double real = (double)x * (double)a->scale + (double)y * (double)b->scale;
    return (int8_result){(int)int8_oracle_rescale(sum, m[2], shift[2], 0),
                         real / (double)stp_int8_scale_of(net, op->out)->scale};
}

// Runs one operation. Returns the largest distance between a result and what the scales alone say, in steps.
static inline double int8_oracle_run(int8_oracle *o, int id) {
    const stp_int8_op *op = &o->net->op[id];
    const stp_int8_storage *out = stp_int8_storage_of(o->net, op->out);
    int zero = stp_int8_scale_of(o->net, op->out)->zero, low = stp_int8_low(o->net, op);
    double most = 0;
    for (int h = 0; h < out->h; h++)
        for (int w = 0; w < out->w; w++)
            for (int c = 0; c < o->net->tensor[op->out].c; c++) {
                int8_result r = stp_int8_is_weighted(op->kind) ? int8_oracle_weighted(o, op, h, w, c)
                                : op->kind == STAPES_ADD       ? int8_oracle_add(o, op, h, w, c)
                                                               : int8_oracle_pool(o, op, h, w, c);
                int q = int8_oracle_clamp((int64_t)r.exact + zero, low);
                double real = fmin(127, fmax(low, r.real + zero));
                most = fmax(most, fabs(q - real));
                *int8_oracle_at(o, op->out, h, w, c) = (int8_t)q;
            }
    return most;
}

#endif
