// Every operation of device/nn against onnxruntime's own, within one step: odd sizes, strides, dilations,
// random scales and zero points. Each is a network of that operation, written as an .onnx file by the
// exporter.
//   test_nn_onnx PACKAGE [CASES]
#include "export/onnx_network.h"
#include "nn_stored.h"
#include "onnx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Beside the device's operations: a concatenation, which the device has without one.
enum {
    CONCATENATION = STAPES_OP_KINDS,
    KINDS,
    MOST_OPS = 2,
    MOST_MAPS = 4,
    SHIFT_TAPS = 9,
    SHIFT_WEIGHT = 64
};

static const char *const kind_name[KINDS] = {"conv",         "pointwise", "depthwise",       "max_pool",
                                             "average_pool", "add",       "fully_connected", "concatenation"};

// --- a network of one operation ---------------------------------------------------------------------------

typedef struct one_op {
    stp_int8_net net;
    stp_int8_op op[MOST_OPS];
    stp_int8_tensor tensor[MOST_MAPS];
    stp_int8_storage storage[MOST_MAPS];
    stp_int8_scale scale[MOST_MAPS];
    int8_t weight[NN_CASE_WEIGHTS + SHIFT_TAPS * NN_CASE_ARENA];
    int32_t bias[NN_CASE_CHANNELS + NN_CASE_ARENA];
    float weight_scale[NN_CASE_CHANNELS + NN_CASE_ARENA];
} one_op;

static int add_map(one_op *n, const stapes_map *map, float scale) {
    const int i = n->net.tensors++;
    n->net.storages = n->net.scales = n->net.tensors;
    n->tensor[i] = (stp_int8_tensor){.storage = i, .c = map->c};
    n->storage[i] = (stp_int8_storage){.h = map->h, .w = map->w, .c = map->c, .scale = i};
    n->scale[i] = (stp_int8_scale){.scale = scale, .zero = map->zero};
    return i;
}

static stp_int8_op *add_op(one_op *n, stapes_op_kind kind, int in, int out) {
    stp_int8_op *op = &n->op[n->net.ops++];
    *op = (stp_int8_op){.kind = kind,
                        .in = in,
                        .second = -1,
                        .out = out,
                        .window = {.k_h = 1, .k_w = 1, .stride_h = 1, .stride_w = 1, .dilation = 1},
                        .weight = n->net.weights,
                        .channel = n->net.channels};
    snprintf(op->name, sizeof op->name, "%s", kind_name[kind]);
    return op;
}

// The map of `in` moved one row down and one column right, with a scale and a zero point of its own: a
// depthwise convolution of one tap, in which any runtime's rounding is exact. What add and concatenation read
// beside the input.
static void add_shift(one_op *n, int in, int out) {
    stp_int8_op *op = add_op(n, STAPES_DEPTHWISE, in, out);
    op->channels = n->tensor[in].c;
    op->weights = SHIFT_TAPS * op->channels;
    op->window = (stp_window){
        .k_h = 3, .k_w = 3, .stride_h = 1, .stride_w = 1, .dilation = 1, .pad_top = 1, .pad_left = 1};
    for (int k = 0; k < op->channels; k++) {
        n->weight[op->weight + k] = SHIFT_WEIGHT;
        n->weight_scale[op->channel + k] =
            n->scale[n->storage[n->tensor[out].storage].scale].scale / (SHIFT_WEIGHT * n->scale[0].scale);
    }
    n->net.weights += op->weights;
    n->net.channels += op->channels;
}

