#include "export/onnx_network.h"

#include "base/arena.h"
#include "export/explicit_net.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = STP_INT8_NAME_BYTES + 48, CHANNEL_AXIS = 1 };

typedef struct writing {
    const stp_explicit_net *from;
    const stp_int8_net *net;
    int in_floats;
    stp_onnx_model model;
    char *has_scale; // [net->scales] the constants of this scale are written
    stp_err *err;
} writing;

// --- names ----------------------------------------------------------------------------------------------

typedef struct name {
    char text[NAME_BYTES];
} name;

static void append(name *to, const char *text) {
    const size_t used = strlen(to->text), room = NAME_BYTES - 1 - used, bytes = strlen(text);
    memcpy(to->text + used, text, bytes < room ? bytes : room);
}

static name join(const char *first, const char *second) {
    name n = {{0}};
    append(&n, first);
    append(&n, second);
    return n;
}

// What a value's readers read.
static name name_of(const writing *w, int value) {
    if (value == w->from->output)
        return join("logits", "");
    return join(w->from->value[value].name, value == w->from->input && !w->in_floats ? "/rounded" : "");
}

// --- quantised values -----------------------------------------------------------------------------------

static name scale_name(const char *what, int scale) {
    name n;
    snprintf(n.text, sizeof n.text, "%s_%d", what, scale);
    return n;
}

static void put_scale(writing *w, int scale) {
    const stp_onnx_shape scalar = {.rank = 0};
    const uint8_t zero = (uint8_t)(w->net->scale[scale].zero + 128);
    if (w->has_scale[scale])
        return;
    stp_onnx_constant(&w->model, scale_name("scale", scale).text, STP_ONNX_FLOAT, scalar,
                      &w->net->scale[scale].scale);
    stp_onnx_constant(&w->model, scale_name("zero", scale).text, STP_ONNX_UINT8, scalar, &zero);
    w->has_scale[scale] = 1;
}

static void put_conversion(writing *w, const char *op, const char *from, int scale, const char *to) {
    const size_t node = stp_onnx_node(&w->model, op, to);
    stp_onnx_input(&w->model, from);
    stp_onnx_input(&w->model, scale_name("scale", scale).text);
    stp_onnx_input(&w->model, scale_name("zero", scale).text);
    stp_onnx_node_end(&w->model, node);
}

// To 8 bits and back.
static void put_rounding(writing *w, const char *from, int scale, const char *to) {
    const name between = join(to, "/quantized");
    put_scale(w, scale);
    put_conversion(w, "QuantizeLinear", from, scale, between.text);
    put_conversion(w, "DequantizeLinear", between.text, scale, to);
}

// --- results --------------------------------------------------------------------------------------------

static int scale_of(const writing *w, int value) {
    return stp_int8_storage_of(w->net, w->from->value[value].tensor)->scale;
}

// Where 0 is the least int8 value, rounding clamps as the rectifier does, and runtimes fuse all three.
// Elsewhere the rectifier is an operation of its own, on what is rounded: of equal scale, and so exact.
static int rounds_before_relu(const writing *w, int value) {
    return !w->in_floats && w->net->scale[scale_of(w, value)].zero > -128;
}

// What the operator itself writes, before rectifier and rounding.
static name raw_name(const writing *w, int value, int relu) {
    const name n = name_of(w, value);
    if (relu)
        return join(n.text, rounds_before_relu(w, value) ? "/linear/float" : "/linear");
    return join(n.text, w->in_floats ? "" : "/float");
}

static void put_relu(writing *w, const char *from, const char *to) {
    const size_t node = stp_onnx_node(&w->model, "Relu", to);
    stp_onnx_input(&w->model, from);
    stp_onnx_node_end(&w->model, node);
}

// From what the operator writes to what is read.
static void finish(writing *w, int value, int relu) {
    const name n = name_of(w, value), linear = join(n.text, "/linear"),
               rounded_from = join(n.text, w->in_floats ? "" : "/float");
    if (relu && rounds_before_relu(w, value))
        put_rounding(w, raw_name(w, value, relu).text, scale_of(w, value), linear.text);
    if (relu)
        put_relu(w, linear.text, rounded_from.text);
    if (!w->in_floats)
        put_rounding(w, rounded_from.text, scale_of(w, value), n.text);
}

// --- constants ------------------------------------------------------------------------------------------

