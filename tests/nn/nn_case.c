#include "nn_case.h"

#include <string.h>

static _Alignas(8) int8_t case_arena[NN_CASE_ARENA];
static _Alignas(8) int8_t case_scratch[NN_CASE_SCRATCH];

int32_t nn_case_below(nn_case *c, int32_t n) {
    uint32_t x = c->random; // xorshift32 (Marsaglia, 2003)
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    c->random = x;
    return (int32_t)((x >> 8) % (uint32_t)n);
}

static int32_t between(nn_case *c, int32_t low, int32_t high) {
    return low + nn_case_below(c, high - low + 1);
}

// --- shapes ---------------------------------------------------------------------------------------------

// TensorFlow's SAME and VALID: output length and padding before.
static uint16_t out_length(int32_t in, int32_t kernel, int32_t stride, int valid, int8_t *pad) {
    const int32_t out = valid ? (in - kernel) / stride + 1 : (in + stride - 1) / stride;
    const int32_t total = (out - 1) * stride + kernel - in;
    *pad = (int8_t)(valid || total < 0 ? 0 : total / 2);
    return (uint16_t)out;
}

static void draw_map(nn_case *c, stapes_map *map, int32_t h, int32_t w, int32_t channels) {
    map->h = (uint16_t)h;
    map->w = (uint16_t)w;
    map->c = (uint16_t)channels;
    map->pitch = (uint16_t)(channels + (nn_case_below(c, 3) ? 0 : nn_case_below(c, 9)));
    map->zero = (int8_t)between(c, -128, 127);
}

static void draw_window(nn_case *c) {
    stapes_op *op = &c->op;
    const int window = c->op.kind == STAPES_CONV || c->op.kind == STAPES_DEPTHWISE;
    const int pool = c->op.kind == STAPES_MAX_POOL || c->op.kind == STAPES_AVERAGE_POOL;
    op->k_h = op->k_w = op->stride_h = op->stride_w = op->dilation = 1;
    if (!window && !pool)
        return;
    op->k_h = (uint8_t)between(c, 1, nn_case_below(c, 8) ? 5 : 10);
    op->k_w = (uint8_t)between(c, 1, 5);
    if (!nn_case_below(c, 3))
        op->k_h = op->k_w = 3;
    if (pool && !nn_case_below(c, 6)) { // more values than 16-bit sums hold, like the mean over a map
        op->k_h = (uint8_t)between(c, 20, 24);
        op->k_w = (uint8_t)between(c, 11, 14);
    }
    op->stride_h = (uint8_t)between(c, 1, 3);
    op->stride_w = (uint8_t)(nn_case_below(c, 4) ? op->stride_h : between(c, 1, 3));
    if (window && op->stride_h == 1 && op->stride_w == 1)
        op->dilation = (uint8_t)between(c, 1, 3);
    c->valid = !nn_case_below(c, 4);
}

static void draw_shapes(nn_case *c) {
    stapes_op *op = &c->op;
    stapes_map *in = &c->maps[0], *out = &c->maps[2];
    draw_window(c);
    const int32_t reach_h = (op->k_h - 1) * op->dilation + 1, reach_w = (op->k_w - 1) * op->dilation + 1;
    const int32_t h = between(c, c->valid ? reach_h : 1, 14 + reach_h),
                  w = between(c, c->valid ? reach_w : 1, 9 + reach_w);
    int32_t room = NN_CASE_ARENA / 4 / (h * w) - 8; // a third each for three maps, gaps between them
    room = room > 40 ? 40 : room;
    const int32_t channels =
        nn_case_below(c, 4) ? between(c, 1, room) : (room + 3) / 4 * (between(c, 1, 4)) / 4 * 4 + 1;
    draw_map(c, in, h, w, channels > room ? room : channels);
    uint16_t out_h = (uint16_t)h, out_w = (uint16_t)w;
    out_h = out_length(h, reach_h, op->stride_h, c->valid, &op->pad_top);
    out_w = out_length(w, reach_w, op->stride_w, c->valid, &op->pad_left);
    const int mixes =
        op->kind == STAPES_CONV || op->kind == STAPES_POINTWISE || op->kind == STAPES_FULLY_CONNECTED;
    draw_map(c, out, out_h, out_w, mixes ? between(c, 1, 24) : in->c);
    if (op->kind == STAPES_FULLY_CONNECTED) {
        in->pitch = in->c;
        out->h = out->w = 1;
    }
    c->maps[1] = *in;
    draw_map(c, &c->maps[1], in->h, in->w, in->c);
    if (op->kind == STAPES_MAX_POOL || op->kind == STAPES_AVERAGE_POOL)
        out->zero = in->zero;
}

