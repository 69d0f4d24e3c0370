#include "graph/graph.h"

#include "base/rng.h"
#include "graph/registry.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Room for 64 cells of the search space, the most an option allows.
enum { MAX_TENSORS = 32768, MAX_OPS = 24576, MAX_TERMS = 49152, MAX_PARAMS = 24576, MAX_BNS = 16384 };
enum { MAX_WEIGHTS = 1 << 29 }; // two gigabytes of them; offsets are ints

stp_status stp_graph_create(stp_graph **out, stp_err *err) {
    stp_arena *arena = stp_arena_create();
    stp_graph *g = arena ? stp_arena_alloc(arena, sizeof *g) : NULL;
    if (g) {
        g->arena = arena;
        g->output = -1;
        g->tensor = STP_ARENA_ARRAY(arena, stp_tensor, MAX_TENSORS);
        g->bn = STP_ARENA_ARRAY(arena, stp_bn, MAX_BNS);
        g->op = STP_ARENA_ARRAY(arena, stp_op, MAX_OPS);
        g->term = STP_ARENA_ARRAY(arena, stp_mix_term, MAX_TERMS);
        g->param = STP_ARENA_ARRAY(arena, stp_param, MAX_PARAMS);
    }
    if (!g || !g->tensor || !g->bn || !g->op || !g->term || !g->param) {
        stp_arena_destroy(arena);
        return stp_err_memory(err, "a network", sizeof *g);
    }
    *out = g;
    return STP_OK;
}

void stp_graph_destroy(stp_graph *g) {
    if (g)
        stp_arena_destroy(g->arena);
}

// The next free place of an array, or the first one again when the array is full (finish reports that).
static int take(stp_graph *g, int *count, int most) {
    if (*count < most)
        return (*count)++;
    g->overfull = 1;
    return 0;
}

static int add_tensor(stp_graph *g, int c, int h, int w, int halo) {
    assert(c > 0 && h > 0 && w > 0);
    int id = take(g, &g->tensors, MAX_TENSORS);
    g->tensor[id] =
        (stp_tensor){.c = c, .h = h, .w = w, .halo = halo, .storage = id, .c_step = 1, .bn = -1, .maker = -1};
    return id;
}

static stp_op *add_op(stp_graph *g, stp_op_kind kind, int in, int out) {
    int id = take(g, &g->ops, MAX_OPS);
    stp_op *op = &g->op[id];
    *op = (stp_op){.kind = kind, .in = in, .out = out, .weight = -1, .pointwise = -1, .bias = -1};
    g->tensor[out].maker = id;
    return op;
}

static int is_taken(const stp_graph *g, const stp_param *p) {
    for (const stp_param *other = g->param + g->scope_params; other < p; other++)
        if (strcmp(other->name, p->name) == 0)
            return 1;
    return 0;
}

// Names are unique: the second "depthwise" of a scope is "depthwise2".
static void name_param(const stp_graph *g, stp_param *p, const char *name) {
    snprintf(p->name, sizeof p->name, "%s%s", g->scope, name);
    for (int nth = 2; is_taken(g, p); nth++)
        snprintf(p->name, sizeof p->name, "%s%s%d", g->scope, name, nth);
}

static int add_param(stp_graph *g, const char *name, stp_param_kind kind, int count, int fan_in) {
    int id = take(g, &g->params, MAX_PARAMS);
    if (count < 0 || count > MAX_WEIGHTS - g->weights) { // finish reports; until then offsets stay valid
        g->overfull = 1;
        count = 0;
    }
    stp_param *p = &g->param[id];
    name_param(g, p, name);
    p->kind = kind;
    p->offset = g->weights;
    p->count = count;
    p->fan_in = fan_in;
    g->weights += count;
    return p->offset;
}

void stp_graph_scope(stp_graph *g, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(g->scope, sizeof g->scope, format, args);
    va_end(args);
    g->scope_params = g->params;
}

int stp_graph_input(stp_graph *g, int c, int h, int w) {
    int t = add_tensor(g, c, h, w, 0);
    g->inputs[take(g, &g->input_count, STP_GRAPH_INPUTS)] = t;
    return t;
}

int stp_graph_tensor(stp_graph *g, int c, int h, int w) {
    return add_tensor(g, c, h, w, 0);
}

