#include "quant/lower.h"

#include "graph/registry.h"
#include "quant/fold.h"
#include "quant/origin.h"

#include <stdio.h>
#include <string.h>

typedef struct lowering {
    const stp_graph *g;
    const stp_real *weights, *running;
    stp_int8_net *net;
    int *storage_of; // [graph->tensors]: the int8 storage of a storage there, -1: none yet
    stp_err *err;
} lowering;

static stp_status refuse(const lowering *l, const char *what) {
    return stp_err_set(l->err, STP_ERR_MISMATCH,
                       "%s has no int8 form; only discrete networks can be quantised", what);
}

// --- storages, tensors, operations --------------------------------------------------------------------

static int add_storage(lowering *l, int h, int w, int c) {
    stp_int8_net *net = l->net;
    net->scale[net->scales] = (stp_int8_scale){.scale = 1};
    net->storage[net->storages] = (stp_int8_storage){.h = h, .w = w, .c = c, .scale = net->scales++};
    return net->storages++;
}

static int find_tensor(lowering *l, int storage, int c_first, int c) {
    stp_int8_net *net = l->net;
    for (int i = 0; i < net->tensors; i++)
        if (net->tensor[i].storage == storage && net->tensor[i].c_first == c_first && net->tensor[i].c == c)
            return i;
    net->tensor[net->tensors] = (stp_int8_tensor){storage, c_first, c};
    return net->tensors++;
}

static int tensor_at(lowering *l, const stp_origin *o) {
    const stp_tensor *t = &l->g->tensor[o->storage];
    if (l->storage_of[o->storage] < 0)
        l->storage_of[o->storage] = add_storage(l, t->h, t->w, t->c);
    return find_tensor(l, l->storage_of[o->storage], o->c_first, o->c);
}

static int out_tensor(lowering *l, const stp_op *op) {
    stp_origin o = stp_origin_of(l->g, op->out);
    return tensor_at(l, &o);
}

// The source's scale is the result's: pools only choose among values or average them.
static void tie(lowering *l, int a, int b) {
    stp_int8_net *net = l->net;
    int keep = stp_int8_storage_of(net, a)->scale, drop = stp_int8_storage_of(net, b)->scale;
    for (int i = 0; i < net->storages; i++)
        if (net->storage[i].scale == drop)
            net->storage[i].scale = keep;
}

static int is_name_taken(const stp_int8_net *net, const char *name) {
    for (int i = 0; i < net->ops; i++)
        if (strcmp(net->op[i].name, name) == 0)
            return 1;
    return 0;
}

// By the parameter that holds its weights, else by its kind; numbered where that is taken.
static void name_op(const lowering *l, stp_int8_op *op, int weight) {
    const char *base = stp_int8_kind_name(op->kind);
    for (int i = 0; weight >= 0 && i < l->g->params; i++)
        if (l->g->param[i].offset == weight && l->g->param[i].count > 0)
            base = l->g->param[i].name;
    snprintf(op->name, sizeof op->name, "%s", base);
    for (int n = 2; is_name_taken(l->net, op->name); n++)
        snprintf(op->name, sizeof op->name, "%s_%d", base, n);
}

// weight: the offset of its weights among the graph's parameters, -1: none.
static stp_int8_op *emit(lowering *l, stapes_op_kind kind, int weight, int in, int second, int out) {
    stp_int8_net *net = l->net;
    stp_int8_op *op = &net->op[net->ops];
    *op = (stp_int8_op){.kind = kind,
                        .in = in,
                        .second = second,
                        .out = out,
                        .window = {.k_h = 1, .k_w = 1, .stride_h = 1, .stride_w = 1, .dilation = 1},
                        .weight = net->weights,
                        .channel = net->channels};
    name_op(l, op, weight);
    net->ops++;
    return op;
}

static void give_weights(lowering *l, stp_int8_op *op, int weights, int channels) {
    op->weights = weights;
    op->channels = channels;
    l->net->weights += weights;
    l->net->channels += channels;
}

