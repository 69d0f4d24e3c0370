#include "quant/twin.h"

#include "quant/quantise.h"

#include <math.h>
#include <string.h>

typedef struct building {
    stp_twin *twin;
    const stp_int8_net *net;
    stp_graph *g;
    int *storage; // [net->storages]: graph tensor, -1: not made yet
} building;

// --- tensors --------------------------------------------------------------------------------------

static int is_whole(const stp_int8_net *net, int tensor) {
    return net->tensor[tensor].c == stp_int8_storage_of(net, tensor)->c;
}

static int view_of(building *b, int tensor) {
    const stp_int8_tensor *t = &b->net->tensor[tensor];
    int storage = b->storage[t->storage];
    return is_whole(b->net, tensor) ? storage : stp_graph_view(b->g, storage, t->c_first, 1, t->c);
}

// Where a result goes: -1 for a tensor of its own, else the slice.
static int place_for(building *b, int tensor) {
    const stp_int8_tensor *t = &b->net->tensor[tensor];
    const stp_int8_storage *s = stp_int8_storage_of(b->net, tensor);
    if (is_whole(b->net, tensor))
        return -1;
    if (b->storage[t->storage] < 0)
        b->storage[t->storage] = stp_graph_tensor(b->g, s->c, s->h, s->w);
    return view_of(b, tensor);
}

// The last operation made writes `tensor`, as graph tensor `made`.
static void note(building *b, int tensor, int made, int fresh) {
    stp_twin *twin = b->twin;
    int op = b->g->ops - 1;
    if (is_whole(b->net, tensor))
        b->storage[b->net->tensor[tensor].storage] = made;
    twin->scale[op] = stp_int8_storage_of(b->net, tensor)->scale;
    twin->fresh[op] = fresh;
}

// --- operations -----------------------------------------------------------------------------------

static int build_weighted(building *b, const stp_int8_op *op) {
    const stp_int8_storage *out = stp_int8_storage_of(b->net, op->out);
    int in = view_of(b, op->in), c = b->net->tensor[op->out].c;
    const stp_window *w = &op->window;
    if (op->kind == STAPES_FULLY_CONNECTED)
        return stp_graph_linear(b->g, in, c);
    if (op->kind != STAPES_DEPTHWISE)
        return stp_graph_conv(b->g, in, c, *w, out->h, out->w, op->relu_in, 1, place_for(b, op->out));
    int reach = w->k_h / 2 * w->dilation;
    int padded = stp_graph_affine(b->g, in, op->relu_in, reach, 1);
    b->twin->scale[b->g->ops - 1] = -1;
    return stp_graph_dwpw(b->g, padded, c, w->k_h, w->stride_h, w->dilation, 0, 1);
}

static int build_pool(building *b, const stp_int8_op *op) {
    const stp_int8_storage *s = stp_int8_storage_of(b->net, op->in);
    const stp_window *w = &op->window;
    int in = view_of(b, op->in);
    stp_pool_kind kind = op->kind == STAPES_MAX_POOL ? STP_POOL_MAX : STP_POOL_AVG;
    if (kind == STP_POOL_AVG && w->k_h == s->h && w->k_w == s->w && !w->pad_top && !w->pad_left)
        return stp_graph_mean(b->g, in);
    return stp_graph_pool(b->g, kind, in, w->k_h, w->stride_h);
}

static int build_add(building *b, const stp_int8_op *op) {
    stp_mix_term terms[2] = {{.tensor = view_of(b, op->in), .coef = -1},
                             {.tensor = view_of(b, op->second), .coef = -1}};
    return stp_graph_mix(b->g, terms, 2, place_for(b, op->out));
}

static void build_op(building *b, int id) {
    const stp_int8_op *op = &b->net->op[id];
    stp_twin *twin = b->twin;
    int weighted = stp_int8_is_weighted(op->kind);
    int made = weighted                 ? build_weighted(b, op)
               : op->kind == STAPES_ADD ? build_add(b, op)
                                        : build_pool(b, op);
    note(b, op->out, made, weighted || op->kind == STAPES_ADD);
    const stp_op *last = &b->g->op[b->g->ops - 1];
    twin->weight_at[id] = last->weight;
    twin->bias_at[id] = last->bias;
    if (op->relu_out)
        twin->rounding[b->g->ops - 1] = (stp_rounding){.on = 1, .low = 0, .high = (stp_real)INFINITY};
}

static void build_input(building *b) {
    const stp_int8_storage *s = stp_int8_storage_of(b->net, b->net->input);
    int in = stp_graph_input(b->g, s->c, s->h, s->w);
    note(b, b->net->input, stp_graph_affine(b->g, in, 0, 0, 0), 1); // a copy that can be rounded
}

// --- weights: [m][k_h][k_w][c] and [k_h][k_w][c] here, [m][c][k_h][k_w] and [c][k_h][k_w] in the graph

static int graph_place(const stp_int8_op *op, int channel, int i) {
    int count = op->weights / op->channels, taps = op->window.k_h * op->window.k_w, c = count / taps;
    if (op->kind == STAPES_DEPTHWISE)
        return channel * count + i;
    return channel * count + i % c * taps + i / c;
}

