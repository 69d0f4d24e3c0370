// Convolutions and pools on a lane block: the registry's glue between tensors and kernels.
#include "graph/ops.h"

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

void stp_dwpw_op_forward(stp_exec *x, const stp_op *op, int block) {
    x->k->dwpw_forward(&op->window, stp_exec_value(x, op->in, block), weight(x, op->weight),
                       weight(x, op->pointwise), weight(x, op->bias), stp_exec_no_view(),
                       stp_exec_value(x, op->out, block), stp_bn_forward_sums(x, op, block),
                       x->scratch[block]);
}

// The depthwise result that the pointwise weights' gradient needs is not kept but made again: as much
// arithmetic as the traffic it saves, and half the memory of a supernet.
static stp_view depthwise_again(stp_exec *x, const stp_op *op, int block) {
    if (op->pointwise < 0 || !x->state->grads)
        return stp_exec_no_view();
    const stp_tensor *in = &x->g->tensor[op->in], *out = &x->g->tensor[op->out];
    stp_view d = {.p = x->remade[block],
                  .chan = (ptrdiff_t)out->w * x->lanes,
                  .row = stp_exec_row_stride(in->c, out->w, x->lanes),
                  .c = in->c,
                  .h = out->h,
                  .w = out->w};
    x->k->dwpw_forward(&op->window, stp_exec_value(x, op->in, block), weight(x, op->weight), NULL, NULL,
                       stp_exec_no_view(), d, NULL, x->scratch[block]);
    return d;
}

void stp_dwpw_op_backward(stp_exec *x, const stp_op *op, int block) {
    int add;
    stp_view d = depthwise_again(x, op, block);
    stp_view d_in = stp_exec_grad_target(x, op, 0, op->in, block, &add);
    x->k->dwpw_backward(&op->window, stp_bn_upstream(x, op, block), stp_exec_value(x, op->in, block), d,
                        weight(x, op->weight), weight(x, op->pointwise), d_in, add,
                        slot(x, op->weight, block), slot(x, op->pointwise, block), slot(x, op->bias, block),
                        x->scratch[block]);
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