static int rectifies_result(const lowering *l, const stp_op *op) {
    stp_origin o = stp_origin_of(l->g, op->out);
    return stp_origin_all_rectify(l->g, &o);
}

// For those who cannot rectify what they read: a copy, as the maximum of one value.
static int rectified_copy(lowering *l, int tensor) {
    const stp_int8_storage *s = stp_int8_storage_of(l->net, tensor);
    int c = l->net->tensor[tensor].c, storage = add_storage(l, s->h, s->w, c);
    int copy = find_tensor(l, storage, 0, c);
    tie(l, tensor, copy);
    emit(l, STAPES_MAX_POOL, -1, tensor, -1, copy)->relu_out = 1;
    return copy;
}

// The tensor that an operation reads as its index-th source. relu_in: where to note that it has to rectify
// it; NULL: it cannot.
static int read_tensor(lowering *l, const stp_op *op, int index, int *relu_in) {
    stp_origin o = stp_origin_read(l->g, op, index);
    int tensor = tensor_at(l, &o), due = o.rectified && !stp_origin_is_rectified(l->g, &o);
    if (relu_in)
        *relu_in = due;
    return due && !relu_in ? rectified_copy(l, tensor) : tensor;
}

// --- one function for each operation of the registry ----------------------------------------------------

static stp_status lower_conv(lowering *l, const stp_op *op) {
    const stp_window *w = &op->window;
    int relu_in, in = read_tensor(l, op, 0, &relu_in), out = out_tensor(l, op);
    int plain = w->k_h * w->k_w == 1 && w->stride_h * w->stride_w == 1 && !w->pad_top && !w->pad_left;
    int c = l->g->tensor[op->in].c, m = l->g->tensor[op->out].c;
    stp_int8_op *to = emit(l, plain ? STAPES_POINTWISE : STAPES_CONV, op->weight, in, -1, out);
    to->window = *w;
    to->relu_in = relu_in;
    to->relu_out = rectifies_result(l, op);
    give_weights(l, to, m * c * w->k_h * w->k_w, m);
    stp_fold_dense(l->net, to, l->g, op, op->weight, l->weights, l->running);
    return STP_OK;
}

static stp_status lower_dwpw(lowering *l, const stp_op *op) {
    const stp_tensor *from = &l->g->tensor[op->in], *to = &l->g->tensor[op->out];
    int relu_in, in = read_tensor(l, op, 0, &relu_in), out = out_tensor(l, op), two = op->pointwise >= 0;
    int between = two ? find_tensor(l, add_storage(l, to->h, to->w, from->c), 0, from->c) : out;
    stp_int8_op *first = emit(l, STAPES_DEPTHWISE, op->weight, in, -1, between);
    first->window = op->window;
    first->relu_in = relu_in;
    first->relu_out = !two && rectifies_result(l, op);
    give_weights(l, first, from->c * op->window.k_h * op->window.k_w, from->c);
    stp_fold_depthwise(l->net, first, l->g, op, !two, l->weights, l->running);
    if (!two)
        return STP_OK;
    stp_int8_op *second = emit(l, STAPES_POINTWISE, op->pointwise, between, -1, out);
    second->relu_out = rectifies_result(l, op);
    give_weights(l, second, from->c * to->c, to->c);
    stp_fold_dense(l->net, second, l->g, op, op->pointwise, l->weights, l->running);
    return STP_OK;
}

static stp_status lower_pool(lowering *l, const stp_op *op) {
    int in = read_tensor(l, op, 0, NULL), out = out_tensor(l, op);
    stapes_op_kind kind = op->pool == STP_POOL_MAX ? STAPES_MAX_POOL : STAPES_AVERAGE_POOL;
    stp_int8_op *to = emit(l, kind, -1, in, -1, out);
    to->window = op->window;
    to->relu_out = rectifies_result(l, op);
    tie(l, in, out);
    return STP_OK;
}

// Folded away: origin.h sees through it.
static stp_status lower_affine(lowering *l, const stp_op *op) {
    (void)l;
    (void)op;
    return STP_OK;
}

