#include "space/blocks.h"

int stp_cell_first_edge(int node) {
    return node * (node + 3) / 2;
} // 0, 2, 5, 9

int stp_cells_is_reduction(int cell, int cells) {
    return cell == cells / 3 || cell == 2 * cells / 3;
}

int stp_cells_channels(int cell, int cells, int channels) {
    for (int i = 0; i <= cell; i++)
        if (stp_cells_is_reduction(i, cells))
            channels *= 2;
    return channels;
}

int stp_block_preprocess(stp_graph *g, int in, int channels, int affine) {
    const stp_tensor *t = &g->tensor[in];
    stp_window window = stp_window_same(1, 1, 1, 1, 1, t->h, t->w);
    int z = stp_graph_conv(g, in, channels, window, t->h, t->w, 1, 0, -1);
    return stp_graph_affine(g, stp_graph_bn(g, z, affine), 0, 0, 0);
}

int stp_block_factorised_reduce(stp_graph *g, int in, int channels, int affine) {
    int h = stp_window_out(g->tensor[in].h, 2), w = stp_window_out(g->tensor[in].w, 2);
    int z = stp_graph_tensor(g, channels, h, w);
    int half = channels / 2;
    stp_window even = {.k_h = 1, .k_w = 1, .stride_h = 2, .stride_w = 2, .dilation = 1};
    stp_window odd = even;
    odd.pad_top = odd.pad_left = -1;
    if (half > 0)
        stp_graph_conv(g, in, half, even, h, w, 1, 0, stp_graph_view(g, z, 0, 1, half));
    stp_graph_conv(g, in, channels - half, odd, h, w, 1, 0, stp_graph_view(g, z, half, 1, channels - half));
    return stp_graph_bn(g, z, affine);
}

int stp_cell_op_is_conv(stp_cell_op op) {
    return op >= STP_CELL_SEP_CONV_3X3;
}

static int is_dilated(stp_cell_op op) {
    return op == STP_CELL_DIL_CONV_3X3 || op == STP_CELL_DIL_CONV_5X5;
}

int stp_cell_op_kernel(stp_cell_op op) {
    return op == STP_CELL_SEP_CONV_5X5 || op == STP_CELL_DIL_CONV_5X5 ? 5 : 3;
}

int stp_cell_op_reach(stp_cell_op op) {
    return stp_cell_op_kernel(op) / 2 * (is_dilated(op) ? 2 : 1);
}

int stp_block_separable(stp_graph *g, int rectified, stp_cell_op op, int stride, int affine) {
    int k = stp_cell_op_kernel(op), c = g->tensor[rectified].c;
    int z = stp_graph_dwpw(g, rectified, c, k, stride, is_dilated(op) ? 2 : 1, 1, 0);
    stp_graph_bn(g, z, affine);
    if (is_dilated(op))
        return z;
    int middle = stp_graph_affine(g, z, 1, k / 2, 1);
    return stp_graph_bn(g, stp_graph_dwpw(g, middle, c, k, 1, 1, 1, 0), affine);
}

int stp_block_stem(stp_graph *g, int in, int channels) {
    const stp_tensor *t = &g->tensor[in];
    stp_graph_scope(g, "stem.");
    int z =
        stp_graph_conv(g, in, 3 * channels, stp_window_same(3, 3, 1, 1, 1, t->h, t->w), t->h, t->w, 0, 0, -1);
    return stp_graph_affine(g, stp_graph_bn(g, z, 1), 0, 0, 0);
}

stp_status stp_block_classify(stp_graph *g, int in, int classes, stp_err *err) {
    stp_graph_scope(g, "classifier.");
    return stp_graph_finish(g, stp_graph_linear(g, stp_graph_mean(g, in), classes), err);
}
