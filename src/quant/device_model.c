#include "quant/device_model.h"

#include "quant/arena_plan.h"

#include <math.h>
#include <string.h>

typedef struct making {
    const stp_int8_net *net;
    stp_arena *arena;
    stapes_op *op;
    stapes_map *map;
    int8_t *weights, *shifts;
    int32_t *biases, *multipliers;
    uint32_t *offset; // [storages]
    size_t *scratch;  // [ops]
} making;

static const stapes_kernel kernels[STAPES_OP_KINDS] = {
    [STAPES_CONV] = stapes_nn_conv,
    [STAPES_POINTWISE] = stapes_nn_pointwise,
    [STAPES_DEPTHWISE] = stapes_nn_depthwise,
    [STAPES_MAX_POOL] = stapes_nn_max_pool,
    [STAPES_AVERAGE_POOL] = stapes_nn_average_pool,
    [STAPES_ADD] = stapes_nn_add,
    [STAPES_FULLY_CONNECTED] = stapes_nn_fully_connected,
};

// --- maps and operations --------------------------------------------------------------------------

static void fill_maps(making *m) {
    for (int i = 0; i < m->net->tensors; i++) {
        const stp_int8_tensor *t = &m->net->tensor[i];
        const stp_int8_storage *s = &m->net->storage[t->storage];
        m->map[i] = (stapes_map){.offset = m->offset[t->storage] + (uint32_t)t->c_first,
                                 .h = (uint16_t)s->h,
                                 .w = (uint16_t)s->w,
                                 .c = (uint16_t)t->c,
                                 .pitch = (uint16_t)s->c,
                                 .zero = (int8_t)m->net->scale[s->scale].zero};
    }
}

static void fill_op(making *m, int id) {
    const stp_int8_op *op = &m->net->op[id];
    const stp_window *w = &op->window;
    m->op[id] = (stapes_op){
        .kind = (uint8_t)op->kind,
        .k_h = (uint8_t)w->k_h,
        .k_w = (uint8_t)w->k_w,
        .stride_h = (uint8_t)w->stride_h,
        .stride_w = (uint8_t)w->stride_w,
        .dilation = (uint8_t)w->dilation,
        .pad_top = (int8_t)w->pad_top,
        .pad_left = (int8_t)w->pad_left,
        .in_low = (int8_t)(op->relu_in ? stp_int8_scale_of(m->net, op->in)->zero : -128),
        .out_low = (int8_t)stp_int8_low(m->net, op),
        .out_high = 127,
        .in = (uint16_t)op->in,
        .second = (uint16_t)(op->second >= 0 ? op->second : op->in),
        .out = (uint16_t)op->out,
        .weights = (uint32_t)op->weight,
        .channel = (uint32_t)op->channel,
    };
}

// bias - zero of the input * sum of the weights (nn.h).
static void fill_biases(making *m, const stp_int8_op *op) {
    int32_t zero = stp_int8_scale_of(m->net, op->in)->zero;
    for (int c = 0; c < op->channels; c++) {
        stp_int8_kernel k = stp_int8_kernel_of(op, c);
        int32_t sum = 0;
        for (int i = 0; i < k.count; i++)
            sum += m->net->weight_q[k.first + i * k.stride];
        m->biases[op->channel + c] = m->net->bias_q[op->channel + c] - zero * sum;
    }
}

// --- the whole ------------------------------------------------------------------------------------

static stp_status refuse(stp_err *err) {
    return stp_err_set(err, STP_ERR_MISMATCH,
                       "the network is larger than a device can count; train a smaller one");
}

static stp_status check(const stp_int8_net *net, stp_err *err) {
    int fits = net->ops <= 65535 && net->tensors <= 65535;
    for (int i = 0; i < net->ops; i++) {
        const stp_window *w = &net->op[i].window;
        fits &= w->k_h <= 255 && w->k_w <= 255 && w->stride_h <= 255 && w->stride_w <= 255 &&
                w->dilation <= 255 && w->pad_top <= 127 && w->pad_left <= 127;
    }
    for (int i = 0; i < net->storages; i++)
        fits &= net->storage[i].h <= 65535 && net->storage[i].w <= 65535 && net->storage[i].c <= 65535;
    return fits ? STP_OK : refuse(err);
}

