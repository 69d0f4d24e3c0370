#include "graph/census.h"

#include "graph/plan.h"
#include "graph/registry.h"

#include <stdio.h>
#include <string.h>

// --- layers by kind -----------------------------------------------------------------------------------

typedef struct census {
    stp_layer_kind *kinds;
    int count, most;
} census;

static void add_layer(census *c, const char *name, long long macs, long long parameters) {
    int i = 0;
    while (i < c->count && strcmp(c->kinds[i].name, name) != 0)
        i++;
    if (i == c->most)
        return;
    stp_layer_kind *kind = &c->kinds[i];
    if (i == c->count) {
        *kind = (stp_layer_kind){.count = 0};
        snprintf(kind->name, sizeof kind->name, "%s", name);
        c->count++;
    }
    kind->count++;
    kind->macs += macs;
    kind->parameters += parameters;
}

// Biases that a layer is left with: its own, or those of the batch norm folded into it.
static long long biases_of(const stp_graph *g, const stp_op *op) {
    const stp_tensor *out = &g->tensor[op->out];
    return (op->bias >= 0 ? out->c : 0) + (g->tensor[out->storage].bn >= 0 ? out->c : 0);
}

static void name_window(char name[48], const char *what, const stp_window *w) {
    snprintf(name, 48, "%s %dx%d%s%s", what, w->k_h, w->k_w, w->dilation > 1 ? " dilated" : "",
             w->stride_h > 1 || w->stride_w > 1 ? " stride 2" : "");
}

static void add_conv(census *c, const stp_graph *g, const stp_op *op) {
    const stp_window *w = &op->window;
    char name[48];
    name_window(name, "conv", w);
    int pointwise = w->k_h * w->k_w == 1 && w->stride_h * w->stride_w == 1;
    long long weights = (long long)g->tensor[op->out].c * g->tensor[op->in].c * w->k_h * w->k_w;
    add_layer(c, pointwise ? "pointwise" : name, stp_op_registry[op->kind].macs(g, op),
              weights + biases_of(g, op));
}

static void add_dwpw(census *c, const stp_graph *g, const stp_op *op) {
    const stp_window *w = &op->window;
    const stp_tensor *out = &g->tensor[op->out];
    char name[48];
    name_window(name, "depthwise", w);
    long long weights = (long long)g->tensor[op->in].c * w->k_h * w->k_w;
    long long macs = weights * out->h * out->w, all = stp_op_registry[op->kind].macs(g, op);
    int alone = op->pointwise < 0;
    add_layer(c, name, macs, weights + (alone ? biases_of(g, op) : 0));
    if (!alone)
        add_layer(c, "pointwise", all - macs, (long long)g->tensor[op->in].c * out->c + biases_of(g, op));
}

static void add_op_layers(census *c, const stp_graph *g, const stp_op *op) {
    char name[48];
    switch (op->kind) {
    case STP_OP_CONV:
        add_conv(c, g, op);
        return;
    case STP_OP_DWPW:
        add_dwpw(c, g, op);
        return;
    case STP_OP_POOL:
        name_window(name, op->pool == STP_POOL_MAX ? "max pool" : "average pool", &op->window);
        add_layer(c, name, 0, biases_of(g, op));
        return;
    case STP_OP_MIX:
        add_layer(c, op->terms == 2 ? "add" : "weighted sum", 0, 0);
        return;
    case STP_OP_MEAN:
        add_layer(c, "global average", 0, 0);
        return;
    case STP_OP_LINEAR:
        add_layer(c, "fully connected", stp_op_registry[op->kind].macs(g, op),
                  (long long)g->tensor[op->in].c * g->tensor[op->out].c + biases_of(g, op));
        return;
    default: // affine: folded
        return;
    }
}

int stp_graph_layers(const stp_graph *g, stp_layer_kind *kinds, int most) {
    census c = {.kinds = kinds, .most = most};
    for (int i = 0; i < g->ops; i++)
        add_op_layers(&c, g, &g->op[i]);
    return c.count;
}

// --- memory --------------------------------------------------------------------------------------------

// The storage where a tensor's values lie once affine operations are folded away.
static int home_of(const stp_graph *g, int tensor) {
    for (;;) {
        int storage = g->tensor[tensor].storage, maker = g->tensor[storage].maker;
        if (maker < 0 || g->op[maker].kind != STP_OP_AFFINE)
            return storage;
        tensor = g->op[maker].in;
    }
}

static size_t values_of(const stp_tensor *t) {
    return (size_t)t->c * (size_t)t->h * (size_t)t->w;
}

// Two steps an operation: depthwise and pointwise are layers of their own on a device, with a whole tensor
// (`between`) from one to the other.
static void touch_op(const stp_graph *g, int id, stp_plan_item *items, stp_plan_item *between) {
    const stp_op *op = &g->op[id];
    if (op->kind == STP_OP_AFFINE)
        return;
    int two = op->kind == STP_OP_DWPW && op->pointwise >= 0;
    for (int s = 0, t; (t = stp_op_registry[op->kind].sources(g, op, s)) >= 0; s++)
        stp_plan_touch(&items[home_of(g, t)], 2 * id);
    stp_plan_touch(&items[home_of(g, op->out)], 2 * id + two);
    if (!two)
        return;
    const stp_tensor *out = &g->tensor[op->out];
    between->size = (size_t)g->tensor[op->in].c * (size_t)out->h * (size_t)out->w;
    stp_plan_touch(between, 2 * id);
    stp_plan_touch(between, 2 * id + 1);
}

static int list_lifetimes(const stp_graph *g, stp_plan_item *items) {
    int all = g->tensors + g->ops, used = 0;
    for (int i = 0; i < all; i++)
        items[i] = (stp_plan_item){.size = i < g->tensors ? values_of(&g->tensor[i]) : 0, .last = -1};
    for (int i = 0; i < g->input_count; i++)
        stp_plan_touch(&items[g->inputs[i]], 0); // all features lie there before the network starts
    for (int i = 0; i < g->ops; i++)
        touch_op(g, i, items, &items[g->tensors + i]);
    stp_plan_touch(&items[home_of(g, g->output)], 2 * g->ops);
    for (int i = 0; i < all; i++)
        if (items[i].last >= items[i].first)
            items[used++] = items[i];
    return used;
}

stp_status stp_graph_footprint(const stp_graph *g, stp_footprint *f, stp_err *err) {
    *f = (stp_footprint){.biases = 0};
    for (int i = 0; i < g->params; i++) {
        f->weights += g->param[i].kind == STP_PARAM_WEIGHT ? g->param[i].count : 0;
        f->biases += g->param[i].kind == STP_PARAM_BIAS ? g->param[i].count : 0;
    }
    for (int i = 0; i < g->bns; i++)
        f->biases += g->bn[i].channels;
    size_t all = (size_t)g->tensors + (size_t)g->ops;
    stp_plan_item *items = stp_alloc(sizeof *items * all);
    int *scratch = stp_alloc(sizeof *scratch * 2 * all);
    stp_status status = STP_OK;
    if (items && scratch) {
        int used = list_lifetimes(g, items);
        f->activations_bound = stp_plan_lower_bound(items, used);
        f->activations = stp_plan_greedy(items, used, scratch);
    } else {
        status = stp_err_memory(err, "a memory plan", sizeof *items * all);
    }
    stp_free(items);
    stp_free(scratch);
    return status;
}