static void add_case(one_op *n, const nn_case *c, const nn_scales *s, int out) {
    stp_int8_op *op = add_op(n, (stapes_op_kind)c->op.kind, 0, out);
    op->window = (stp_window){.k_h = c->op.k_h,
                              .k_w = c->op.k_w,
                              .stride_h = c->op.stride_h,
                              .stride_w = c->op.stride_w,
                              .dilation = c->op.dilation,
                              .pad_top = c->op.pad_top,
                              .pad_left = c->op.pad_left};
    op->relu_in = c->op.in_low > INT8_MIN;
    op->weights = c->weight_count;
    op->channels = c->weight_count ? c->maps[2].c : 0;
    memcpy(n->weight, c->weights, (size_t)c->weight_count);
    memcpy(n->bias, c->biases, sizeof *n->bias * (size_t)op->channels);
    memcpy(n->weight_scale, s->weight, sizeof *n->weight_scale * (size_t)op->channels);
    n->net.weights += op->weights;
    n->net.channels += op->channels;
}

static void begin(one_op *n) {
    memset(n, 0, sizeof *n);
    n->net = (stp_int8_net){.op = n->op,
                            .tensor = n->tensor,
                            .storage = n->storage,
                            .scale = n->scale,
                            .weight_q = n->weight,
                            .weight_scale = n->weight_scale,
                            .bias_q = n->bias};
}

static void make_add(one_op *n, const nn_case *c, const nn_scales *s) {
    add_map(n, &c->maps[0], s->in);
    const int second = add_map(n, &c->maps[1], s->second), out = add_map(n, &c->maps[2], s->out);
    add_shift(n, 0, second);
    add_op(n, STAPES_ADD, 0, out)->second = second;
    n->net.output = out;
}

// The input beside its shifted copy, both with the whole's scale.
static void make_concatenation(one_op *n, const nn_case *c, const nn_scales *s) {
    stapes_map whole = c->maps[0];
    whole.c = (uint16_t)(2 * whole.c);
    add_map(n, &c->maps[0], s->in);
    n->net.output = add_map(n, &whole, s->in);
    for (int half = 0; half < 2; half++)
        n->tensor[n->net.tensors++] =
            (stp_int8_tensor){.storage = n->net.output, .c_first = half * c->maps[0].c, .c = c->maps[0].c};
    add_op(n, STAPES_MAX_POOL, 0, 2);
    add_shift(n, 0, 3);
}

// --- what the device says ----------------------------------------------------------------------------------

static int8_t shifted(const nn_case *c, const int8_t *input, int place, int8_t zero) {
    const stapes_map *in = &c->maps[0];
    const int row = in->w * in->c, before = place - row - in->c;
    if (place < row || place % row < in->c)
        return zero;
    const int moved = input[before] - in->zero + zero;
    return (int8_t)(moved < INT8_MIN ? INT8_MIN : moved > INT8_MAX ? INT8_MAX : moved);
}

static void put_second(nn_case *c, const int8_t *input) {
    const stapes_map *map = &c->maps[1];
    const int count = map->h * map->w * map->c;
    for (int i = 0; i < count; i++)
        c->arena[map->offset + (uint32_t)(i / map->c * map->pitch + i % map->c)] =
            shifted(c, input, i, map->zero);
}

static void run_device(nn_case *c, int kind, const int8_t *input, int8_t *result) {
    const stapes_map *in = &c->maps[0];
    if (kind == CONCATENATION) {
        for (int i = 0; i < in->h * in->w * in->c; i++) {
            int8_t *pixel = result + i / in->c * 2 * in->c + i % in->c;
            pixel[0] = input[i];
            pixel[in->c] = shifted(c, input, i, in->zero);
        }
        return;
    }
    if (kind == STAPES_ADD)
        put_second(c, input);
    else if (c->weight_count)
        nn_put_zero_into_biases(c);
    nn_case_run(c);
    nn_pack(c, &c->maps[2], INT8_MIN, result);
}

// --- what onnxruntime says ---------------------------------------------------------------------------------

// [h][w][c] steps to [c][h][w] floats, and back.
static void to_floats(const one_op *n, int tensor, const int8_t *from, float *to) {
    const stp_int8_storage *s = stp_int8_storage_of(&n->net, tensor);
    const stp_int8_scale *scale = stp_int8_scale_of(&n->net, tensor);
    for (int i = 0; i < s->h * s->w; i++)
        for (int c = 0; c < s->c; c++)
            to[c * s->h * s->w + i] = scale->scale * (float)(from[i * s->c + c] - scale->zero);
}