static int take_memory(making *m) {
    const stp_int8_net *net = m->net;
    stp_arena *arena = m->arena;
    m->op = STP_ARENA_ARRAY(arena, stapes_op, net->ops);
    m->map = STP_ARENA_ARRAY(arena, stapes_map, net->tensors);
    m->weights = STP_ARENA_ARRAY(arena, int8_t, net->weights);
    m->biases = STP_ARENA_ARRAY(arena, int32_t, net->channels);
    m->multipliers = STP_ARENA_ARRAY(arena, int32_t, net->channels);
    m->shifts = STP_ARENA_ARRAY(arena, int8_t, net->channels);
    m->offset = STP_ARENA_ARRAY(arena, uint32_t, net->storages);
    m->scratch = STP_ARENA_ARRAY(arena, size_t, net->ops);
    return m->op && m->map && m->weights && m->biases && m->multipliers && m->shifts && m->offset &&
           m->scratch;
}

static stp_status fill(making *m, stp_arena_plan *plan, stp_err *err) {
    const stp_int8_net *net = m->net;
    fill_maps(m); // sizes first: scratch depends on them, and offsets on scratch
    for (int i = 0; i < net->ops; i++) {
        fill_op(m, i);
        m->scratch[i] = stapes_nn_scratch_bytes(&m->op[i], m->map);
    }
    plan->offset = m->offset;
    STP_TRY(stp_arena_plan_make(plan, net, m->scratch, err));
    fill_maps(m);
    memcpy(m->weights, net->weight_q, (size_t)net->weights);
    memcpy(m->multipliers, net->multiplier, sizeof *m->multipliers * (size_t)net->channels);
    memcpy(m->shifts, net->shift, (size_t)net->channels);
    for (int i = 0; i < net->ops; i++)
        if (stp_int8_is_weighted(net->op[i].kind))
            fill_biases(m, &net->op[i]);
    return STP_OK;
}

// What detect.h makes of differences of logits: 2^16 log2(e) a unit.
static uint32_t logit_step(float scale) {
    double step = round(65536 * 1.4426950408889634 * (double)scale);
    return step < 1 ? 1 : step > 4294967295.0 ? UINT32_MAX : (uint32_t)step;
}

static void describe(stp_device_model *device, const making *m, const stp_arena_plan *plan,
                     const stapes_front_config *front) {
    for (int i = 0; i < m->net->ops; i++)
        device->kernel[m->op[i].kind] = kernels[m->op[i].kind];
    device->arena_bound = plan->bound;
    device->model = (stapes_model){
        .version = STAPES_MODEL_VERSION,
        .ops = (uint16_t)m->net->ops,
        .maps = (uint16_t)m->net->tensors,
        .input = (uint16_t)m->net->input,
        .output = (uint16_t)m->net->output,
        .op = m->op,
        .map = m->map,
        .constants = {m->weights, m->biases, m->multipliers, m->shifts},
        .weights = (uint32_t)m->net->weights,
        .channels = (uint32_t)m->net->channels,
        .arena_bytes = (uint32_t)plan->bytes,
        .scratch_offset = plan->scratch_offset,
        .kernel = device->kernel,
        .front = front,
        .feature_scale = 1 / stp_int8_scale_of(m->net, m->net->input)->scale,
        .logit_step = logit_step(stp_int8_scale_of(m->net, m->net->output)->scale),
    };
}

// The checksums that init will compare.
static stp_status seal(stapes_model *model, stp_err *err) {
    if (stapes_model_check(model) != STAPES_OK)
        return refuse(err);
    stapes s = {.model = model, .arena = stp_alloc(model->arena_bytes)};
    if (!s.arena)
        return stp_err_memory(err, "an int8 model's arena", model->arena_bytes);
    model->self_test = stapes_self_test(&s);
    model->check = stapes_model_checksum(model);
    stp_free(s.arena);
    return STP_OK;
}

stp_status stp_device_model_create(stp_device_model **out, const stp_int8_net *net,
                                   const stapes_front_config *front, stp_err *err) {
    STP_TRY(check(net, err));
    stp_arena *arena = stp_arena_create();
    stp_device_model *device = arena ? stp_arena_alloc(arena, sizeof *device) : NULL;
    making m = {.net = net, .arena = arena};
    stp_arena_plan plan;
    stp_status status = STP_OK;
    if (!device || !take_memory(&m))
        status = stp_err_memory(err, "an int8 model", (unsigned long long)net->weights);
    if (status == STP_OK)
        status = fill(&m, &plan, err);
    if (status != STP_OK) {
        stp_arena_destroy(arena);
        return status;
    }
    device->arena = arena;
    describe(device, &m, &plan, front);
    status = seal(&device->model, err);
    if (status == STP_OK)
        *out = device;
    else
        stp_arena_destroy(arena);
    return status;
}

void stp_device_model_destroy(stp_device_model *device) {
    if (device)
        stp_arena_destroy(device->arena);
}
