// Every operation of device/nn against TensorFlow Lite's own, bit for bit: odd sizes, strides, dilations,
// random scales and zero points.   test_nn_tflite LIBRARY [CASES]
#include "base/status.h"
#include "export/tflite_builder.h"
#include "nn_stored.h"
#include "tflite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_name[STAPES_OP_KINDS] = {
    "conv", "pointwise", "depthwise", "max_pool", "average_pool", "add", "fully_connected"};

// --- a model of one operation ------------------------------------------------------------------------------

static stp_tflite_tensor map_tensor(const char *name, const stapes_map *map, const float *scale) {
    return (stp_tflite_tensor){.name = name,
                               .type = STP_TFLITE_INT8,
                               .rank = 4,
                               .shape = {1, map->h, map->w, map->c},
                               .scales = 1,
                               .scale = scale,
                               .zero = map->zero};
}

static stp_tflite_op lite_op(const nn_case *c) {
    static const struct {
        stp_tflite_operator code;
        int version, inputs;
    } row[STAPES_OP_KINDS] = {{STP_TFLITE_CONV, 3, 3},           {STP_TFLITE_CONV, 3, 3},
                              {STP_TFLITE_DEPTHWISE, 3, 3},      {STP_TFLITE_MAX_POOL, 2, 1},
                              {STP_TFLITE_AVERAGE_POOL, 2, 1},   {STP_TFLITE_ADD, 2, 2},
                              {STP_TFLITE_FULLY_CONNECTED, 4, 3}};
    const stapes_op *op = &c->op;
    return (stp_tflite_op){.code = row[op->kind].code,
                           .version = row[op->kind].version,
                           .inputs = {0, 2, 3},
                           .input_count = row[op->kind].inputs,
                           .output = 1,
                           .valid = c->valid,
                           .stride_h = op->stride_h,
                           .stride_w = op->stride_w,
                           .dilation_h = op->dilation,
                           .dilation_w = op->dilation,
                           .filter_h = op->k_h,
                           .filter_w = op->k_w};
}

// weights: [out c][k_h][k_w][in c], or for depthwise [1][k_h][k_w][c], as the schema has them too.
static stp_status build(const nn_case *c, const nn_scales *s, const int8_t *second, const int8_t *weights,
                        int k_h, int k_w, stp_flatbuffer *file, stp_err *err) {
    const stapes_map *in = &c->maps[0], *out = &c->maps[2];
    const int depthwise = c->op.kind == STAPES_DEPTHWISE, full = c->op.kind == STAPES_FULLY_CONNECTED;
    float bias_scale[NN_CASE_CHANNELS];
    for (int k = 0; k < out->c; k++)
        bias_scale[k] = s->in * s->weight[k];
    const int inputs = in->h * in->w * in->c;
    stp_tflite_tensor tensors[4] = {map_tensor("in", in, &s->in), map_tensor("out", out, &s->out)};
    if (full)
        tensors[0].shape[1] = inputs, tensors[0].rank = tensors[1].rank = 2, tensors[1].shape[1] = out->c;
    int count = 2;
    if (c->op.kind == STAPES_ADD) {
        tensors[2] = map_tensor("second", &c->maps[1], &s->second);
        tensors[2].data = second;
        tensors[2].bytes = (size_t)inputs;
        count = 3;
    } else if (c->weight_count) {
        const int32_t rows = depthwise ? 1 : out->c;
        tensors[2] = (stp_tflite_tensor){.name = "weights",
                                         .type = STP_TFLITE_INT8,
                                         .rank = full ? 2 : 4,
                                         .shape = {rows, full ? inputs : k_h, k_w, in->c},
                                         .scales = full ? 1 : out->c,
                                         .scale = s->weight,
                                         .channel_axis = depthwise ? 3 : 0,
                                         .data = weights,
                                         .bytes = (size_t)(full ? rows * inputs : rows * k_h * k_w * in->c)};
        tensors[3] = (stp_tflite_tensor){.name = "biases",
                                         .type = STP_TFLITE_INT32,
                                         .rank = 1,
                                         .shape = {out->c},
                                         .scales = full ? 1 : out->c,
                                         .scale = bias_scale,
                                         .data = c->biases,
                                         .bytes = 4u * out->c};
        count = 4;
    }
    stp_tflite_op op = lite_op(c);
    if (k_h != c->op.k_h) // the skipped first pixel, see hide_in_larger
        op.valid = false;
    const stp_tflite_network network = {.description = "one operation",
                                        .tensors = tensors,
                                        .ops = &op,
                                        .tensor_count = count,
                                        .op_count = 1,
                                        .input = 0,
                                        .output = 1};
    return stp_tflite_build(&network, file, err);
}

