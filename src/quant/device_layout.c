#include "quant/device_layout.h"

static void fill_maps(stp_device_layout *l, const stp_int8_net *net) {
    for (int i = 0; i < net->tensors; i++) {
        const stp_int8_tensor *t = &net->tensor[i];
        const stp_int8_storage *s = &net->storage[t->storage];
        l->map[i] = (stapes_map){.offset = l->plan.offset[t->storage] + (uint32_t)t->c_first,
                                 .h = (uint16_t)s->h,
                                 .w = (uint16_t)s->w,
                                 .c = (uint16_t)t->c,
                                 .pitch = (uint16_t)s->c,
                                 .zero = (int8_t)net->scale[s->scale].zero};
    }
}

static void fill_op(stp_device_layout *l, const stp_int8_net *net, int id) {
    const stp_int8_op *op = &net->op[id];
    const stp_window *w = &op->window;
    l->op[id] = (stapes_op){
        .kind = (uint8_t)op->kind,
        .k_h = (uint8_t)w->k_h,
        .k_w = (uint8_t)w->k_w,
        .stride_h = (uint8_t)w->stride_h,
        .stride_w = (uint8_t)w->stride_w,
        .dilation = (uint8_t)w->dilation,
        .pad_top = (int8_t)w->pad_top,
        .pad_left = (int8_t)w->pad_left,
        .in_low = (int8_t)(op->relu_in ? stp_int8_scale_of(net, op->in)->zero : -128),
        .out_low = (int8_t)stp_int8_low(net, op),
        .out_high = 127,
        .in = (uint16_t)op->in,
        .second = (uint16_t)(op->second >= 0 ? op->second : op->in),
        .out = (uint16_t)op->out,
        .weights = (uint32_t)op->weight,
        .channel = (uint32_t)op->channel,
    };
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
    return fits ? STP_OK
                : stp_err_set(err, STP_ERR_MISMATCH,
                              "the network is larger than a device can count; train a smaller one");
}

static int take_memory(stp_device_layout *l, const stp_int8_net *net, stp_arena *arena) {
    l->op = STP_ARENA_ARRAY(arena, stapes_op, net->ops);
    l->map = STP_ARENA_ARRAY(arena, stapes_map, net->tensors);
    l->scratch = STP_ARENA_ARRAY(arena, size_t, net->ops);
    l->plan.offset = STP_ARENA_ARRAY(arena, uint32_t, net->storages);
    return l->op && l->map && l->scratch && l->plan.offset;
}

stp_status stp_device_layout_make(stp_device_layout *l, const stp_int8_net *net, stp_arena *arena,
                                  stp_err *err) {
    STP_TRY(check(net, err));
    if (!take_memory(l, net, arena))
        return stp_err_memory(err, "an int8 network's layout", sizeof *l->op * (unsigned long long)net->ops);
    fill_maps(l, net); // sizes first: scratch depends on them, and offsets on scratch
    for (int i = 0; i < net->ops; i++) {
        fill_op(l, net, i);
        l->scratch[i] = stapes_nn_scratch_bytes(&l->op[i], l->map);
    }
    STP_TRY(stp_arena_plan_make(&l->plan, net, l->scratch, err));
    fill_maps(l, net);
    return STP_OK;
}