int stp_graph_view(stp_graph *g, int tensor, int c_first, int c_step, int count) {
    stp_tensor of = g->tensor[tensor];
    assert(c_first + (count - 1) * c_step < of.c);
    int id = add_tensor(g, count, of.h, of.w, of.halo);
    stp_tensor *t = &g->tensor[id];
    t->storage = of.storage;
    t->c_first = of.c_first + c_first * of.c_step;
    t->c_step = of.c_step * c_step;
    t->maker = of.maker;
    return id;
}

int stp_window_out(int size, int stride) {
    return (size + stride - 1) / stride;
}

static int pad_before(int size, int k, int stride, int dilation) {
    int total = (stp_window_out(size, stride) - 1) * stride + (k - 1) * dilation + 1 - size;
    return total > 0 ? total / 2 : 0;
}

stp_window stp_window_same(int k_h, int k_w, int stride_h, int stride_w, int dilation, int h, int w) {
    return (stp_window){.k_h = k_h,
                        .k_w = k_w,
                        .stride_h = stride_h,
                        .stride_w = stride_w,
                        .dilation = dilation,
                        .pad_top = pad_before(h, k_h, stride_h, dilation),
                        .pad_left = pad_before(w, k_w, stride_w, dilation)};
}

int stp_graph_conv(stp_graph *g, int in, int channels, stp_window window, int out_h, int out_w, int relu,
                   int bias, int into) {
    assert(g->tensor[in].bn < 0);
    int out = into >= 0 ? into : add_tensor(g, channels, out_h, out_w, 0);
    assert(g->tensor[out].c == channels && g->tensor[out].h == out_h && g->tensor[out].w == out_w);
    stp_op *op = add_op(g, STP_OP_CONV, in, out);
    int fan_in = g->tensor[in].c * window.k_h * window.k_w;
    op->window = window;
    op->relu = relu;
    op->weight = add_param(g, "conv", STP_PARAM_WEIGHT, channels * fan_in, fan_in);
    if (bias)
        op->bias = add_param(g, "conv.bias", STP_PARAM_BIAS, channels, fan_in);
    return out;
}

int stp_graph_dwpw(stp_graph *g, int in, int channels, int k, int stride, int dilation, int pointwise,
                   int bias) {
    stp_tensor from = g->tensor[in];
    assert(from.bn < 0 && from.halo >= (k / 2) * dilation);
    assert(pointwise || channels == from.c);
    int out = add_tensor(g, channels, stp_window_out(from.h, stride), stp_window_out(from.w, stride), 0);
    stp_op *op = add_op(g, STP_OP_DWPW, in, out);
    op->window = stp_window_same(k, k, stride, stride, dilation, from.h, from.w);
    g->tensor[out].transient = g->remake;
    op->weight = add_param(g, "depthwise", STP_PARAM_WEIGHT, from.c * k * k, k * k);
    if (pointwise)
        op->pointwise = add_param(g, "pointwise", STP_PARAM_WEIGHT, channels * from.c, from.c);
    if (bias)
        op->bias = add_param(g, "dwpw.bias", STP_PARAM_BIAS, channels, pointwise ? from.c : k * k);
    return out;
}

int stp_graph_pool(stp_graph *g, stp_pool_kind kind, int in, int k, int stride) {
    stp_tensor from = g->tensor[in];
    assert(from.bn < 0);
    int out = add_tensor(g, from.c, stp_window_out(from.h, stride), stp_window_out(from.w, stride), 0);
    stp_op *op = add_op(g, STP_OP_POOL, in, out);
    op->window = stp_window_same(k, k, stride, stride, 1, from.h, from.w);
    g->tensor[out].transient = g->remake;
    op->pool = kind;
    return out;
}

int stp_graph_bn(stp_graph *g, int tensor, int affine) {
    assert(g->tensor[tensor].storage == tensor && g->tensor[tensor].bn < 0);
    int id = take(g, &g->bns, MAX_BNS);
    int c = g->tensor[tensor].c;
    g->bn[id] = (stp_bn){.tensor = tensor, .channels = c, .gain = -1, .bias = -1, .state = g->states};
    g->states += 2 * c;
    if (affine) {
        g->bn[id].gain = add_param(g, "bn.gain", STP_PARAM_GAIN, c, 1);
        g->bn[id].bias = add_param(g, "bn.shift", STP_PARAM_SHIFT, c, 1);
    }
    g->tensor[tensor].bn = id;
    return tensor;
}