// Weights [out][k_h][k_w][in] as [out][in][h][w]; rows and columns that h and w have more come first, and are
// 0.
static void *as_planes(const writing *w, const char *from, size_t bytes, int out, int in, const stp_window *k,
                       int h, int width) {
    char *to = stp_arena_alloc(w->from->arena, bytes * (size_t)(out * in) * (size_t)(h * width));
    for (int m = 0; to && m < out; m++)
        for (int y = 0; y < k->k_h; y++)
            for (int x = 0; x < k->k_w; x++)
                for (int c = 0; c < in; c++, from += bytes) {
                    size_t row = (size_t)((m * in + c) * h + y + h - k->k_h);
                    memcpy(to + (row * (size_t)width + (size_t)(x + width - k->k_w)) * bytes, from, bytes);
                }
    return to;
}

// int8 weights or int32 biases and their scales, dequantised; one scale for all of a fully connected layer.
static void put_dequantised(writing *w, const stp_int8_op *op, const char *to, stp_onnx_type type,
                            stp_onnx_shape shape, const void *data, const float *scale, const int8_t *zeros) {
    const name kept = join(to, "/quantized"), scales = join(to, "/scale"), zero = join(to, "/zero");
    const stp_onnx_shape each = {.rank = op->kind != STAPES_FULLY_CONNECTED, .size = {op->channels}};
    stp_onnx_constant(&w->model, kept.text, type, shape, data);
    stp_onnx_constant(&w->model, scales.text, STP_ONNX_FLOAT, each, scale);
    if (zeros)
        stp_onnx_constant(&w->model, zero.text, STP_ONNX_INT8, each, zeros);
    const size_t node = stp_onnx_node(&w->model, "DequantizeLinear", to);
    stp_onnx_input(&w->model, kept.text);
    stp_onnx_input(&w->model, scales.text);
    if (zeros)
        stp_onnx_input(&w->model, zero.text);
    if (each.rank)
        stp_onnx_int(&w->model, "axis", 0);
    stp_onnx_node_end(&w->model, node);
}

static stp_onnx_shape weight_shape(const stp_explicit_op *e, int in) {
    const stp_int8_op *op = e->op;
    if (op->kind == STAPES_FULLY_CONNECTED)
        return (stp_onnx_shape){.rank = 2, .size = {op->channels, op->weights / op->channels}};
    return (stp_onnx_shape){
        .rank = 4,
        .size = {op->channels, op->kind == STAPES_DEPTHWISE ? 1 : in, e->window.k_h, e->window.k_w}};
}

static stp_status put_weights(writing *w, const stp_explicit_op *e) {
    const stp_int8_op *op = e->op;
    const stp_int8_storage *map = stp_int8_storage_of(w->net, op->in);
    const int in = w->net->tensor[op->in].c, depthwise = op->kind == STAPES_DEPTHWISE;
    const name to = join(op->name, "/weights");
    stp_window taps = op->window, all = e->window;
    if (op->kind == STAPES_FULLY_CONNECTED) { // a window over the whole map
        taps.k_h = all.k_h = map->h;
        taps.k_w = all.k_w = map->w;
    }
    const char *from = w->in_floats ? (const char *)(w->net->weight + op->weight)
                                    : (const char *)(w->net->weight_q + op->weight);
    const void *data = as_planes(w, from, w->in_floats ? sizeof(float) : 1, depthwise ? 1 : op->channels, in,
                                 &taps, all.k_h, all.k_w);
    const int8_t *zeros = stp_arena_alloc(w->from->arena, (size_t)op->channels);
    if (!data || !zeros)
        return stp_err_memory(w->err, "the .onnx file's weights", (unsigned long long)op->weights);
    if (w->in_floats)
        stp_onnx_constant(&w->model, to.text, STP_ONNX_FLOAT, weight_shape(e, in), data);
    else
        put_dequantised(w, op, to.text, STP_ONNX_INT8, weight_shape(e, in), data,
                        w->net->weight_scale + op->channel, zeros);
    return STP_OK;
}

// Without the input's zero point, which the device's biases hold and the format's do not.
static stp_status put_biases(writing *w, const stp_explicit_op *e) {
    const stp_int8_op *op = e->op;
    const name to = join(op->name, "/biases");
    const stp_onnx_shape shape = {.rank = 1, .size = {op->channels}};
    const float in = stp_int8_scale_of(w->net, op->in)->scale;
    if (w->in_floats) {
        stp_onnx_constant(&w->model, to.text, STP_ONNX_FLOAT, shape, w->net->bias + op->channel);
        return STP_OK;
    }
    float *scale = STP_ARENA_ARRAY(w->from->arena, float, op->channels);
    if (!scale)
        return stp_err_memory(w->err, "the .onnx file's biases", sizeof *scale * (unsigned)op->channels);
    for (int c = 0; c < op->channels; c++)
        scale[c] = in * w->net->weight_scale[op->channel + c];
    put_dequantised(w, op, to.text, STP_ONNX_INT32, shape, w->net->bias_q + op->channel, scale, NULL);
    return STP_OK;
}