static void copy_op(const stp_twin *twin, stp_int8_net *into, const stp_int8_net *from, int id) {
    const stp_int8_op *op = &twin->net->op[id];
    for (int m = 0; m < op->channels; m++) {
        stp_int8_kernel k = stp_int8_kernel_of(op, m);
        for (int i = 0; i < k.count; i++) {
            stp_real *at = &twin->weights[twin->weight_at[id] + graph_place(op, m, i)];
            if (into)
                into->weight[k.first + i * k.stride] = (float)*at;
            else
                *at = (stp_real)from->weight[k.first + i * k.stride];
        }
        stp_real *bias = &twin->weights[twin->bias_at[id] + m];
        if (into)
            into->bias[op->channel + m] = (float)*bias;
        else
            *bias = (stp_real)from->bias[op->channel + m];
    }
}

void stp_twin_give(const stp_twin *twin, stp_int8_net *net) {
    for (int i = 0; i < net->ops; i++)
        if (stp_int8_is_weighted(net->op[i].kind))
            copy_op(twin, net, NULL, i);
}

// --- the whole ------------------------------------------------------------------------------------

static int take_memory(stp_twin *twin, const stp_int8_net *net) {
    int ops = 2 * net->ops + 1; // a padded copy before each at most, and the input's
    twin->rounding = STP_ARENA_ARRAY(twin->arena, stp_rounding, ops);
    twin->scale = STP_ARENA_ARRAY(twin->arena, int, ops);
    twin->fresh = STP_ARENA_ARRAY(twin->arena, int, ops);
    twin->weight_at = STP_ARENA_ARRAY(twin->arena, int, net->ops);
    twin->bias_at = STP_ARENA_ARRAY(twin->arena, int, net->ops);
    return twin->rounding && twin->scale && twin->fresh && twin->weight_at && twin->bias_at;
}

static stp_status build(stp_twin *twin, stp_err *err) {
    const stp_int8_net *net = twin->net;
    STP_TRY(stp_graph_create(&twin->graph, err));
    building b = {.twin = twin,
                  .net = net,
                  .g = twin->graph,
                  .storage = STP_ARENA_ARRAY(twin->arena, int, net->storages)};
    if (!b.storage || !take_memory(twin, net))
        return stp_err_memory(err, "the float twin of an int8 network", 0);
    for (int i = 0; i < net->storages; i++)
        b.storage[i] = -1;
    build_input(&b);
    for (int i = 0; i < net->ops; i++) {
        stp_graph_scope(b.g, "op%d.", i);
        build_op(&b, i);
    }
    STP_TRY(stp_graph_finish(b.g, view_of(&b, net->output), err));
    twin->weights = STP_ARENA_ARRAY(twin->arena, stp_real, b.g->weights);
    if (!twin->weights)
        return stp_err_memory(err, "the float twin of an int8 network",
                              sizeof(stp_real) * (unsigned long long)b.g->weights);
    for (int i = 0; i < net->ops; i++)
        if (stp_int8_is_weighted(net->op[i].kind))
            copy_op(twin, NULL, net, i);
    return STP_OK;
}

stp_status stp_twin_create(stp_twin **out, const stp_int8_net *net, stp_err *err) {
    stp_arena *arena = stp_arena_create();
    stp_twin *twin = arena ? stp_arena_alloc(arena, sizeof *twin) : NULL;
    if (!twin) {
        stp_arena_destroy(arena);
        return stp_err_memory(err, "the float twin of an int8 network", sizeof *twin);
    }
    twin->arena = arena;
    twin->net = net;
    stp_status status = build(twin, err);
    if (status != STP_OK) {
        stp_twin_destroy(twin);
        return status;
    }
    *out = twin;
    return STP_OK;
}

void stp_twin_destroy(stp_twin *twin) {
    if (!twin)
        return;
    stp_graph_destroy(twin->graph);
    stp_arena_destroy(twin->arena);
}

// --- rounding -------------------------------------------------------------------------------------

void stp_twin_round_results(stp_twin *twin) {
    for (int i = 0; i < twin->graph->ops; i++) {
        if (twin->scale[i] < 0)
            continue;
        const stp_int8_scale *s = &twin->net->scale[twin->scale[i]];
        stp_rounding *r = &twin->rounding[i];
        int rectifies = r->on && r->low >= 0;
        *r = (stp_rounding){.on = 1,
                            .step = (stp_real)s->scale,
                            .low = (stp_real)(rectifies ? 0 : s->low),
                            .high = (stp_real)s->high};
    }
}

static stp_real most_of(const stp_real *w, int count) {
    stp_real most = 0;
    for (int i = 0; i < count; i++) {
        stp_real magnitude = w[i] < 0 ? -w[i] : w[i];
        most = magnitude > most ? magnitude : most;
    }
    return most;
}

static void round_block(const stp_real *w, int count, stp_real *rounded) {
    double scale = (double)stp_int8_weight_scale((double)most_of(w, count));
    for (int i = 0; i < count; i++)
        rounded[i] = (stp_real)(scale * round((double)w[i] / scale));
}

void stp_twin_round_weights(const stp_twin *twin, const stp_real *weights, stp_real *rounded) {
    memcpy(rounded, weights, sizeof *rounded * (size_t)twin->graph->weights);
    for (int i = 0; i < twin->net->ops; i++) {
        const stp_int8_op *op = &twin->net->op[i];
        if (!stp_int8_is_weighted(op->kind))
            continue;
        int blocks = op->kind == STAPES_FULLY_CONNECTED ? 1 : op->channels, count = op->weights / blocks;
        for (int m = 0; m < blocks; m++) {
            long at = twin->weight_at[i] + (long)m * count;
            round_block(weights + at, count, rounded + at);
        }
    }
}
