// Convolutions and pools on a lane block: the registry's glue between tensors and kernels.
#include "graph/ops.h"

#include <string.h>

static const stp_real *weight(const stp_exec *x, int offset) {
    return offset < 0 ? NULL : x->state->weights + offset;
}

// Where a block's gradient of a parameter goes; NULL in the architecture step.
static stp_real *slot(const stp_exec *x, int offset, int block) {
    return offset < 0 || !x->state->grads ? NULL : x->slot[block] + offset;
}

long long stp_conv_macs(const stp_graph *g, const stp_op *op) {
    const stp_tensor *out = &g->tensor[op->out];
    return (long long)out->c * out->h * out->w * g->tensor[op->in].c * op->window.k_h * op->window.k_w;
}

void stp_conv_op_forward(stp_exec *x, const stp_op *op, int block) {
    x->k->conv_forward(&op->window, op->relu, stp_exec_value(x, op->in, block), weight(x, op->weight),
                       weight(x, op->bias), stp_exec_value(x, op->out, block),
                       stp_bn_forward_sums(x, op, block), x->scratch[block]);
}

void stp_conv_op_backward(stp_exec *x, const stp_op *op, int block) {
    int add;
    stp_view d_in = stp_exec_grad_target(x, op, 0, op->in, block, &add);
    x->k->conv_backward(&op->window, op->relu, stp_bn_upstream(x, op, block),
                        stp_exec_value(x, op->in, block), weight(x, op->weight), d_in, add,
                        slot(x, op->weight, block), slot(x, op->bias, block), x->scratch[block]);
}

long long stp_dwpw_macs(const stp_graph *g, const stp_op *op) {
    const stp_tensor *in = &g->tensor[op->in], *out = &g->tensor[op->out];
    long long pixels = (long long)out->h * out->w;
    long long depthwise = pixels * in->c * op->window.k_h * op->window.k_w;
    return depthwise + (op->pointwise >= 0 ? pixels * in->c * out->c : 0);
}

// What a depthwise convolution reads: its input as it lies, or one that its kernel normalises and rectifies.
typedef struct dwpw_input {
    int tensor;
    stp_view view;
    stp_rectifier rect;
    const stp_rectifier *rectifier; // &rect, or NULL
} dwpw_input;

static void find_input(const stp_exec *x, const stp_op *op, int block, dwpw_input *in) {
    in->tensor = stp_exec_source(x, op, 0);
    in->view = stp_exec_value(x, in->tensor, block);
    in->rectifier = NULL;
    if (in->tensor == op->in)
        return;
    int bn = x->g->tensor[in->tensor].bn;
    size_t at = (size_t)stp_exec_group_of(x, block) * x->g->bn[bn].channels;
    in->rect = (stp_rectifier){.scale = x->bn[bn].scale + at, .shift = x->bn[bn].shift + at};
    in->rectifier = &in->rect;
}

void stp_dwpw_op_forward(stp_exec *x, const stp_op *op, int block) {
    dwpw_input in;
    find_input(x, op, block, &in);
    x->k->dwpw_forward(&op->window, in.view, in.rectifier, weight(x, op->weight), weight(x, op->pointwise),
                       weight(x, op->bias), stp_exec_value(x, op->out, block),
                       stp_bn_forward_sums(x, op, block), x->scratch[block]);
}

void stp_dwpw_op_backward(stp_exec *x, const stp_op *op, int block) {
    int add;
    dwpw_input in;
    find_input(x, op, block, &in);
    stp_view d_in = stp_exec_grad_target(x, op, 0, in.tensor, block, &add);
    if (in.rectifier)
        memset(x->sums[block], 0, sizeof(stp_real) * (size_t)(2 * in.view.c * x->lanes));
    x->k->dwpw_backward(&op->window, stp_bn_upstream(x, op, block), in.view, in.rectifier,
                        weight(x, op->weight), weight(x, op->pointwise), d_in, add, x->sums[block],
                        slot(x, op->weight, block), slot(x, op->pointwise, block), slot(x, op->bias, block),
                        x->scratch[block]);
}

void stp_dwpw_op_after_backward(stp_exec *x, const stp_op *op) {
    int in = stp_exec_source(x, op, 0);
    if (in != op->in)
        stp_bn_gather_pairs(x, x->g->tensor[in].bn);
}

void stp_pool_op_forward(stp_exec *x, const stp_op *op, int block) {
    x->k->pool_forward(op->pool, &op->window, stp_exec_value(x, op->in, block),
                       stp_exec_value(x, op->out, block), stp_bn_forward_sums(x, op, block));
}

void stp_pool_op_backward(stp_exec *x, const stp_op *op, int block) {
    int add;
    stp_view d_in = stp_exec_grad_target(x, op, 0, op->in, block, &add);
    x->k->pool_backward(op->pool, &op->window, stp_bn_upstream(x, op, block),
                        stp_exec_value(x, op->in, block), stp_exec_value(x, op->out, block), d_in, add,
                        x->scratch[block]);
}