// --- operators ------------------------------------------------------------------------------------------

static const char *const operators[STAPES_OP_KINDS] = {
    [STAPES_CONV] = "Conv",
    [STAPES_POINTWISE] = "Conv",
    [STAPES_DEPTHWISE] = "Conv",
    [STAPES_MAX_POOL] = "MaxPool",
    [STAPES_AVERAGE_POOL] = "AveragePool",
    [STAPES_ADD] = "Add",
    [STAPES_FULLY_CONNECTED] = "Gemm",
};

// One window, over all of the map.
static int is_global(const stp_int8_op *op, const stp_int8_storage *in, const stp_int8_storage *out) {
    const stp_window *k = &op->window;
    return op->kind == STAPES_AVERAGE_POOL && k->k_h == in->h && k->k_w == in->w && !k->pad_top &&
           !k->pad_left && out->h == 1 && out->w == 1;
}

// Padding after the map, as far as the last window reaches.
static int pad_after(int in, int out, int taps, int stride, int dilation, int before) {
    int pad = (out - 1) * stride + (taps - 1) * dilation + 1 - before - in;
    return pad > 0 ? pad : 0;
}

// Whether the format counts as many windows on an axis: it takes all that fit.
static int is_counted(int in, int out, int taps, int stride, int dilation, int before) {
    int room = in + before + pad_after(in, out, taps, stride, dilation, before) - (taps - 1) * dilation - 1;
    return room >= 0 && room / stride + 1 == out;
}

static stp_status check_window(const writing *w, const stp_explicit_op *e) {
    const stp_window *k = &e->window;
    const stp_int8_storage *in = stp_int8_storage_of(w->net, e->op->in),
                           *out = stp_int8_storage_of(w->net, e->op->out);
    if (!is_counted(in->h, out->h, k->k_h, k->stride_h, k->dilation, k->pad_top) ||
        !is_counted(in->w, out->w, k->k_w, k->stride_w, k->dilation, k->pad_left))
        return stp_err_set(w->err, STP_ERR_MISMATCH,
                           "%s: its last window ends before its input does, which an .onnx file cannot say; "
                           "export another form",
                           e->op->name);
    return STP_OK;
}

static void put_window(writing *w, const stp_explicit_op *e) {
    const stp_window *k = &e->window;
    const stp_int8_storage *in = stp_int8_storage_of(w->net, e->op->in),
                           *out = stp_int8_storage_of(w->net, e->op->out);
    const int64_t taps[2] = {k->k_h, k->k_w}, strides[2] = {k->stride_h, k->stride_w},
                  dilations[2] = {k->dilation, k->dilation},
                  pads[4] = {k->pad_top, k->pad_left,
                             pad_after(in->h, out->h, k->k_h, k->stride_h, k->dilation, k->pad_top),
                             pad_after(in->w, out->w, k->k_w, k->stride_w, k->dilation, k->pad_left)};
    stp_onnx_ints(&w->model, "kernel_shape", taps, 2);
    stp_onnx_ints(&w->model, "strides", strides, 2);
    stp_onnx_ints(&w->model, "pads", pads, 4);
    if (stp_int8_is_weighted(e->op->kind))
        stp_onnx_ints(&w->model, "dilations", dilations, 2);
    if (e->op->kind == STAPES_DEPTHWISE)
        stp_onnx_int(&w->model, "group", e->op->channels);
}

// [clips][inputs] of a map; rounded again, since a fully connected layer reads what is rounded.
static name put_flat(writing *w, const stp_explicit_op *e) {
    const name flat = join(e->op->name, "/flat"), raw = join(flat.text, w->in_floats ? "" : "/float");
    const size_t node = stp_onnx_node(&w->model, "Flatten", raw.text);
    stp_onnx_input(&w->model, name_of(w, e->inputs[0]).text);
    stp_onnx_int(&w->model, "axis", CHANNEL_AXIS);
    stp_onnx_node_end(&w->model, node);
    if (!w->in_floats)
        put_rounding(w, raw.text, scale_of(w, e->inputs[0]), flat.text);
    return flat;
}