int stp_graph_affine(stp_graph *g, int in, int relu, int halo, int transient) {
    stp_tensor from = g->tensor[in];
    int out = add_tensor(g, from.c, from.h, from.w, halo);
    add_op(g, STP_OP_AFFINE, in, out)->relu = relu;
    g->tensor[out].transient = transient;
    return out;
}

static inline int same_shape(const stp_tensor *a, const stp_tensor *b) {
    return a->c == b->c && a->h == b->h && a->w == b->w;
}

int stp_graph_mix(stp_graph *g, const stp_mix_term *terms, int count, int out) {
    assert(count > 0 && count <= STP_MIX_MAX_TERMS);
    stp_tensor first = g->tensor[terms[0].tensor];
    if (out < 0)
        out = add_tensor(g, first.c, first.h, first.w, 0);
    stp_op *op = add_op(g, STP_OP_MIX, -1, out);
    op->term_first = g->terms;
    op->terms = count;
    for (int i = 0; i < count; i++) {
        assert(same_shape(&g->tensor[terms[i].tensor], &g->tensor[out]));
        g->term[take(g, &g->terms, MAX_TERMS)] = terms[i];
    }
    return out;
}

int stp_graph_mean(stp_graph *g, int in) {
    int out = add_tensor(g, g->tensor[in].c, 1, 1, 0);
    add_op(g, STP_OP_MEAN, in, out);
    return out;
}

int stp_graph_linear(stp_graph *g, int in, int outputs) {
    stp_tensor from = g->tensor[in];
    assert(from.h == 1 && from.w == 1);
    int out = add_tensor(g, outputs, 1, 1, 0);
    stp_op *op = add_op(g, STP_OP_LINEAR, in, out);
    op->weight = add_param(g, "linear", STP_PARAM_WEIGHT, outputs * from.c, from.c);
    op->bias = add_param(g, "linear.bias", STP_PARAM_BIAS, outputs, from.c);
    return out;
}

stp_status stp_graph_finish(stp_graph *g, int output, stp_err *err) {
    g->output = output;
    if (g->overfull)
        return stp_err_set(err, STP_ERR_USAGE,
                           "the network is larger than stapes can hold; take fewer cells or channels");
    return STP_OK;
}

long long stp_graph_macs(const stp_graph *g) {
    long long macs = 0;
    for (int i = 0; i < g->ops; i++)
        if (stp_op_registry[g->op[i].kind].macs)
            macs += stp_op_registry[g->op[i].kind].macs(g, &g->op[i]);
    return macs;
}

long long stp_graph_deployed_weights(const stp_graph *g) {
    long long n = 0;
    for (int i = 0; i < g->params; i++)
        if (g->param[i].kind == STP_PARAM_WEIGHT || g->param[i].kind == STP_PARAM_BIAS)
            n += g->param[i].count;
    for (int i = 0; i < g->bns; i++)
        n += g->bn[i].channels;
    return n;
}

void stp_graph_init(const stp_graph *g, uint64_t seed, stp_real *weights, stp_real *states) {
    for (int i = 0; i < g->params; i++) {
        const stp_param *p = &g->param[i];
        stp_rng rng = stp_rng_at(seed, STP_RNG_INIT, 0, (uint64_t)i);
        double bound = 1.0 / sqrt((double)p->fan_in);
        for (int k = 0; k < p->count; k++) {
            int drawn = p->kind == STP_PARAM_WEIGHT || p->kind == STP_PARAM_BIAS;
            double fixed = p->kind == STP_PARAM_GAIN ? 1.0 : 0.0;
            weights[p->offset + k] = (stp_real)(drawn ? bound * (2.0 * stp_rng_uniform(&rng) - 1.0) : fixed);
        }
    }
    for (int i = 0; i < g->bns; i++)
        for (int c = 0; c < g->bn[i].channels; c++) {
            states[g->bn[i].state + c] = 0;
            states[g->bn[i].state + g->bn[i].channels + c] = 1;
        }
}
