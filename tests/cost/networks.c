#include "networks.h"

const cost_network cost_networks[COST_NETWORKS] = {
    {"ds-cnn, 23x13", COST_DS_CNN, "401/331/21:13", "mfcc", 8000, 5, 0, 0, 0},
    {"found A, 15x11", COST_FOUND, "300/250/22:11", "mfcc", 4000, 3, 0, 3, 6},
    {"found B, 12x9, odd channels", COST_FOUND, "256/300/9", "logmel", 3700, 7, 1, 4, 5},
    {"ds-cnn, 49x10", COST_DS_CNN, "640/320/40:10", "mfcc", 16000, 12, 0, 0, 0},
    {"ds-cnn, 79x40", COST_DS_CNN, "400/200/40", "mfcc", 16000, 35, 0, 0, 0},
    {"ds-cnn, 30x32", COST_DS_CNN, "512/260/32", "logmel", 8100, 2, 0, 0, 0},
    {"found A, 49x40", COST_FOUND, "640/320/40", "mfcc", 16000, 15, 0, 5, 8},
    {"found B, 79x40", COST_FOUND, "400/200/40", "mfcc", 16000, 3, 1, 5, 8},
    {"found C, 97x40", COST_FOUND, "640/160/40", "mfcc", 16000, 15, 2, 5, 8},
    {"found D, 97x40", COST_FOUND, "640/160/40", "mfcc", 16000, 3, 3, 4, 4},
    {"found D, 31x17, 11 channels", COST_FOUND, "500/250/17", "logmel", 8100, 4, 3, 6, 11},
    {"found C, 13x10, 20 channels", COST_FOUND, "1024/1100/40:10", "mfcc", 15000, 35, 2, 3, 20},
    {"residual, 49x10", COST_RESIDUAL, "640/320/40:10", "mfcc", 16000, 12, 0, 0, 16},
    {"residual, 19x27, 9 channels", COST_RESIDUAL, "800/400/27", "logmel", 8100, 3, 0, 0, 9},
};

// What searches found.
static const stp_genotype genotypes[] = {
    {.edge = {{{STP_CELL_SEP_CONV_5X5, 0},
               {STP_CELL_SEP_CONV_5X5, 1},
               {STP_CELL_SEP_CONV_5X5, 1},
               {STP_CELL_SEP_CONV_3X3, 2},
               {STP_CELL_SEP_CONV_5X5, 2},
               {STP_CELL_SEP_CONV_5X5, 3},
               {STP_CELL_SEP_CONV_5X5, 3},
               {STP_CELL_SEP_CONV_5X5, 4}},
              {{STP_CELL_AVG_POOL_3X3, 0},
               {STP_CELL_SEP_CONV_5X5, 1},
               {STP_CELL_SEP_CONV_5X5, 0},
               {STP_CELL_MAX_POOL_3X3, 2},
               {STP_CELL_SEP_CONV_5X5, 2},
               {STP_CELL_SEP_CONV_5X5, 3},
               {STP_CELL_SEP_CONV_5X5, 2},
               {STP_CELL_SEP_CONV_5X5, 3}}}},
    {.edge = {{{STP_CELL_DIL_CONV_5X5, 0},
               {STP_CELL_SEP_CONV_5X5, 1},
               {STP_CELL_AVG_POOL_3X3, 0},
               {STP_CELL_MAX_POOL_3X3, 2},
               {STP_CELL_DIL_CONV_3X3, 0},
               {STP_CELL_DIL_CONV_3X3, 3},
               {STP_CELL_MAX_POOL_3X3, 2},
               {STP_CELL_DIL_CONV_3X3, 4}},
              {{STP_CELL_SEP_CONV_5X5, 0},
               {STP_CELL_DIL_CONV_3X3, 1},
               {STP_CELL_SEP_CONV_3X3, 1},
               {STP_CELL_MAX_POOL_3X3, 2},
               {STP_CELL_AVG_POOL_3X3, 2},
               {STP_CELL_AVG_POOL_3X3, 3},
               {STP_CELL_MAX_POOL_3X3, 3},
               {STP_CELL_MAX_POOL_3X3, 4}}}},
    {.edge = {{{STP_CELL_DIL_CONV_5X5, 0},
               {STP_CELL_DIL_CONV_5X5, 1},
               {STP_CELL_SEP_CONV_5X5, 1},
               {STP_CELL_SEP_CONV_5X5, 2},
               {STP_CELL_DIL_CONV_5X5, 1},
               {STP_CELL_SEP_CONV_5X5, 2},
               {STP_CELL_SEP_CONV_5X5, 1},
               {STP_CELL_SEP_CONV_5X5, 4}},
              {{STP_CELL_SEP_CONV_5X5, 0},
               {STP_CELL_SEP_CONV_5X5, 1},
               {STP_CELL_SEP_CONV_5X5, 1},
               {STP_CELL_SEP_CONV_5X5, 2},
               {STP_CELL_SEP_CONV_5X5, 2},
               {STP_CELL_SEP_CONV_5X5, 3},
               {STP_CELL_SEP_CONV_5X5, 3},
               {STP_CELL_SEP_CONV_3X3, 4}}}},
    {.edge = {{{STP_CELL_SKIP_CONNECT, 0},
               {STP_CELL_SEP_CONV_5X5, 1},
               {STP_CELL_DIL_CONV_3X3, 1},
               {STP_CELL_SEP_CONV_5X5, 2},
               {STP_CELL_SEP_CONV_5X5, 1},
               {STP_CELL_SEP_CONV_5X5, 3},
               {STP_CELL_SEP_CONV_5X5, 3},
               {STP_CELL_SEP_CONV_5X5, 4}},
              {{STP_CELL_SEP_CONV_5X5, 0},
               {STP_CELL_SEP_CONV_5X5, 1},
               {STP_CELL_DIL_CONV_3X3, 0},
               {STP_CELL_SEP_CONV_5X5, 2},
               {STP_CELL_SEP_CONV_5X5, 2},
               {STP_CELL_SEP_CONV_5X5, 3},
               {STP_CELL_SKIP_CONNECT, 0},
               {STP_CELL_DIL_CONV_5X5, 4}}}},
};

