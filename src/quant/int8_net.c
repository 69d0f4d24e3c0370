#include "quant/int8_net.h"

static const char *const kind_names[STAPES_OP_KINDS] = {
    [STAPES_CONV] = "conv",
    [STAPES_POINTWISE] = "pointwise",
    [STAPES_DEPTHWISE] = "depthwise",
    [STAPES_MAX_POOL] = "max_pool",
    [STAPES_AVERAGE_POOL] = "average_pool",
    [STAPES_ADD] = "add",
    [STAPES_FULLY_CONNECTED] = "fully_connected",
};

void stp_int8_net_destroy(stp_int8_net *net) {
    if (net)
        stp_arena_destroy(net->arena);
}

int stp_int8_is_weighted(stapes_op_kind kind) {
    return kind == STAPES_CONV || kind == STAPES_POINTWISE || kind == STAPES_DEPTHWISE ||
           kind == STAPES_FULLY_CONNECTED;
}

const char *stp_int8_kind_name(stapes_op_kind kind) {
    return kind_names[kind];
}

const stp_int8_storage *stp_int8_storage_of(const stp_int8_net *net, int tensor) {
    return &net->storage[net->tensor[tensor].storage];
}

const stp_int8_scale *stp_int8_scale_of(const stp_int8_net *net, int tensor) {
    return &net->scale[stp_int8_storage_of(net, tensor)->scale];
}

stp_int8_kernel stp_int8_kernel_of(const stp_int8_op *op, int channel) {
    int count = op->weights / op->channels;
    if (op->kind == STAPES_DEPTHWISE)
        return (stp_int8_kernel){op->weight + channel, count, op->channels};
    return (stp_int8_kernel){op->weight + channel * count, count, 1};
}

int stp_int8_low(const stp_int8_net *net, const stp_int8_op *op) {
    return op->relu_out ? stp_int8_scale_of(net, op->out)->zero : -128;
}