static stp_status lower_mix(lowering *l, const stp_op *op) {
    const stp_mix_term *term = &l->g->term[op->term_first];
    if (op->terms != 2 || term[0].coef >= 0 || term[1].coef >= 0)
        return refuse(l, "a weighted sum");
    int a = read_tensor(l, op, 0, NULL), b = read_tensor(l, op, 1, NULL);
    stp_int8_op *to = emit(l, STAPES_ADD, -1, a, b, out_tensor(l, op));
    to->relu_out = rectifies_result(l, op);
    give_weights(l, to, 0, 3);
    return STP_OK;
}

static stp_status lower_mean(lowering *l, const stp_op *op) {
    const stp_tensor *from = &l->g->tensor[op->in];
    int in = read_tensor(l, op, 0, NULL), out = out_tensor(l, op);
    stp_int8_op *to = emit(l, STAPES_AVERAGE_POOL, -1, in, -1, out);
    to->window.k_h = from->h;
    to->window.k_w = from->w;
    to->relu_out = rectifies_result(l, op);
    tie(l, in, out);
    return STP_OK;
}

static stp_status lower_linear(lowering *l, const stp_op *op) {
    int in = read_tensor(l, op, 0, NULL), out = out_tensor(l, op);
    int c = l->g->tensor[op->in].c, m = l->g->tensor[op->out].c;
    stp_int8_op *to = emit(l, STAPES_FULLY_CONNECTED, op->weight, in, -1, out);
    give_weights(l, to, c * m, m);
    to->relu_out = rectifies_result(l, op);
    stp_fold_dense(l->net, to, l->g, op, op->weight, l->weights, l->running);
    return STP_OK;
}

// The int8 column of the operations' table (graph/registry.c).
static stp_status (*const lower_row[STP_OP_KINDS])(lowering *, const stp_op *) = {
    [STP_OP_CONV] = lower_conv,     [STP_OP_DWPW] = lower_dwpw, [STP_OP_POOL] = lower_pool,
    [STP_OP_AFFINE] = lower_affine, [STP_OP_MIX] = lower_mix,   [STP_OP_MEAN] = lower_mean,
    [STP_OP_LINEAR] = lower_linear,
};

// --- the whole ---------------------------------------------------------------------------------------------

// Batch norm is folded into weights, so what makes a normalised tensor must have some.
static int folds_nowhere(const stp_graph *g, const stp_op *op) {
    int weighted = op->kind == STP_OP_CONV || op->kind == STP_OP_DWPW || op->kind == STP_OP_LINEAR;
    return !weighted && g->tensor[g->tensor[op->out].storage].bn >= 0;
}

// Before anything is built: what a discrete network cannot have, and what nn.h cannot count.
static stp_status check(const lowering *l) {
    if (l->g->input_count != 1 || l->g->coefs > 0 || l->g->tensor[l->g->inputs[0]].bn >= 0)
        return refuse(l, "a supernet");
    for (int i = 0; i < l->g->tensors; i++) {
        const stp_tensor *t = &l->g->tensor[i];
        if (t->c_step != 1)
            return refuse(l, "a channel shuffle");
        if (t->h > 65535 || t->w > 65535 || t->c > 65535)
            return refuse(l, "a map of more than 65535 rows, columns or channels");
    }
    for (int i = 0; i < l->g->ops; i++) {
        const stp_op *op = &l->g->op[i];
        if (folds_nowhere(l->g, op))
            return refuse(l, "batch norm of what no weights make");
        const stp_tensor *map = &l->g->tensor[op->in >= 0 ? op->in : op->out];
        if (op->window.k_h > 255 || op->window.k_w > 255 ||
            (op->kind == STP_OP_MEAN && (map->h > 255 || map->w > 255)))
            return stp_err_set(l->err, STP_ERR_MISMATCH,
                               "the network averages over a map of %d x %d, and a device counts to 255 "
                               "only; take a shorter --clip-ms or a longer hop",
                               map->h, map->w);
    }
    return STP_OK;
}

