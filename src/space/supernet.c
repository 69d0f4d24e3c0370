// The PC-DARTS supernet (Xu et al., ICLR 2020) with the input mix of arXiv 2507.15545. Of every edge one in K
// channels goes through all operations, weighted by beta * softmax(alpha); the rest passes by, weighted by
// beta; concatenation and channel shuffle are views: channel j of the operations' part lands at j*K, channel
// j of bypass part p at j*K + p.
#include "space/networks.h"

#include <string.h>

stp_status stp_align_parse(stp_align *align, const char *text, stp_err *err) {
    for (int i = STP_ALIGN_PAD; i <= STP_ALIGN_RESAMPLE; i++)
        if (strcmp(text, stp_align_name(i)) == 0) {
            *align = i;
            return STP_OK;
        }
    return stp_err_set(err, STP_ERR_USAGE, "--align %s: give pad, conv or resample", text);
}

const char *stp_align_name(stp_align align) {
    static const char *const names[] = {"pad", "conv", "resample"};
    return names[align];
}

stp_shape stp_align_grid(stp_align align, const stp_shape *shapes, int count) {
    stp_shape grid = shapes[0];
    for (int i = 1; i < count; i++) {
        int larger_h = shapes[i].h > grid.h, larger_w = shapes[i].w > grid.w, pad = align == STP_ALIGN_PAD;
        grid.h = larger_h == pad ? shapes[i].h : grid.h;
        grid.w = larger_w == pad ? shapes[i].w : grid.w;
    }
    return grid;
}

void stp_align_window(int size, int grid, int *k, int *stride, int *pad) {
    *stride = grid > 1 ? (size - 1) / (grid - 1) : size;
    *stride = *stride > 0 ? *stride : 1;
    *k = size - (grid - 1) * *stride;
    *pad = 0;
    if (*k < 3) {
        *k += 2;
        *pad = 1;
    }
}

static int align_conv(stp_graph *g, int in, stp_shape grid) {
    const stp_tensor *t = &g->tensor[in];
    stp_window window = {.dilation = 1};
    stp_align_window(t->h, grid.h, &window.k_h, &window.stride_h, &window.pad_top);
    stp_align_window(t->w, grid.w, &window.k_w, &window.stride_w, &window.pad_left);
    return stp_graph_conv(g, in, 1, window, grid.h, grid.w, 0, 1, -1);
}

// sum over configurations of softmax(gamma) * align(x).
static int build_input(stp_graph *g, const stp_supernet_options *o) {
    stp_mix_term terms[STP_ARCH_FRONTS];
    for (int i = 0; i < o->fronts; i++) {
        int conv = o->align == STP_ALIGN_CONV;
        stp_shape shape = conv ? o->shape[i] : o->grid;
        int in = stp_graph_input(g, 1, shape.h, shape.w);
        stp_graph_scope(g, "align%d.", o->front_id[i]);
        terms[i].tensor = conv ? align_conv(g, in, o->grid) : in;
        terms[i].coef = o->fronts > 1 ? stp_arch_coef_front(o->front_id[i]) : -1;
        terms[i].drop = 0;
    }
    return o->fronts > 1 ? stp_graph_mix(g, terms, o->fronts, -1) : terms[0].tensor;
}

// A state of a cell as its outgoing edges see it. Pools, rectification and the strided bypass have no
// weights: once a state.
typedef struct source {
    int state, stride;
    int partial;            // the channels that go through the operations
    int rectified;          // the same, rectified, with a halo
    int max_pool, avg_pool; // batch-normed
    int bypass;             // the other channels, at the edge's output size; -1: none
} source;

typedef struct cell {
    stp_graph *g;
    int index, channels, partial;
    stp_cell_kind kind;
    source sources[STP_CELL_INPUTS + STP_CELL_NODES];
    int out; // concatenation of the nodes
    stp_mix_term terms[STP_CELL_NODES][STP_MIX_MAX_TERMS];
    int count[STP_CELL_NODES];
} cell;

