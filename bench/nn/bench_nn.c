// Instructions of single operations on a microcontroller: those of MLPerf Tiny's DS-CNN, and of networks that
// a search finds. Each operation is a region of the kit's counter; for each a line with its name, how often
// the DS-CNN has it, its multiply-accumulates and its output values is printed. bench/nn/run puts both
// together.
#include "fw.h"
#include "nn/nn.h"

enum { ARENA = 80000, SCRATCH = 8000, WEIGHTS = 40000, CHANNELS = 128 };

typedef struct row {
    const char *name;
    int times; // in DS-CNN
    stapes_op_kind kind;
    int h, w, c, out_c, k_h, k_w, stride, dilation;
    int rectified; // input, which the next four columns do not say
    int skip;      // the first pixel (padding of -1)
} row;

static const row rows[] = {
    {"ds-cnn stem conv 10x4 s2, 49x10x1 -> 64", 1, STAPES_CONV, 49, 10, 1, 64, 10, 4, 2, 1, 0, 0},
    {"ds-cnn depthwise 3x3, 25x5x64", 4, STAPES_DEPTHWISE, 25, 5, 64, 64, 3, 3, 1, 1, 0, 0},
    {"ds-cnn pointwise 64 -> 64, 25x5", 4, STAPES_POINTWISE, 25, 5, 64, 64, 1, 1, 1, 1, 0, 0},
    {"ds-cnn average pool 25x5x64", 1, STAPES_AVERAGE_POOL, 25, 5, 64, 64, 25, 5, 25, 1, 0, 0},
    {"ds-cnn fully connected 64 -> 12", 1, STAPES_FULLY_CONNECTED, 1, 1, 64, 12, 1, 1, 1, 1, 0, 0},
    {"depthwise 3x3 dilated, 25x5x64", 0, STAPES_DEPTHWISE, 25, 5, 64, 64, 3, 3, 1, 2, 0, 0},
    {"depthwise 3x3 dilated rectified, 25x20x16", 0, STAPES_DEPTHWISE, 25, 20, 16, 16, 3, 3, 1, 2, 1, 0},
    {"depthwise 5x5, 25x20x16", 0, STAPES_DEPTHWISE, 25, 20, 16, 16, 5, 5, 1, 1, 0, 0},
    {"depthwise 5x5 dilated rectified, 25x20x16", 0, STAPES_DEPTHWISE, 25, 20, 16, 16, 5, 5, 1, 2, 1, 0},
    {"depthwise 3x3 s2, 49x40x8", 0, STAPES_DEPTHWISE, 49, 40, 8, 8, 3, 3, 2, 1, 0, 0},
    {"conv 3x3, 49x40x1 -> 12", 0, STAPES_CONV, 49, 40, 1, 12, 3, 3, 1, 1, 0, 0},
    {"conv 3x3, 25x20x16 -> 16", 0, STAPES_CONV, 25, 20, 16, 16, 3, 3, 1, 1, 0, 0},
    {"conv 2x2 s2 rectified, 25x20x16 -> 16", 0, STAPES_CONV, 25, 20, 16, 16, 2, 2, 2, 1, 1, 0},
    {"conv 1x1 s2 skipping, 25x20x16 -> 8", 0, STAPES_CONV, 25, 20, 16, 8, 1, 1, 2, 1, 0, 1},
    {"pointwise 16 -> 16, 25x20", 0, STAPES_POINTWISE, 25, 20, 16, 16, 1, 1, 1, 1, 0, 0},
    {"pointwise rectified 48 -> 16, 25x20", 0, STAPES_POINTWISE, 25, 20, 48, 16, 1, 1, 1, 1, 1, 0},
    {"add, 25x20x16", 0, STAPES_ADD, 25, 20, 16, 16, 1, 1, 1, 1, 0, 0},
    {"max pool 3x3, 25x20x16", 0, STAPES_MAX_POOL, 25, 20, 16, 16, 3, 3, 1, 1, 0, 0},
    {"average pool 3x3, 25x20x16", 0, STAPES_AVERAGE_POOL, 25, 20, 16, 16, 3, 3, 1, 1, 0, 0},
    {"max pool 3x3 s2, 25x20x16", 0, STAPES_MAX_POOL, 25, 20, 16, 16, 3, 3, 2, 1, 0, 0},
};