static int conv_bn(stp_graph *g, int in, int channels, int k, int stride) {
    int h = g->tensor[in].h, w = g->tensor[in].w;
    int t = stp_graph_conv(g, in, channels, stp_window_same(k, k, stride, stride, 1, h, w),
                           stp_window_out(h, stride), stp_window_out(w, stride), 0, 0, -1);
    return stp_graph_bn(g, t, 1);
}

// Two 3x3 convolutions beside a shortcut, twice (He et al., CVPR 2016).
static stp_status build_residual(stp_graph **out, int channels, stp_shape input, int classes, stp_err *err) {
    stp_graph *g;
    STP_TRY(stp_graph_create(&g, err));
    stp_graph_scope(g, "stem.");
    int t = stp_graph_affine(g, conv_bn(g, stp_graph_input(g, 1, input.h, input.w), channels, 3, 1), 1, 0, 0);
    for (int block = 0; block < 2; block++) {
        int stride = 1 + block, wide = channels << block;
        stp_graph_scope(g, "block%d.first.", block);
        int first = stp_graph_affine(g, conv_bn(g, t, wide, 3, stride), 1, 0, 0);
        stp_graph_scope(g, "block%d.second.", block);
        int second = conv_bn(g, first, wide, 3, 1);
        stp_graph_scope(g, "block%d.shortcut.", block);
        int shortcut = block ? conv_bn(g, t, wide, 1, stride) : t;
        const stp_mix_term terms[2] = {{second, -1, 0}, {shortcut, -1, 0}};
        t = stp_graph_affine(g, stp_graph_mix(g, terms, 2, -1), 1, 0, 0);
    }
    stp_status status = stp_block_classify(g, t, classes, err);
    if (status != STP_OK)
        stp_graph_destroy(g);
    else
        *out = g;
    return status;
}

stp_status cost_network_build(stp_graph **graph, const cost_network *n, stp_shape input, stp_err *err) {
    stp_network_options options = {
        .cells = n->cells, .channels = n->channels, .classes = n->classes, .input = input};
    switch (n->kind) {
    case COST_DS_CNN:
        return stp_ds_cnn_build(graph, input, n->classes, err);
    case COST_RESIDUAL:
        return build_residual(graph, n->channels, input, n->classes, err);
    default:
        return stp_network_build(graph, &genotypes[n->genotype], &options, err);
    }
}
