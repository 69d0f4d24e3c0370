#include "quant/device_model.h"

#include "quant/device_layout.h"

#include <math.h>
#include <string.h>

typedef struct making {
    const stp_int8_net *net;
    stp_arena *arena;
    stp_device_layout layout;
    int8_t *weights, *shifts;
    int32_t *biases, *multipliers;
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

// --- biases --------------------------------------------------------------------------------------

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

static int take_memory(making *m) {
    const stp_int8_net *net = m->net;
    stp_arena *arena = m->arena;
    m->weights = STP_ARENA_ARRAY(arena, int8_t, net->weights);
    m->biases = STP_ARENA_ARRAY(arena, int32_t, net->channels);
    m->multipliers = STP_ARENA_ARRAY(arena, int32_t, net->channels);
    m->shifts = STP_ARENA_ARRAY(arena, int8_t, net->channels);
    return m->weights && m->biases && m->multipliers && m->shifts;
}

static void fill(making *m) {
    const stp_int8_net *net = m->net;
    memcpy(m->weights, net->weight_q, (size_t)net->weights);
    memcpy(m->multipliers, net->multiplier, sizeof *m->multipliers * (size_t)net->channels);
    memcpy(m->shifts, net->shift, (size_t)net->channels);
    for (int i = 0; i < net->ops; i++)
        if (stp_int8_is_weighted(net->op[i].kind))
            fill_biases(m, &net->op[i]);
}

// What detect.h makes of differences of logits: 2^16 log2(e) a unit.
static uint32_t logit_step(float scale) {
    double step = round(65536 * 1.4426950408889634 * (double)scale);
    return step < 1 ? 1 : step > 4294967295.0 ? UINT32_MAX : (uint32_t)step;
}

static void describe(stp_device_model *device, const making *m, const stapes_front_config *front) {
    const stp_arena_plan *plan = &m->layout.plan;
    for (int i = 0; i < m->net->ops; i++)
        device->kernel[m->net->op[i].kind] = kernels[m->net->op[i].kind];
    device->arena_bound = plan->bound;
    device->model = (stapes_model){
        .version = STAPES_MODEL_VERSION,
        .ops = (uint16_t)m->net->ops,
        .maps = (uint16_t)m->net->tensors,
        .input = (uint16_t)m->net->input,
        .output = (uint16_t)m->net->output,
        .op = m->layout.op,
        .map = m->layout.map,
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
    stp_arena *arena = stp_arena_create();
    stp_device_model *device = arena ? stp_arena_alloc(arena, sizeof *device) : NULL;
    making m = {.net = net, .arena = arena};
    stp_status status = STP_OK;
    if (!device || !take_memory(&m))
        status = stp_err_memory(err, "an int8 model", (unsigned long long)net->weights);
    if (status == STP_OK)
        status = stp_device_layout_make(&m.layout, net, arena, err);
    if (status != STP_OK) {
        stp_arena_destroy(arena);
        return status;
    }
    fill(&m);
    device->arena = arena;
    describe(device, &m, front);
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
