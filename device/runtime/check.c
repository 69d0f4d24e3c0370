// What init asks of a model before it runs blind: that no operation can leave the arena, the weights or 32
// bits, whatever the activations are.
#include "runtime/checksum.h"
#include "runtime/runtime.h"

enum { MAX_SUM = 1 << 30 }; // device/nn/nn.h: sums, also shifted to the left, lie within 2^30

// Pixels of a map; below 2^32 for any 16-bit sizes.
STAPES_COLD static uint32_t pixels_of(const stapes_map *map) {
    return (uint32_t)map->h * map->w;
}

// One byte past the last value, from the arena's start. The map must be valid.
STAPES_COLD static uint32_t end_of(const stapes_map *map) {
    return map->offset + (pixels_of(map) - 1) * map->pitch + map->c;
}

STAPES_COLD static int map_valid(const stapes_map *map, uint32_t arena_bytes) {
    if (map->h < 1 || map->w < 1 || map->c < 1 || map->pitch < map->c)
        return 0;
    if (pixels_of(map) > STAPES_MAX_ARENA_BYTES || map->offset > arena_bytes)
        return 0;
    return (uint64_t)(pixels_of(map) - 1) * map->pitch + map->c <= arena_bytes - map->offset;
}

// Whether no byte belongs to both: they lie apart, or are slices of the same pixels.
STAPES_COLD static int maps_apart(const stapes_map *a, const stapes_map *b) {
    if (end_of(a) <= b->offset || end_of(b) <= a->offset)
        return 1;
    if (a->pitch != b->pitch)
        return 0;
    uint32_t distance = b->offset >= a->offset ? (b->offset - a->offset) % a->pitch
                                               : a->pitch - 1 - (a->offset - b->offset - 1) % a->pitch;
    return distance >= a->c && distance + b->c <= a->pitch;
}

STAPES_COLD static int maps_equal(const stapes_map *a, const stapes_map *b) {
    return a->offset == b->offset && a->pitch == b->pitch;
}

STAPES_COLD static int same_size(const stapes_map *a, const stapes_map *b) {
    return a->h == b->h && a->w == b->w && a->c == b->c;
}

// The first window ends in the map or behind it; the last one begins at most `beyond` after the map's end.
STAPES_COLD static int axis_valid(int taps, int stride, int dilation, int pad, int in, int out, int beyond) {
    if (taps < 1 || stride < 1 || dilation < 1)
        return 0;
    int32_t reach = (int32_t)(taps - 1) * dilation + 1;
    return reach <= STAPES_MAX_REACH && pad >= -1 && pad < reach &&
           (int32_t)(out - 1) * stride - pad < in + beyond;
}

// Kernels reckon in 32 bits how far a pixel lies from the map's first, also of taps in the padding: a window
// may begin a reach before the map or behind it, and has another reach.
STAPES_COLD static int distances_valid(const stapes_map *map) {
    uint64_t rows = map->h + 2 * STAPES_MAX_REACH, columns = map->w + 2 * STAPES_MAX_REACH;
    return (rows * map->w + columns) * map->pitch <= INT32_MAX;
}

// A window that sees nothing but padding is fine for a convolution; a pool has no value for it.
STAPES_COLD static int window_valid(const stapes_op *op, const stapes_map *in, const stapes_map *out) {
    int pool = op->kind == STAPES_MAX_POOL || op->kind == STAPES_AVERAGE_POOL;
    int beyond = pool ? 0 : STAPES_MAX_REACH;
    return distances_valid(in) &&
           axis_valid(op->k_h, op->stride_h, op->dilation, op->pad_top, in->h, out->h, beyond) &&
           axis_valid(op->k_w, op->stride_w, op->dilation, op->pad_left, in->w, out->w, beyond);
}

STAPES_COLD static int range_valid(uint32_t first, uint32_t count, uint32_t total) {
    return first <= total && count <= total - first;
}

// Weights and what follows the sum: `channels` output channels of `count` weights each.
STAPES_COLD static int sums_valid(const stapes_model *model, const stapes_op *op, uint32_t channels,
                                  uint32_t count) {
    if (count > STAPES_MAX_CHANNEL_WEIGHTS || !range_valid(op->weights, channels * count, model->weights) ||
        !range_valid(op->channel, channels, model->channels))
        return 0;
    for (uint32_t i = op->channel; i < op->channel + channels; i++) {
        int32_t bias = model->constants.biases[i], shift = model->constants.shifts[i];
        int32_t room = MAX_SUM - (int32_t)count * 128 * 128;
        if (bias <= -room || bias >= room || shift < -31 || shift > 29 || model->constants.multipliers[i] < 0)
            return 0;
        int32_t most = (bias < 0 ? -bias : bias) + (int32_t)count * 128 * 128;
        if (shift > 0 && most >= MAX_SUM >> shift)
            return 0;
    }
    return 1;
}