static int32_t count_weights(const nn_case *c) {
    const stapes_map *in = &c->maps[0];
    const int32_t window = c->op.k_h * c->op.k_w;
    switch (c->op.kind) {
    case STAPES_CONV:
        return window * in->c * c->maps[2].c;
    case STAPES_POINTWISE:
        return in->c * c->maps[2].c;
    case STAPES_FULLY_CONNECTED:
        return in->h * in->w * in->c * c->maps[2].c;
    case STAPES_DEPTHWISE:
        return window * in->c;
    default:
        return 0;
    }
}

// --- values ---------------------------------------------------------------------------------------------

static void draw_clamps(nn_case *c) {
    stapes_op *op = &c->op;
    op->in_low = INT8_MIN;
    if (op->kind != STAPES_ADD && !nn_case_below(c, 3))
        op->in_low = c->maps[0].zero;
    op->out_low = INT8_MIN;
    op->out_high = INT8_MAX;
    if (!nn_case_below(c, 2))
        op->out_low = c->maps[2].zero;
    if (!nn_case_below(c, 3))
        op->out_high = (int8_t)between(c, op->out_low, INT8_MAX);
}

// Multipliers with which the results fill the range of int8 and now and then leave it.
static void draw_channels(nn_case *c, int32_t inputs) {
    int32_t bits = 6; // of the ratio of a typical sum and a typical int8
    while (inputs >> (2 * (bits - 6)))
        bits++;
    for (int32_t k = 0; k < NN_CASE_CHANNELS; k++) {
        c->biases[k] = between(c, -6000, 6000) * (nn_case_below(c, 6) ? 1 : 20);
        c->multipliers[k] = (1 << 30) + between(c, 0, (1 << 24) - 1) * 64 + between(c, 0, 63);
        c->shifts[k] = (int8_t)(between(c, -1, 2) - bits);
        if (!nn_case_below(c, 40))
            c->shifts[k] = (int8_t)between(c, -14, 3);
    }
    if (c->op.kind == STAPES_ADD) {
        c->shifts[0] = (int8_t)-between(c, 0, 4);
        c->shifts[1] = (int8_t)-between(c, 0, 4);
        c->shifts[2] = (int8_t)-between(c, 16, 20);
        const int32_t larger = nn_case_below(c, 3); // one input halved, as TensorFlow Lite has it, or none
        if (larger < 2) {
            c->multipliers[larger] = 1 << 30;
            c->shifts[larger] = 0;
        }
    }
}

void nn_case_draw(nn_case *c, stapes_op_kind kind, uint32_t number) {
    memset(c, 0, sizeof *c);
    c->random = (number * 16 + (uint32_t)kind) * 2654435761u + 1;
    c->arena = case_arena;
    c->scratch = case_scratch;
    do {
        memset(&c->op, 0, sizeof c->op);
        c->op.kind = (uint8_t)kind;
        c->valid = 0;
        draw_shapes(c);
        c->weight_count = count_weights(c);
    } while (c->weight_count > NN_CASE_WEIGHTS || stapes_nn_scratch_bytes(&c->op, c->maps) > NN_CASE_SCRATCH);
    for (int32_t i = 0; i < NN_CASE_ARENA; i++)
        c->arena[i] = (int8_t)between(c, -128, 127);
    for (int32_t i = 0; i < c->weight_count; i++)
        c->weights[i] = (int8_t)between(c, -127, 127);
    memset(c->scratch, 0x55, NN_CASE_SCRATCH);
    uint32_t offset = (uint32_t)nn_case_below(c, 8);
    for (int m = 0; m < 3; m++) {
        c->maps[m].offset = offset;
        offset += (uint32_t)(c->maps[m].h * c->maps[m].w * c->maps[m].pitch + nn_case_below(c, 8));
    }
    c->op.second = 1;
    c->op.out = 2;
    draw_clamps(c);
    const int32_t outputs = kind == STAPES_DEPTHWISE ? c->maps[0].c : c->maps[2].c;
    draw_channels(c, c->weight_count / outputs);
    c->constants = (stapes_constants){c->weights, c->biases, c->multipliers, c->shifts};
}

void nn_case_run(nn_case *c) {
    static const stapes_kernel kernel[STAPES_OP_KINDS] = {
        stapes_nn_conv,         stapes_nn_pointwise, stapes_nn_depthwise,      stapes_nn_max_pool,
        stapes_nn_average_pool, stapes_nn_add,       stapes_nn_fully_connected};
    kernel[c->op.kind](&c->op, c->maps, &c->constants, c->arena, c->scratch);
}

uint32_t nn_case_digest(const nn_case *c) {
    uint32_t digest = 2166136261u; // FNV-1a
    for (int32_t i = 0; i < NN_CASE_ARENA; i++)
        digest = (digest ^ (uint8_t)c->arena[i]) * 16777619u;
    for (size_t i = stapes_nn_scratch_bytes(&c->op, c->maps); i < NN_CASE_SCRATCH; i++)
        digest = (digest ^ (uint8_t)c->scratch[i]) * 16777619u;
    return digest;
}