// --- comparison --------------------------------------------------------------------------------------------

// Pads of -1 (1x1, stride 2): TensorFlow Lite gets a 2x2 convolution whose other taps are zero.
static const int8_t *hide_in_larger(const nn_case *c) {
    static int8_t larger[4 * NN_CASE_WEIGHTS];
    const int in = c->maps[0].c;
    memset(larger, 0, (size_t)(4 * c->weight_count));
    for (int k = 0; k < c->maps[2].c; k++)
        memcpy(larger + (k * 4 + 3) * in, c->weights + k * in, (size_t)in);
    return larger;
}

// 0 equal, 1 different, -1 refused.
static int compare(stapes_op_kind kind, uint32_t number) {
    static nn_case c;
    static int8_t input[NN_CASE_ARENA], second[NN_CASE_ARENA], expected[NN_CASE_ARENA], result[NN_CASE_ARENA];
    nn_scales s;
    nn_stored_draw(&c, &s, kind, number);
    stapes_op *op = &c.op;
    const int skipping = op->pad_top < 0;
    nn_pack(&c, &c.maps[0], op->in_low, input);
    nn_pack(&c, &c.maps[1], INT8_MIN, second);
    stp_flatbuffer file;
    stp_err err;
    const size_t in_bytes = (size_t)(c.maps[0].h * c.maps[0].w * c.maps[0].c);
    const size_t out_bytes = (size_t)(c.maps[2].h * c.maps[2].w * c.maps[2].c);
    if (build(&c, &s, second, skipping ? hide_in_larger(&c) : c.weights, skipping ? 2 : op->k_h,
              skipping ? 2 : op->k_w, &file, &err) != STP_OK) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    const bool ran = tflite_run(file.bytes, file.size, input, in_bytes, expected, out_bytes);
    stp_bytes_free(&file);
    if (!ran)
        return -1;
    nn_put_zero_into_biases(&c);
    nn_case_run(&c);
    nn_pack(&c, &c.maps[2], INT8_MIN, result);
    return memcmp(expected, result, out_bytes) != 0;
}

int main(int count, char **arguments) {
    if (count < 2 || !tflite_open(arguments[1])) {
        printf("TensorFlow Lite's library is there and cannot be loaded\n");
        return 1;
    }
    const int cases = count > 2 ? atoi(arguments[2]) : 400;
    int failed = 0;
    printf("TensorFlow Lite %s, %d cases an operation\n", tflite_version(), cases);
    for (int kind = 0; kind < STAPES_OP_KINDS; kind++) {
        int different = 0, refused = 0;
        for (int n = 0; n < cases; n++) {
            const int outcome = compare((stapes_op_kind)kind, (uint32_t)n);
            different += outcome > 0;
            refused += outcome < 0;
            if (outcome && different + refused <= 3)
                printf("%s case %d %s\n", kind_name[kind], n, outcome > 0 ? "differs" : "is refused");
        }
        printf("%-16s %d different, %d refused\n", kind_name[kind], different, refused);
        failed |= different + refused;
    }
    return failed != 0;
}