static void build_source(cell *c, int j, int state) {
    stp_graph *g = c->g;
    source *s = &c->sources[j];
    int part = c->channels / c->partial;
    s->state = state;
    s->stride = c->kind == STP_CELL_REDUCTION && j < STP_CELL_INPUTS ? 2 : 1;
    s->partial = stp_graph_view(g, state, 0, 1, part);
    s->rectified = stp_graph_affine(g, s->partial, 1, stp_cell_op_reach(STP_CELL_DIL_CONV_5X5), 1);
    s->max_pool = stp_graph_bn(g, stp_graph_pool(g, STP_POOL_MAX, s->partial, 3, s->stride), 0);
    s->avg_pool = stp_graph_bn(g, stp_graph_pool(g, STP_POOL_AVG, s->partial, 3, s->stride), 0);
    s->bypass = -1;
    if (c->partial > 1) {
        int rest = stp_graph_view(g, state, part, 1, c->channels - part);
        s->bypass = s->stride == 1 ? rest : stp_graph_pool(g, STP_POOL_MAX, rest, 2, 2);
    }
}

// The raw or plain tensor that an operation makes of a source; weights are the edge's own.
static int build_op(cell *c, const source *s, int edge, stp_cell_op op) {
    stp_graph_scope(c->g, "cell%d.edge%d.%s.", c->index, edge, stp_cell_op_name(op));
    switch (op) {
    case STP_CELL_MAX_POOL_3X3:
        return s->max_pool;
    case STP_CELL_AVG_POOL_3X3:
        return s->avg_pool;
    case STP_CELL_SKIP_CONNECT:
        return s->stride == 1 ? s->partial
                              : stp_block_factorised_reduce(c->g, s->partial, c->channels / c->partial, 0);
    default:
        return stp_block_separable(c->g, s->rectified, op, s->stride, 0);
    }
}

static void build_edge(cell *c, int j, int node) {
    int edge = stp_cell_first_edge(node) + j;
    for (int op = STP_CELL_MAX_POOL_3X3; op < STP_CELL_OPS; op++)
        c->terms[node][c->count[node]++] = (stp_mix_term){.tensor = build_op(c, &c->sources[j], edge, op),
                                                          .coef = stp_arch_coef_op(c->kind, edge, op)};
}

static void mix_operations(cell *c, int node) {
    int part = c->channels / c->partial;
    stp_graph_mix(c->g, c->terms[node], c->count[node],
                  stp_graph_view(c->g, c->out, node * c->channels, c->partial, part));
}

static void mix_bypass(cell *c, int node, int slice) {
    stp_mix_term terms[STP_MIX_MAX_TERMS];
    int first = stp_cell_first_edge(node), part = c->channels / c->partial;
    for (int j = 0; j < STP_CELL_INPUTS + node; j++)
        terms[j] =
            (stp_mix_term){.tensor = stp_graph_view(c->g, c->sources[j].bypass, (slice - 1) * part, 1, part),
                           .coef = stp_arch_coef_bypass(c->kind, first + j)};
    stp_graph_mix(c->g, terms, STP_CELL_INPUTS + node,
                  stp_graph_view(c->g, c->out, node * c->channels + slice, c->partial, part));
}

static void mix_node(cell *c, int node) {
    mix_operations(c, node);
    for (int slice = 1; slice < c->partial; slice++)
        mix_bypass(c, node, slice);
}

// Source by source, with the edges to all nodes, so that a source and its gradient are near meanwhile. The
// last source of a node is the node before it.
static void build_nodes(cell *c, const int inputs[STP_CELL_INPUTS]) {
    for (int j = 0; j < STP_CELL_INPUTS + STP_CELL_NODES - 1; j++) { // the last node is nobody's source
        int before = j - STP_CELL_INPUTS;                            // the node that this source is
        build_source(c, j,
                     before < 0 ? inputs[j]
                                : stp_graph_view(c->g, c->out, before * c->channels, 1, c->channels));
        for (int node = before + 1 > 0 ? before + 1 : 0; node < STP_CELL_NODES; node++) {
            build_edge(c, j, node);
            if (node == before + 1)
                mix_node(c, node);
        }
    }
}