typedef struct tally {
    long values, apart;
    int most, refused, in_floats;
} tally;

static void compare(const one_op *n, const int8_t *device, const float *runtime, tally *t) {
    const stp_int8_storage *s = stp_int8_storage_of(&n->net, n->net.output);
    const stp_int8_scale *scale = stp_int8_scale_of(&n->net, n->net.output);
    for (int i = 0; i < s->h * s->w; i++)
        for (int c = 0; c < s->c; c++) {
            const long step = lround((double)(runtime[c * s->h * s->w + i] / scale->scale)) + scale->zero;
            const int distance = abs((int)step - device[i * s->c + c]);
            t->values++;
            t->apart += distance > 0;
            t->most = distance > t->most ? distance : t->most;
        }
}

static int run_onnx(const one_op *n, const int8_t *input, float *output, int *in_floats) {
    static float values[NN_CASE_ARENA];
    const stp_int8_storage *in = stp_int8_storage_of(&n->net, 0),
                           *out = stp_int8_storage_of(&n->net, n->net.output);
    stp_bytes file;
    stp_err err;
    if (stp_onnx_network_build(&n->net, STP_ONNX_IN_INT8, "one operation", NULL, &file, &err) != STP_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 0;
    }
    to_floats(n, 0, input, values);
    const int good =
        onnx_load(file.bytes, file.size, in_floats) &&
        onnx_run(values, (size_t)(in->h * in->w * in->c), output, (size_t)(out->h * out->w * out->c));
    stp_bytes_free(&file);
    return good;
}

static void run_case(int kind, uint32_t number, tally *t) {
    static nn_case c;
    static one_op n;
    static int8_t input[NN_CASE_ARENA], result[2 * NN_CASE_ARENA];
    static float output[2 * NN_CASE_ARENA];
    nn_scales s;
    nn_stored_draw(&c, &s, kind == CONCATENATION ? STAPES_ADD : (stapes_op_kind)kind, number);
    begin(&n);
    if (kind == STAPES_ADD) {
        make_add(&n, &c, &s);
    } else if (kind == CONCATENATION) {
        make_concatenation(&n, &c, &s);
    } else {
        add_map(&n, &c.maps[0], s.in);
        n.net.output = add_map(&n, &c.maps[2], s.out);
        add_case(&n, &c, &s, n.net.output);
    }
    nn_pack(&c, &c.maps[0], INT8_MIN, input);
    run_device(&c, kind, input, result);
    int in_floats = 0;
    if (run_onnx(&n, input, output, &in_floats))
        compare(&n, result, output, t);
    else
        t->refused++;
    t->in_floats += in_floats;
}

int main(int count, char **arguments) {
    if (count < 2 || !onnx_open(arguments[1])) {
        printf("onnxruntime is there and cannot be started\n");
        return 1;
    }
    const int cases = count > 2 ? atoi(arguments[2]) : 40;
    int failed = 0;
    printf("onnxruntime, %d cases an operation\n", cases);
    for (int kind = 0; kind < KINDS; kind++) {
        tally t = {0};
        for (int i = 0; i < cases; i++)
            run_case(kind, (uint32_t)i, &t);
        printf("%-16s %8ld values, %6ld a step apart, %d steps at most; %d left in floats, %d refused\n",
               kind_name[kind], t.values, t.apart, t.most, t.in_floats, t.refused);
        // averages of a few values are often halves, which the device rounds away from zero and onnxruntime
        // to even
        const long often = kind == STAPES_AVERAGE_POOL ? 10 : 100;
        failed |= t.refused > 0 || t.in_floats > 0 || t.most > 1 || t.apart * often > t.values;
        failed |= (kind == STAPES_ADD || kind == STAPES_MAX_POOL) && t.apart > 0;
    }
    onnx_close();
    return failed;
}
