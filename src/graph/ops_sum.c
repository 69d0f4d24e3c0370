// Affine, mean and linear on a lane block.
#include "graph/ops.h"

#include <string.h>

// --- affine -------------------------------------------------------------------------------------------

static const stp_real *scale_of(const stp_exec *x, int bn, int block) {
    return bn < 0 ? NULL : x->bn[bn].scale + (size_t)stp_exec_group_of(x, block) * x->g->bn[bn].channels;
}

static const stp_real *shift_of(const stp_exec *x, int bn, int block) {
    return bn < 0 ? NULL : x->bn[bn].shift + (size_t)stp_exec_group_of(x, block) * x->g->bn[bn].channels;
}

// The next channels in a row that are normalised where they lie, from `*first` on: how many, 0 at the end.
static int next_normalised(const stp_exec *x, int bn, int *first) {
    int channels = x->g->bn[bn].channels, last;
    const char *normalised = x->bn[bn].normalised;
    while (*first < channels && !normalised[*first])
        ++*first;
    for (last = *first; last < channels && normalised[last];)
        last++;
    return last - *first;
}

static void normalise_in_place(stp_exec *x, const stp_op *op, int block) {
    int bn = x->g->tensor[op->in].bn;
    const stp_real *scale = scale_of(x, bn, block), *shift = shift_of(x, bn, block);
    for (int first = 0, count; (count = next_normalised(x, bn, &first)) > 0; first += count) {
        stp_view there = stp_view_channels(stp_exec_value(x, op->out, block), first, count);
        x->k->affine_forward(there, scale + first, shift + first, 0, there);
    }
}

void stp_affine_op_forward(stp_exec *x, const stp_op *op, int block) {
    int bn = x->g->tensor[op->in].bn;
    if (x->lies_in[op->out] != op->out) {
        normalise_in_place(x, op, block);
        return;
    }
    stp_view out = stp_exec_value(x, op->out, block);
    x->k->affine_forward(stp_exec_value(x, op->in, block), scale_of(x, bn, block), shift_of(x, bn, block),
                         op->relu, out);
    if (out.halo > 0) // its memory may have served another tensor since
        x->k->clear_halo(out);
}

// The sums of channels that were normalised where they lie; the others' come from the mixes that read them.
static void sum_in_place(stp_exec *x, const stp_op *op, int block) {
    int bn = x->g->tensor[op->in].bn;
    stp_view g = stp_exec_grad(x, op->out, block), y = stp_exec_value(x, op->out, block);
    for (int first = 0, count; (count = next_normalised(x, bn, &first)) > 0; first += count)
        x->k->affine_backward(stp_view_channels(g, first, count), stp_view_channels(y, first, count), NULL,
                              NULL, 0, stp_exec_no_view(), 0, x->sums[block] + (size_t)first * 2 * x->lanes);
}

// Of a batch-normed tensor: the gradient is masked where it lies, for the maker to read. Of a plain one: it
// is handed on.
void stp_affine_op_backward(stp_exec *x, const stp_op *op, int block) {
    int bn = x->g->tensor[op->in].bn;
    stp_view g = stp_exec_grad(x, op->out, block), z = stp_exec_value(x, op->in, block);
    if (bn < 0) {
        int add;
        stp_view d_in = stp_exec_grad_target(x, op, 0, op->in, block, &add);
        if (d_in.p)
            x->k->affine_backward(g, z, NULL, NULL, op->relu, d_in, add, NULL);
        return;
    }
    memset(x->sums[block], 0, sizeof(stp_real) * (size_t)(2 * z.c * x->lanes));
    if (x->lies_in[op->out] != op->out)
        sum_in_place(x, op, block);
    else
        x->k->affine_backward(g, z, scale_of(x, bn, block), shift_of(x, bn, block), op->relu,
                              op->relu ? g : stp_exec_no_view(), 0, x->sums[block]);
}

void stp_affine_op_after_backward(stp_exec *x, const stp_op *op) {
    int bn = x->g->tensor[op->in].bn;
    if (bn >= 0)
        stp_bn_gather_pairs(x, bn);
}

// --- mean and linear ------------------------------------------------------------------------------------

void stp_mean_op_forward(stp_exec *x, const stp_op *op, int block) {
    x->k->mean_forward(stp_exec_value(x, op->in, block), stp_exec_value(x, op->out, block).p);
}

void stp_mean_op_backward(stp_exec *x, const stp_op *op, int block) {
    int add;
    stp_view d_in = stp_exec_grad_target(x, op, 0, op->in, block, &add);
    x->k->mean_backward(stp_exec_grad(x, op->out, block).p, d_in, add);
}

long long stp_linear_macs(const stp_graph *g, const stp_op *op) {
    return (long long)g->tensor[op->in].c * g->tensor[op->out].c;
}

void stp_linear_op_forward(stp_exec *x, const stp_op *op, int block) {
    x->k->linear_forward(x->g->tensor[op->in].c, x->g->tensor[op->out].c, stp_exec_value(x, op->in, block).p,
                         x->state->weights + op->weight, x->state->weights + op->bias,
                         stp_exec_value(x, op->out, block).p);
}

void stp_linear_op_backward(stp_exec *x, const stp_op *op, int block) {
    int weights = x->state->grads != NULL, add;
    stp_view d_in =
        stp_exec_grad_target(x, op, 0, op->in, block, &add); // written: nobody else reads the mean
    x->k->linear_backward(x->g->tensor[op->in].c, x->g->tensor[op->out].c, stp_exec_grad(x, op->out, block).p,
                          stp_exec_value(x, op->in, block).p, x->state->weights + op->weight, d_in.p,
                          weights ? x->slot[block] + op->weight : NULL,
                          weights ? x->slot[block] + op->bias : NULL);
}
