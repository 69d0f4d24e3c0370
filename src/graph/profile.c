#include "graph/profile.h"

#include "graph/exec_internal.h"
#include "kernel/work.h"

// How often a source's gradient goes by.
static int grad_passes(const stp_exec *x, const stp_op *op, int source) {
    static const int passes[] = {
        [STP_GRAD_NONE] = 0, [STP_GRAD_WRITE] = 1, [STP_GRAD_ADD] = 2, [STP_GRAD_ZERO_ADD] = 3};
    return passes[x->grad_mode[op - x->g->op][source]];
}

// What an affine goes over: channels that mixes alone read are left as they are, and the gradient of a
// batch-normed tensor is masked where it lies.
static void fit_affine(const stp_exec *x, const stp_op *op, int backward, stp_pass_size *size) {
    int bn = x->g->tensor[op->in].bn;
    if (bn >= 0)
        size->d_in = backward && op->relu;
    if (x->lies_in[op->out] == op->out)
        return;
    size->c = size->d_in = 0;
    for (int c = 0; c < x->g->bn[bn].channels; c++)
        size->c += x->bn[bn].normalised[c];
}

static stp_pass_size size_of(const stp_exec *x, const stp_op *op, int backward) {
    const stp_tensor *out = &x->g->tensor[op->out], *in = op->in < 0 ? out : &x->g->tensor[op->in];
    const stp_window *w = &op->window;
    int whole = op->kind == STP_OP_MEAN, windowed = w->k_h > 0;
    stp_pass_size size = {.c = in->c,
                          .h = in->h,
                          .w = in->w,
                          .m = out->c,
                          .out_h = out->h,
                          .out_w = out->w,
                          .k_h = windowed ? w->k_h
                                 : whole  ? in->h
                                          : 1,
                          .k_w = windowed ? w->k_w
                                 : whole  ? in->w
                                          : 1,
                          .d_in = backward && op->kind != STP_OP_MIX ? grad_passes(x, op, 0) : 0};
    if (op->kind == STP_OP_AFFINE)
        fit_affine(x, op, backward, &size);
    return size;
}

static void add(stp_profile_row *row, stp_pass pass, const stp_pass_size *size) {
    row->flops += stp_pass_flops(pass, size);
    row->bytes += stp_pass_bytes(pass, size);
}

// --- mixes ---------------------------------------------------------------------------------------------

static void count_mix_forward(const stp_exec *x, const stp_op *op, stp_profile_row *row) {
    stp_pass_size size = size_of(x, op, 0);
    size.m = x->current->to - x->current->from;
    size.d_in = x->current->from > 0; // its result so far
    add(row, STP_PASS_MIX_FORWARD, &size);
}

// The gradient of one term, made of that of `mixes` of them.
static void count_gift(const stp_exec *x, const stp_op *op, int term, int mixes, stp_profile_row *row) {
    stp_pass_size size = size_of(x, op, 1);
    size.m = mixes;
    size.d_in = grad_passes(x, op, term);
    if (size.d_in)
        add(row, STP_PASS_MIX_GIVE, &size);
}

static void count_gather(const stp_exec *x, const stp_op *op, const stp_mix_gather *gather,
                         stp_profile_row *row) {
    stp_pass_size size = size_of(x, op, 1);
    size.m = gather->readers;
    add(row, STP_PASS_MIX_GATHER, &size);
    if (stp_exec_sums_term(x, op, gather->term))
        add(row, STP_PASS_MIX_SUM, &size);
    count_gift(x, op, gather->term, gather->readers, row);
}

static void count_mix_backward(const stp_exec *x, const stp_op *op, stp_profile_row *row) {
    const stp_mix_run *run = &x->mix[op - x->g->op];
    stp_pass_size size = size_of(x, op, 1);
    size.m = 0;
    for (int k = 0; k < run->keeps; k++) {
        size.m += stp_exec_sums_term(x, op, run->kept[k]);
        count_gift(x, op, run->kept[k], 1, row);
    }
    add(row, STP_PASS_MIX_BACKWARD, &size);
    for (int k = 0; k < run->gathers; k++)
        count_gather(x, op, &run->gather[k], row);
}