static int take_memory(lowering *l, stp_arena *arena) {
    const stp_graph *g = l->g;
    stp_int8_net *net = l->net = stp_arena_alloc(arena, sizeof *net);
    if (!net)
        return 0;
    int ops = 4 * g->ops, storages = g->tensors + 4 * g->ops + 1; // two copies an operation at most
    net->arena = arena;
    net->op = STP_ARENA_ARRAY(arena, stp_int8_op, ops);
    net->tensor = STP_ARENA_ARRAY(arena, stp_int8_tensor, 3 * ops + 1);
    net->storage = STP_ARENA_ARRAY(arena, stp_int8_storage, storages);
    net->scale = STP_ARENA_ARRAY(arena, stp_int8_scale, storages);
    int channels = 3 * g->ops;
    for (int i = 0; i < g->ops; i++)
        channels += g->tensor[g->op[i].out].c + (g->op[i].in >= 0 ? g->tensor[g->op[i].in].c : 0);
    net->weight = STP_ARENA_ARRAY(arena, float, g->weights);
    net->weight_q = STP_ARENA_ARRAY(arena, int8_t, g->weights);
    net->bias = STP_ARENA_ARRAY(arena, float, channels);
    net->weight_scale = STP_ARENA_ARRAY(arena, float, channels);
    net->bias_q = STP_ARENA_ARRAY(arena, int32_t, channels);
    net->multiplier = STP_ARENA_ARRAY(arena, int32_t, channels);
    net->shift = STP_ARENA_ARRAY(arena, int8_t, channels);
    return net->op && net->tensor && net->storage && net->scale && net->weight && net->weight_q &&
           net->bias && net->weight_scale && net->bias_q && net->multiplier && net->shift;
}

// Scales without a storage are gone since they were tied: number the others anew.
static void compact_scales(stp_int8_net *net) {
    int used = 0;
    for (int old = 0; old < net->scales; old++) {
        int found = 0;
        for (int i = 0; i < net->storages; i++)
            if (net->storage[i].scale == old) {
                net->storage[i].scale = used;
                found = 1;
            }
        used += found;
    }
    net->scales = used;
}

static void note_positive(stp_int8_net *net) {
    for (int i = 0; i < net->scales; i++)
        net->scale[i].positive = i != stp_int8_storage_of(net, net->input)->scale;
    for (int i = 0; i < net->ops; i++)
        if (!net->op[i].relu_out && net->op[i].kind != STAPES_MAX_POOL &&
            net->op[i].kind != STAPES_AVERAGE_POOL)
            net->scale[stp_int8_storage_of(net, net->op[i].out)->scale].positive = 0;
}

static stp_status lower(lowering *l) {
    stp_origin input = stp_origin_of(l->g, l->g->inputs[0]);
    l->net->input = tensor_at(l, &input);
    for (int i = 0; i < l->g->ops; i++)
        STP_TRY(lower_row[l->g->op[i].kind](l, &l->g->op[i]));
    stp_origin output = stp_origin_of(l->g, l->g->output);
    if (output.rectified)
        return refuse(l, "a rectified output");
    l->net->output = tensor_at(l, &output);
    compact_scales(l->net);
    note_positive(l->net);
    return STP_OK;
}

stp_status stp_int8_lower(stp_int8_net **net, const stp_graph *graph, const stp_real *weights,
                          const stp_real *running, stp_err *err) {
    lowering l = {.g = graph, .weights = weights, .running = running, .err = err};
    STP_TRY(check(&l));
    stp_arena *arena = stp_arena_create();
    l.storage_of = stp_alloc(sizeof *l.storage_of * (size_t)graph->tensors);
    stp_status status = STP_OK;
    if (!arena || !l.storage_of || !take_memory(&l, arena))
        status = stp_err_memory(err, "an int8 network", sizeof(float) * (unsigned long long)graph->weights);
    for (int i = 0; status == STP_OK && i < graph->tensors; i++)
        l.storage_of[i] = -1;
    if (status == STP_OK)
        status = lower(&l);
    stp_free(l.storage_of);
    if (status != STP_OK) {
        stp_arena_destroy(arena);
        return status;
    }
    *net = l.net;
    return STP_OK;
}