static int8_t arena[ARENA] __attribute__((aligned(8))), scratch[SCRATCH] __attribute__((aligned(8)));
static int8_t weights[WEIGHTS], shifts[CHANNELS];
static int32_t biases[CHANNELS], multipliers[CHANNELS];

static void fill(void) {
    uint32_t x = 1;
    for (int i = 0; i < ARENA; i++)
        arena[i] = (int8_t)((x = x * 1664525 + 1013904223) >> 24);
    for (int i = 0; i < WEIGHTS; i++)
        weights[i] = (int8_t)((int8_t)((x = x * 1664525 + 1013904223) >> 24) | 1);
    for (int i = 0; i < CHANNELS; i++) {
        biases[i] = i * 100 - 3000;
        multipliers[i] = (1 << 30) + i * 1000003;
        shifts[i] = (int8_t)(-8 - i % 3);
    }
}

static uint16_t length(int in, int stride) {
    return (uint16_t)((in + stride - 1) / stride);
}

static int8_t pad(int in, int reach, int stride) {
    const int total = (length(in, stride) - 1) * stride + reach - in;
    return (int8_t)(total > 0 ? total / 2 : 0);
}

static void bench(const row *r, stapes_kernel kernel) {
    const int pool = r->kind == STAPES_AVERAGE_POOL && r->stride > 2, bytes = r->h * r->w * r->c;
    stapes_map maps[3] = {{0, (uint16_t)r->h, (uint16_t)r->w, (uint16_t)r->c, (uint16_t)r->c, -5}, {0}, {0}};
    maps[1] = maps[0];
    maps[1].offset = (uint32_t)bytes;
    maps[2] = (stapes_map){(uint32_t)(2 * bytes), length(r->h, r->stride), length(r->w, r->stride),
                           (uint16_t)r->out_c,    (uint16_t)r->out_c,      -128};
    stapes_op op = {.kind = (uint8_t)r->kind,
                    .k_h = (uint8_t)r->k_h,
                    .k_w = (uint8_t)r->k_w,
                    .stride_h = (uint8_t)r->stride,
                    .stride_w = (uint8_t)r->stride,
                    .dilation = (uint8_t)r->dilation,
                    .in_low = r->rectified ? -5 : -128,
                    .out_low = -128,
                    .out_high = 127,
                    .in = 0,
                    .second = 1,
                    .out = 2};
    op.pad_top = r->skip ? -1 : pad(r->h, (r->k_h - 1) * r->dilation + 1, r->stride);
    op.pad_left = r->skip ? -1 : pad(r->w, (r->k_w - 1) * r->dilation + 1, r->stride);
    static const int32_t sum_multipliers[3] = {1 << 30, 1500000000, 1800000000};
    static const int8_t sum_shifts[3] = {0, -1, -18};
    const int sum = r->kind == STAPES_ADD;
    const stapes_constants constants = {weights, biases, sum ? sum_multipliers : multipliers,
                                        sum ? sum_shifts : shifts};
    const int outputs = maps[2].h * maps[2].w * r->out_c;
    int macs = 0;
    if (r->kind == STAPES_DEPTHWISE)
        macs = outputs * r->k_h * r->k_w;
    else if (r->kind == STAPES_CONV || r->kind == STAPES_POINTWISE || r->kind == STAPES_FULLY_CONNECTED)
        macs = outputs * r->k_h * r->k_w * r->c;
    if (stapes_nn_scratch_bytes(&op, maps) > SCRATCH)
        fw_exit(1);
    fw_count_begin();
    kernel(&op, maps, &constants, arena, scratch);
    fw_count_end();
    fw_print("%d %d %d %d %s\n", r->times, macs, pool ? bytes : outputs,
             (int)stapes_nn_scratch_bytes(&op, maps), r->name);
}

int main(void) {
    static const stapes_kernel kernel[STAPES_OP_KINDS] = {
        stapes_nn_conv,         stapes_nn_pointwise, stapes_nn_depthwise,      stapes_nn_max_pool,
        stapes_nn_average_pool, stapes_nn_add,       stapes_nn_fully_connected};
    fill();
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        bench(&rows[i], kernel[rows[i].kind]);
    return 0;
}