// What each cell reads: its two inputs brought to its channels; -1: not made yet.
typedef int cell_inputs[2];

// A map (the output of cell `made`, -1: of the stem) is brought to the channels of all cells that read it by
// one 1x1 convolution, so that it passes by once in either direction; batch norm goes by channel and does not
// notice. Left out is a reader after a reduction, which needs its input at half the size.
static void build_readers(stp_graph *g, const stp_supernet_options *o, int made, int map,
                          cell_inputs *inputs) {
    const struct { int cell, slot; } readers[] = {{made + 1, 1}, {made + 2, 0}, {made < 0 ? 0 : o->cells, 0}};
    int first[3] = {-1, -1, -1}, channels = 0;
    for (int i = 0; i < 3; i++) {
        int reader = readers[i].cell, reduced = reader > 0 && stp_cells_is_reduction(reader - 1, o->cells);
        if (reader >= o->cells || (readers[i].slot == 0 && reduced))
            continue;
        first[i] = channels;
        channels += stp_cells_channels(reader, o->cells, o->channels);
    }
    if (channels == 0)
        return;
    stp_graph_scope(g, "read%d.", made + 1);
    int all = stp_block_preprocess(g, map, channels, 0);
    for (int i = 0; i < 3; i++)
        if (first[i] >= 0)
            inputs[readers[i].cell][readers[i].slot] = stp_graph_view(
                g, all, first[i], 1, stp_cells_channels(readers[i].cell, o->cells, o->channels));
}

static int build_cell(stp_graph *g, const stp_supernet_options *o, int index, int before_last,
                      const cell_inputs inputs) {
    cell c = {.g = g,
              .index = index,
              .channels = stp_cells_channels(index, o->cells, o->channels),
              .partial = o->partial,
              .kind = stp_cells_is_reduction(index, o->cells) ? STP_CELL_REDUCTION : STP_CELL_NORMAL};
    int s0 = inputs[0], s1 = inputs[1];
    if (s0 < 0) {
        stp_graph_scope(g, "cell%d.pre0.", index);
        s0 = stp_graph_affine(g, stp_block_factorised_reduce(g, before_last, c.channels, 0), 0, 0, 1);
    }
    int stride = c.kind == STP_CELL_REDUCTION ? 2 : 1;
    c.out = stp_graph_tensor(g, STP_CELL_NODES * c.channels, stp_window_out(g->tensor[s1].h, stride),
                             stp_window_out(g->tensor[s1].w, stride));
    build_nodes(&c, (const int[]){s0, s1});
    return c.out;
}

static int build_cells(stp_graph *g, const stp_supernet_options *o) {
    cell_inputs inputs[STP_SUPERNET_MAX_CELLS];
    for (int i = 0; i < o->cells; i++)
        inputs[i][0] = inputs[i][1] = -1;
    int before_last = stp_block_stem(g, build_input(g, o), o->channels), last = before_last;
    build_readers(g, o, -1, last, inputs);
    for (int i = 0; i < o->cells; i++) {
        int next = build_cell(g, o, i, before_last, inputs[i]);
        build_readers(g, o, i, next, inputs);
        before_last = last;
        last = next;
    }
    return last;
}

stp_status stp_supernet_build(stp_graph **out, const stp_supernet_options *o, stp_err *err) {
    stp_graph *g;
    STP_TRY(stp_graph_create(&g, err));
    g->coefs = STP_ARCH_COEFS;
    g->remake = o->recompute;
    stp_status status = stp_block_classify(g, build_cells(g, o), o->classes, err);
    if (status != STP_OK) {
        stp_graph_destroy(g);
        return status;
    }
    *out = g;
    return STP_OK;
}
