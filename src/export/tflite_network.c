#include "export/tflite_network.h"

#include "base/arena.h"
#include "export/explicit_net.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = STP_INT8_NAME_BYTES + 16, CHANNEL_AXIS = 3 };

typedef struct writing {
    const stp_explicit_net *from;
    const stp_int8_net *net;
    int in_floats;
    stp_arena *arena;
    stp_tflite_tensor *tensor;
    stp_tflite_op *op;
    int tensors, ops;
    int *place; // [from->values] the file's tensor
    stp_err *err;
} writing;

static stp_status out_of_memory(const writing *w) {
    return stp_err_memory(w->err, "the .tflite file's tensors", stp_arena_bytes(w->arena));
}

static stp_status refuse(const writing *w, const char *name, const char *what) {
    return stp_err_set(w->err, STP_ERR_MISMATCH,
                       "%s: %s, which a .tflite file cannot say; export another form", name, what);
}

// --- tensors ------------------------------------------------------------------------------------------

static char *join(const writing *w, const char *name, const char *suffix) {
    char text[NAME_BYTES];
    snprintf(text, sizeof text, "%s%s", name, suffix);
    return stp_arena_strdup(w->arena, text);
}

// A value that is computed. Returns its number.
static int add_map(writing *w, int value) {
    const int tensor = w->from->value[value].tensor;
    const stp_int8_storage *s = stp_int8_storage_of(w->net, tensor);
    const stp_int8_scale *scale = stp_int8_scale_of(w->net, tensor);
    w->tensor[w->tensors] = (stp_tflite_tensor){.name = w->from->value[value].name,
                                                .type = w->in_floats ? STP_TFLITE_FLOAT32 : STP_TFLITE_INT8,
                                                .rank = 4,
                                                .shape = {1, s->h, s->w, w->net->tensor[tensor].c},
                                                .scales = !w->in_floats,
                                                .scale = &scale->scale,
                                                .zero = scale->zero};
    return w->place[value] = w->tensors++;
}

// With its output and inputs.
static stp_tflite_op *add_op(writing *w, stp_tflite_operator code, int version, const stp_explicit_op *e) {
    stp_tflite_op *op = &w->op[w->ops++];
    *op =
        (stp_tflite_op){.code = code, .version = w->in_floats ? 1 : version, .output = add_map(w, e->output)};
    for (int i = 0; i < e->input_count; i++)
        op->inputs[op->input_count++] = w->place[e->inputs[i]];
    return op;
}

// --- windows ------------------------------------------------------------------------------------------

static int is_same(const stp_window *w, const stp_int8_storage *in, const stp_int8_storage *out) {
    stp_window same = stp_window_same(w->k_h, w->k_w, w->stride_h, w->stride_w, w->dilation, in->h, in->w);
    return w->pad_top == same.pad_top && w->pad_left == same.pad_left &&
           out->h == stp_window_out(in->h, w->stride_h) && out->w == stp_window_out(in->w, w->stride_w);
}

static int valid_out(int size, int k, int stride, int dilation) {
    int room = size - (k - 1) * dilation - 1;
    return room < 0 ? 0 : room / stride + 1;
}

static int is_valid(const stp_window *w, const stp_int8_storage *in, const stp_int8_storage *out) {
    return w->pad_top == 0 && w->pad_left == 0 &&
           out->h == valid_out(in->h, w->k_h, w->stride_h, w->dilation) &&
           out->w == valid_out(in->w, w->k_w, w->stride_w, w->dilation);
}

static stp_status set_window(const writing *w, const stp_explicit_op *e, stp_tflite_op *to) {
    const stp_window *window = &e->window;
    const stp_int8_storage *in = stp_int8_storage_of(w->net, e->op->in),
                           *out = stp_int8_storage_of(w->net, e->op->out);
    int same = is_same(window, in, out);
    if (!same && !is_valid(window, in, out))
        return refuse(w, e->op->name, "its padding is neither SAME nor VALID");
    to->valid = !same;
    to->stride_h = window->stride_h;
    to->stride_w = window->stride_w;
    to->dilation_h = to->dilation_w = window->dilation;
    to->filter_h = window->k_h;
    to->filter_w = window->k_w;
    return STP_OK;
}

