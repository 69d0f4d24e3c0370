// The discrete network of a genotype, and DS-CNN.
#include "space/networks.h"

typedef struct cell {
    stp_graph *g;
    const stp_genotype_edge *edges;
    int index, channels, reduction, drop_path;
    int state[STP_CELL_INPUTS + STP_CELL_NODES];
    int rectified[STP_CELL_INPUTS + STP_CELL_NODES]; // -1 until an operation wants it
    int out;
} cell;

// The halo that the most reaching convolution on a state needs; 0 when none reads it.
static int reach_on(const cell *c, int state) {
    int reach = 0;
    for (int k = 0; k < STP_CELL_KEPT_EDGES; k++)
        if (c->edges[k].from == state && stp_cell_op_is_conv(c->edges[k].op) &&
            stp_cell_op_reach(c->edges[k].op) > reach)
            reach = stp_cell_op_reach(c->edges[k].op);
    return reach;
}

static int rectified(cell *c, int state) {
    if (c->rectified[state] < 0)
        c->rectified[state] = stp_graph_affine(c->g, c->state[state], 1, reach_on(c, state), 0);
    return c->rectified[state];
}

static int build_op(cell *c, int k) {
    stp_genotype_edge edge = c->edges[k];
    int stride = c->reduction && edge.from < STP_CELL_INPUTS ? 2 : 1, state = c->state[edge.from];
    stp_graph_scope(c->g, "cell%d.node%d.%s%d.", c->index, k / 2 + STP_CELL_INPUTS, stp_cell_op_name(edge.op),
                    k % 2);
    switch (edge.op) {
    case STP_CELL_MAX_POOL_3X3:
        return stp_graph_pool(c->g, STP_POOL_MAX, state, 3, stride);
    case STP_CELL_AVG_POOL_3X3:
        return stp_graph_pool(c->g, STP_POOL_AVG, state, 3, stride);
    case STP_CELL_SKIP_CONNECT:
        return stride == 1 ? state : stp_block_factorised_reduce(c->g, state, c->channels, 1);
    default:
        return stp_block_separable(c->g, rectified(c, edge.from), edge.op, stride, 1);
    }
}

static void build_node(cell *c, int node) {
    stp_mix_term terms[2];
    for (int k = 0; k < 2; k++) {
        int t = build_op(c, 2 * node + k), is_state = t == c->state[c->edges[2 * node + k].from];
        terms[k] = (stp_mix_term){.tensor = t, .coef = -1, .drop = c->drop_path && !is_state};
    }
    int place = stp_graph_view(c->g, c->out, node * c->channels, 1, c->channels);
    c->state[STP_CELL_INPUTS + node] = stp_graph_mix(c->g, terms, 2, place);
}

static int build_cell(stp_graph *g, const stp_genotype *genotype, const stp_network_options *o, int index,
                      int before_last, int last) {
    cell c = {.g = g,
              .index = index,
              .channels = stp_cells_channels(index, o->cells, o->channels),
              .reduction = stp_cells_is_reduction(index, o->cells),
              .drop_path = o->drop_path};
    c.edges = genotype->edge[c.reduction ? STP_CELL_REDUCTION : STP_CELL_NORMAL];
    for (int i = 0; i < STP_CELL_INPUTS + STP_CELL_NODES; i++)
        c.state[i] = c.rectified[i] = -1;
    // Both inputs are always in use: the first node has two edges, and they come from two states.
    int halves = index > 0 && stp_cells_is_reduction(index - 1, o->cells);
    stp_graph_scope(g, "cell%d.pre0.", index);
    c.state[0] =
        halves ? stp_graph_affine(g, stp_block_factorised_reduce(g, before_last, c.channels, 1), 0, 0, 1)
               : stp_block_preprocess(g, before_last, c.channels, 1);
    stp_graph_scope(g, "cell%d.pre1.", index);
    c.state[1] = stp_block_preprocess(g, last, c.channels, 1);
    int stride = c.reduction ? 2 : 1;
    c.out = stp_graph_tensor(g, STP_CELL_NODES * c.channels, stp_window_out(g->tensor[last].h, stride),
                             stp_window_out(g->tensor[last].w, stride));
    for (int node = 0; node < STP_CELL_NODES; node++)
        build_node(&c, node);
    return c.out;
}

static stp_status finish(stp_graph **out, stp_graph *g, int last, int classes, stp_err *err) {
    stp_status status = stp_block_classify(g, last, classes, err);
    if (status != STP_OK)
        stp_graph_destroy(g);
    else
        *out = g;
    return status;
}

stp_status stp_network_build(stp_graph **out, const stp_genotype *genotype, const stp_network_options *o,
                             stp_err *err) {
    stp_graph *g;
    STP_TRY(stp_graph_create(&g, err));
    int before_last = stp_block_stem(g, stp_graph_input(g, 1, o->input.h, o->input.w), o->channels);
    int last = before_last;
    for (int i = 0; i < o->cells; i++) {
        int next = build_cell(g, genotype, o, i, before_last, last);
        before_last = last;
        last = next;
    }
    return finish(out, g, last, o->classes, err);
}

stp_status stp_ds_cnn_build(stp_graph **out, stp_shape input, int classes, stp_err *err) {
    enum { CHANNELS = 64, BLOCKS = 4 };
    stp_graph *g;
    STP_TRY(stp_graph_create(&g, err));
    stp_graph_scope(g, "stem.");
    int h = stp_window_out(input.h, 2), w = stp_window_out(input.w, 2);
    int t = stp_graph_conv(g, stp_graph_input(g, 1, input.h, input.w), CHANNELS,
                           stp_window_same(10, 4, 2, 2, 1, input.h, input.w), h, w, 0, 0, -1);
    t = stp_graph_affine(g, stp_graph_bn(g, t, 1), 1, 1, 1);
    for (int i = 0; i < BLOCKS; i++) {
        stp_graph_scope(g, "block%d.depthwise.", i);
        t = stp_graph_affine(g, stp_graph_bn(g, stp_graph_dwpw(g, t, CHANNELS, 3, 1, 1, 0, 0), 1), 1, 0, 1);
        stp_graph_scope(g, "block%d.pointwise.", i);
        t = stp_graph_conv(g, t, CHANNELS, stp_window_same(1, 1, 1, 1, 1, h, w), h, w, 0, 0, -1);
        t = stp_graph_affine(g, stp_graph_bn(g, t, 1), 1, i + 1 < BLOCKS, 1);
    }
    return finish(out, g, t, classes, err);
}