static stp_status put_op(writing *w, const stp_explicit_op *e) {
    const stp_int8_op *op = e->op;
    const int weighted = stp_int8_is_weighted(op->kind), full = op->kind == STAPES_FULLY_CONNECTED,
              global =
                  is_global(op, stp_int8_storage_of(w->net, op->in), stp_int8_storage_of(w->net, op->out));
    if (!full && op->kind != STAPES_ADD)
        STP_TRY(check_window(w, e));
    if (weighted) {
        STP_TRY(put_weights(w, e));
        STP_TRY(put_biases(w, e));
    }
    const name first = full ? put_flat(w, e) : name_of(w, e->inputs[0]);
    const size_t node = stp_onnx_node(&w->model, global ? "GlobalAveragePool" : operators[op->kind],
                                      raw_name(w, e->output, op->relu_out).text);
    stp_onnx_input(&w->model, first.text);
    if (e->input_count > 1)
        stp_onnx_input(&w->model, name_of(w, e->inputs[1]).text);
    if (weighted) {
        stp_onnx_input(&w->model, join(op->name, "/weights").text);
        stp_onnx_input(&w->model, join(op->name, "/biases").text);
    }
    if (full)
        stp_onnx_int(&w->model, "transB", 1);
    else if (op->kind != STAPES_ADD && !global)
        put_window(w, e);
    stp_onnx_node_end(&w->model, node);
    finish(w, e->output, op->relu_out);
    return STP_OK;
}

static void put_concatenation(writing *w, const stp_explicit_op *e) {
    const size_t node = stp_onnx_node(&w->model, "Concat", raw_name(w, e->output, 0).text);
    for (int i = 0; i < e->input_count; i++)
        stp_onnx_input(&w->model, name_of(w, e->inputs[i]).text);
    stp_onnx_int(&w->model, "axis", CHANNEL_AXIS);
    stp_onnx_node_end(&w->model, node);
    finish(w, e->output, 0);
}

// Of what is rounded already, and rounded again with the same scale.
static void put_rectifier(writing *w, const stp_explicit_op *e) {
    put_relu(w, name_of(w, e->inputs[0]).text, raw_name(w, e->output, 0).text);
    finish(w, e->output, 0);
}

// --- the whole ------------------------------------------------------------------------------------------

static void put_ends(writing *w) {
    const stp_int8_storage *in = stp_int8_storage_of(w->net, w->net->input),
                           *out = stp_int8_storage_of(w->net, w->net->output);
    stp_onnx_shape input = {4, {0, w->net->tensor[w->net->input].c, in->h, in->w}},
                   output = {4, {0, w->net->tensor[w->net->output].c, out->h, out->w}};
    const stp_explicit_op *last = &w->from->op[w->from->ops - 1];
    if (last->kind == STP_EXPLICIT_OP && last->op->kind == STAPES_FULLY_CONNECTED)
        output.rank = 2;
    stp_onnx_value(
        &w->model, STP_ONNX_INPUT, "features",
        "normalised features, [clips][1][frames][coefficients]; how they are made stands in the metadata",
        input, "clips");
    stp_onnx_value(&w->model, STP_ONNX_OUTPUT, "logits",
                   "of each class, in the order of the metadata's labels", output, "clips");
}

static stp_status put_graph(writing *w) {
    put_ends(w);
    if (!w->in_floats)
        put_rounding(w, "features", scale_of(w, w->from->input), name_of(w, w->from->input).text);
    for (int i = 0; i < w->from->ops; i++) {
        const stp_explicit_op *e = &w->from->op[i];
        if (e->kind == STP_EXPLICIT_OP)
            STP_TRY(put_op(w, e));
        else if (e->kind == STP_EXPLICIT_CONCATENATION)
            put_concatenation(w, e);
        else
            put_rectifier(w, e);
    }
    return STP_OK;
}

static stp_status put_model(writing *w, const char *description, const stp_onnx_entry *metadata) {
    w->has_scale = stp_arena_alloc(w->from->arena, (size_t)w->net->scales);
    if (!w->has_scale)
        return stp_err_memory(w->err, "the .onnx file's scales", (unsigned long long)w->net->scales);
    stp_onnx_begin(&w->model, "stapes", STAPES_VERSION, description);
    STP_TRY(put_graph(w));
    stp_onnx_end(&w->model);
    if (metadata)
        stp_onnx_metadata(&w->model, metadata);
    if (w->model.file.failed)
        return stp_err_memory(w->err, "the .onnx file", w->model.file.size);
    return STP_OK;
}

stp_status stp_onnx_network_build(const stp_int8_net *net, stp_onnx_numbers numbers, const char *description,
                                  const stp_onnx_entry *metadata, stp_bytes *file, stp_err *err) {
    stp_explicit_net *from;
    *file = (stp_bytes){0};
    STP_TRY(stp_explicit_net_create(&from, net, err));
    writing w = {.from = from, .net = net, .in_floats = numbers == STP_ONNX_IN_FLOATS, .err = err};
    stp_status status = put_model(&w, description, metadata);
    if (status == STP_OK)
        *file = w.model.file;
    else
        stp_bytes_free(&w.model.file);
    stp_explicit_net_destroy(from);
    return status;
}