// --- constants ----------------------------------------------------------------------------------------

// Weights [out c][k_h][k_w][in c] with taps of zero before them.
static const void *with_zero_taps(const writing *w, const stp_int8_op *op, const stp_tflite_op *to,
                                  const char *weights, size_t pixel_bytes) {
    int k_h = op->window.k_h, k_w = op->window.k_w, top = to->filter_h - k_h, left = to->filter_w - k_w;
    char *larger =
        stp_arena_alloc(w->arena, (size_t)op->channels * (size_t)(to->filter_h * to->filter_w) * pixel_bytes);
    for (int row = 0; larger && row < op->channels * k_h; row++) {
        size_t to_row = (size_t)(row / k_h * to->filter_h + top + row % k_h);
        memcpy(larger + (to_row * (size_t)to->filter_w + (size_t)left) * pixel_bytes,
               weights + (size_t)(row * k_w) * pixel_bytes, (size_t)k_w * pixel_bytes);
    }
    return larger;
}

static void set_weight_shape(const stp_int8_op *op, const stp_tflite_op *to, stp_tflite_tensor *weights) {
    int depthwise = op->kind == STAPES_DEPTHWISE;
    int in = depthwise ? 1 : op->weights / (op->channels * op->window.k_h * op->window.k_w);
    if (op->kind == STAPES_FULLY_CONNECTED) {
        weights->rank = 2;
        weights->shape[0] = op->channels;
        weights->shape[1] = op->weights / op->channels;
        return;
    }
    weights->rank = 4;
    weights->shape[0] = depthwise ? 1 : op->channels;
    weights->shape[1] = to->filter_h;
    weights->shape[2] = to->filter_w;
    weights->shape[3] = depthwise ? op->channels : in;
}

static stp_status add_weights(writing *w, const stp_int8_op *op, stp_tflite_op *to) {
    size_t size = w->in_floats ? sizeof(float) : sizeof(int8_t);
    const char *first = w->in_floats ? (const char *)(w->net->weight + op->weight)
                                     : (const char *)(w->net->weight_q + op->weight);
    stp_tflite_tensor t = {.name = join(w, op->name, "/weights"),
                           .type = w->in_floats ? STP_TFLITE_FLOAT32 : STP_TFLITE_INT8,
                           .scale = w->net->weight_scale + op->channel,
                           .channel_axis = op->kind == STAPES_DEPTHWISE ? CHANNEL_AXIS : 0,
                           .data = first};
    if (!w->in_floats)
        t.scales = op->kind == STAPES_FULLY_CONNECTED ? 1 : op->channels;
    set_weight_shape(op, to, &t);
    t.bytes = size;
    for (int i = 0; i < t.rank; i++)
        t.bytes *= (size_t)t.shape[i];
    if (t.bytes != size * (size_t)op->weights)
        t.data = with_zero_taps(w, op, to, first, size * (size_t)t.shape[3]);
    if (!t.data || !t.name)
        return out_of_memory(w);
    to->inputs[to->input_count++] = w->tensors;
    w->tensor[w->tensors++] = t;
    return STP_OK;
}

// Without the input's zero point, which the device's biases hold and the format's do not.
static stp_status add_biases(writing *w, const stp_int8_op *op, stp_tflite_op *to) {
    float in = stp_int8_scale_of(w->net, op->in)->scale,
          *scale = STP_ARENA_ARRAY(w->arena, float, op->channels);
    stp_tflite_tensor t = {.name = join(w, op->name, "/biases"),
                           .type = w->in_floats ? STP_TFLITE_FLOAT32 : STP_TFLITE_INT32,
                           .rank = 1,
                           .shape = {op->channels},
                           .scale = scale,
                           .bytes = 4 * (size_t)op->channels};
    if (!t.name || !scale)
        return out_of_memory(w);
    if (w->in_floats)
        t.data = w->net->bias + op->channel;
    else
        t.data = w->net->bias_q + op->channel;
    if (!w->in_floats)
        t.scales = op->kind == STAPES_FULLY_CONNECTED ? 1 : op->channels;
    for (int c = 0; c < t.scales; c++)
        scale[c] = in * w->net->weight_scale[op->channel + c];
    to->inputs[to->input_count++] = w->tensors;
    w->tensor[w->tensors++] = t;
    return STP_OK;
}