// What a mix owes to one term, the result of `maker`.
static void count_dot(const stp_exec *x, const stp_op *maker, stp_profile_row *row) {
    stp_pass_size size = size_of(x, &x->g->op[x->dotted[maker - x->g->op]], 1);
    size.m = 1;
    add(row, STP_PASS_MIX_BACKWARD, &size);
}

// --- the others ----------------------------------------------------------------------------------------

typedef struct op_passes {
    stp_pass forward, backward, backward_w; // backward_w: with the weights' gradients
} op_passes;

static op_passes passes_of(const stp_exec *x, const stp_op *op) {
    switch (op->kind) {
    case STP_OP_CONV:
        return (op_passes){STP_PASS_CONV_FORWARD, STP_PASS_CONV_BACKWARD,
                           grad_passes(x, op, 0) ? STP_PASS_CONV_BACKWARD_W : STP_PASS_CONV_ONLY_W};
    case STP_OP_DWPW:
        if (op->pointwise < 0)
            return (op_passes){STP_PASS_DW_FORWARD, STP_PASS_DW_BACKWARD, STP_PASS_DW_BACKWARD_W};
        return (op_passes){STP_PASS_DWPW_FORWARD,
                           x->rectifies[op - x->g->op] >= 0 ? STP_PASS_DWPW_BACKWARD_RECTIFIED
                                                            : STP_PASS_DWPW_BACKWARD,
                           STP_PASS_DWPW_BACKWARD_W};
    case STP_OP_POOL:
        if (op->pool == STP_POOL_MAX)
            return (op_passes){STP_PASS_MAXPOOL_FORWARD, STP_PASS_MAXPOOL_BACKWARD,
                               STP_PASS_MAXPOOL_BACKWARD};
        return (op_passes){STP_PASS_AVGPOOL_FORWARD, STP_PASS_AVGPOOL_BACKWARD, STP_PASS_AVGPOOL_BACKWARD};
    case STP_OP_AFFINE:
        return (op_passes){STP_PASS_AFFINE_FORWARD, STP_PASS_AFFINE_BACKWARD, STP_PASS_AFFINE_BACKWARD};
    case STP_OP_MEAN:
        return (op_passes){STP_PASS_MEAN_FORWARD, STP_PASS_MEAN_BACKWARD, STP_PASS_MEAN_BACKWARD};
    default:
        return (op_passes){STP_PASS_LINEAR_FORWARD, STP_PASS_LINEAR_BACKWARD, STP_PASS_LINEAR_BACKWARD_W};
    }
}

static void count_passes(const stp_exec *x, const stp_op *op, int backward, stp_profile_row *row) {
    const stp_pass_size size = size_of(x, op, backward);
    const op_passes passes = passes_of(x, op);
    const int weights = x->state->grads != NULL;
    if (!backward)
        add(row, passes.forward, &size);
    else if (op->kind != STP_OP_CONV || size.d_in || weights) // else nobody wants anything of it
        add(row, weights ? passes.backward_w : passes.backward, &size);
}

// Of one clip.
static void count(const stp_exec *x, const stp_step *step, stp_profile_row *row) {
    const stp_op *op = &x->g->op[step->op];
    const int backward = step->kind == STP_STEP_BACKWARD;
    if (step->kind == STP_STEP_DOT)
        count_dot(x, op, row);
    else if (op->kind == STP_OP_MIX && backward)
        count_mix_backward(x, op, row);
    else if (op->kind == STP_OP_MIX)
        count_mix_forward(x, op, row);
    else
        count_passes(x, op, backward, row);
}

void stp_exec_profile_step(stp_exec *x, double seconds) {
    static const stp_profile_phase phases[] = {[STP_STEP_FORWARD] = STP_PROFILE_FORWARD,
                                               [STP_STEP_AGAIN] = STP_PROFILE_AGAIN,
                                               [STP_STEP_DOT] = STP_PROFILE_BACKWARD,
                                               [STP_STEP_BACKWARD] = STP_PROFILE_BACKWARD};
    const stp_step *step = x->current;
    const double clips = (double)x->used_groups * (double)x->group_samples;
    const stp_op_kind kind = step->kind == STP_STEP_DOT ? STP_OP_MIX : x->g->op[step->op].kind;
    stp_profile_row one = {0}, *row = &x->state->profile->row[kind][phases[step->kind]];
    count(x, step, &one);
    row->seconds += seconds;
    row->flops += clips * one.flops;
    row->bytes += clips * one.bytes;
}