STAPES_COLD static int add_valid(const stapes_model *model, const stapes_op *op) {
    if (!range_valid(op->channel, 3, model->channels))
        return 0;
    for (uint32_t i = op->channel; i < op->channel + 3; i++)
        if (model->constants.shifts[i] < -31 || model->constants.shifts[i] > 0 ||
            model->constants.multipliers[i] < 0)
            return 0;
    return 1;
}

// Shapes and constants; all maps are valid.
STAPES_COLD static int kind_valid(const stapes_model *model, const stapes_op *op) {
    const stapes_map *in = &model->map[op->in], *out = &model->map[op->out];
    uint32_t taps = (uint32_t)op->k_h * op->k_w;
    switch (op->kind) {
    case STAPES_CONV:
        return window_valid(op, in, out) && sums_valid(model, op, out->c, taps * in->c);
    case STAPES_POINTWISE:
        return in->h == out->h && in->w == out->w && sums_valid(model, op, out->c, in->c);
    case STAPES_DEPTHWISE:
        return in->c == out->c && window_valid(op, in, out) && sums_valid(model, op, out->c, taps);
    case STAPES_MAX_POOL:
    case STAPES_AVERAGE_POOL:
        return in->c == out->c && op->dilation == 1 && window_valid(op, in, out);
    case STAPES_ADD:
        return same_size(in, out) && same_size(&model->map[op->second], out) && add_valid(model, op);
    case STAPES_FULLY_CONNECTED:
        return pixels_of(out) == 1 && in->pitch == in->c && pixels_of(in) <= STAPES_MAX_CHANNEL_WEIGHTS &&
               sums_valid(model, op, out->c, pixels_of(in) * in->c);
    default:
        return 0;
    }
}

STAPES_COLD static int scratch_valid(const stapes_model *model, const stapes_op *op) {
    size_t bytes = stapes_nn_scratch_bytes(op, model->map);
    if (bytes == 0)
        return 1;
    if (model->scratch_offset > model->arena_bytes || bytes > model->arena_bytes - model->scratch_offset)
        return 0;
    uint32_t first = model->scratch_offset, end = first + (uint32_t)bytes;
    const stapes_map *in = &model->map[op->in], *out = &model->map[op->out];
    return (end <= in->offset || first >= end_of(in)) && (end <= out->offset || first >= end_of(out));
}

STAPES_COLD static int op_valid(const stapes_model *model, const stapes_op *op) {
    if (op->kind >= STAPES_OP_KINDS || op->in >= model->maps || op->out >= model->maps)
        return 0;
    const stapes_map *in = &model->map[op->in], *out = &model->map[op->out];
    int apart = maps_apart(in, out);
    if (op->kind == STAPES_ADD) {
        if (op->second >= model->maps)
            return 0;
        const stapes_map *second = &model->map[op->second];
        apart = (apart || maps_equal(in, out)) && (maps_apart(second, out) || maps_equal(second, out));
    }
    return apart && op->in_low <= in->zero && op->out_low <= op->out_high && kind_valid(model, op) &&
           scratch_valid(model, op);
}

STAPES_COLD static int ends_valid(const stapes_model *model) {
    if (model->input >= model->maps || model->output >= model->maps)
        return 0;
    const stapes_map *in = &model->map[model->input], *out = &model->map[model->output];
    if (in->c != 1 || in->pitch != 1 || pixels_of(out) != 1)
        return 0;
    return !model->front || model->front->coefficients == in->w;
}

// A weight of -128 is outside nn.h's contract: the Helium twin adds two products in 16 bits.
STAPES_COLD static int weights_valid(const stapes_model *model) {
    for (uint32_t i = 0; i < model->weights; i++)
        if (model->constants.weights[i] < -127)
            return 0;
    return 1;
}

STAPES_COLD stapes_status stapes_model_check(const stapes_model *model) {
    if (!model || model->version != STAPES_MODEL_VERSION)
        return STAPES_ERR_VERSION;
    const stapes_constants *k = &model->constants;
    if (!model->op || !model->map || !model->kernel || model->ops < 1 || model->ops > INT16_MAX ||
        model->arena_bytes > STAPES_MAX_ARENA_BYTES || model->scratch_offset % 4 != 0)
        return STAPES_ERR_MODEL;
    if ((model->weights > 0 && !k->weights) ||
        (model->channels > 0 && (!k->biases || !k->multipliers || !k->shifts)))
        return STAPES_ERR_MODEL;
    for (int i = 0; i < model->maps; i++)
        if (!map_valid(&model->map[i], model->arena_bytes))
            return STAPES_ERR_MODEL;
    if (!ends_valid(model) || !weights_valid(model))
        return STAPES_ERR_MODEL;
    for (int i = 0; i < model->ops; i++) {
        if (!op_valid(model, &model->op[i]))
            return STAPES_ERR_MODEL;
        if (!model->kernel[model->op[i].kind])
            return STAPES_ERR_KERNEL;
    }
    return STAPES_OK;
}