// --- operations ---------------------------------------------------------------------------------------

// The version is the first that knows int8.
static const struct {
    stp_tflite_operator code;
    int version;
} rows[STAPES_OP_KINDS] = {
    [STAPES_CONV] = {STP_TFLITE_CONV, 3},
    [STAPES_POINTWISE] = {STP_TFLITE_CONV, 3},
    [STAPES_DEPTHWISE] = {STP_TFLITE_DEPTHWISE, 3},
    [STAPES_MAX_POOL] = {STP_TFLITE_MAX_POOL, 2},
    [STAPES_AVERAGE_POOL] = {STP_TFLITE_AVERAGE_POOL, 2},
    [STAPES_ADD] = {STP_TFLITE_ADD, 2},
    [STAPES_FULLY_CONNECTED] = {STP_TFLITE_FULLY_CONNECTED, 4},
};

static stp_status write_op(writing *w, const stp_explicit_op *e) {
    const stp_int8_op *op = e->op;
    stp_tflite_op *to = add_op(w, rows[op->kind].code, rows[op->kind].version, e);
    to->relu = op->relu_out;
    if (w->in_floats && op->window.dilation > 1)
        to->version = 2; // the first depthwise convolution that is dilated
    if (op->kind == STAPES_FULLY_CONNECTED) {
        w->tensor[to->output].rank = 2;
        w->tensor[to->output].shape[1] = op->channels;
    } else {
        STP_TRY(set_window(w, e, to));
    }
    if (!stp_int8_is_weighted(op->kind))
        return STP_OK;
    STP_TRY(add_weights(w, op, to));
    return add_biases(w, op, to);
}

// --- the whole ----------------------------------------------------------------------------------------

static stp_status write_network(writing *w) {
    w->tensor =
        STP_ARENA_ARRAY(w->arena, stp_tflite_tensor, 3 * w->from->values); // weights and biases beside a map
    w->op = STP_ARENA_ARRAY(w->arena, stp_tflite_op, w->from->ops);
    w->place = STP_ARENA_ARRAY(w->arena, int, w->from->values);
    if (!w->tensor || !w->op || !w->place)
        return out_of_memory(w);
    add_map(w, w->from->input);
    for (int i = 0; i < w->from->ops; i++) {
        const stp_explicit_op *e = &w->from->op[i];
        if (e->kind == STP_EXPLICIT_OP)
            STP_TRY(write_op(w, e));
        else if (e->kind == STP_EXPLICIT_CONCATENATION)
            add_op(w, STP_TFLITE_CONCATENATION, 2, e)->axis = CHANNEL_AXIS;
        else
            add_op(w, STP_TFLITE_RELU, 2, e);
    }
    return STP_OK;
}

stp_status stp_tflite_network_build(const stp_int8_net *net, stp_tflite_numbers numbers,
                                    const char *description, const stp_tflite_metadata *metadata,
                                    int metadata_count, stp_flatbuffer *file, stp_err *err) {
    *file = (stp_flatbuffer){0};
    stp_explicit_net *from;
    STP_TRY(stp_explicit_net_create(&from, net, err));
    writing w = {.from = from,
                 .net = net,
                 .in_floats = numbers == STP_TFLITE_IN_FLOATS,
                 .arena = from->arena,
                 .err = err};
    stp_status status = write_network(&w);
    if (status == STP_OK) {
        const stp_tflite_network network = {.description = description,
                                            .tensors = w.tensor,
                                            .ops = w.op,
                                            .metadata = metadata,
                                            .tensor_count = w.tensors,
                                            .op_count = w.ops,
                                            .metadata_count = metadata_count,
                                            .input = w.place[from->input],
                                            .output = w.place[from->output]};
        status = stp_tflite_build(&network, file, err);
    }
    stp_explicit_net_destroy(from);
    return status;
}
