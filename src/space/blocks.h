// What the searched, the derived and the known networks are built from.
#ifndef STP_SPACE_BLOCKS_H
#define STP_SPACE_BLOCKS_H

#include "graph/graph.h"
#include "space/genotype.h"

// First edge of each node among the 14 of a cell: node i has 2 + i incoming edges, from states 0 .. 1 + i.
int stp_cell_first_edge(int node);

// relu - 1x1 convolution - batch norm, made a tensor: brings a previous cell's output to `channels`.
int stp_block_preprocess(stp_graph *g, int in, int channels, int affine);
// The same for a map of twice the size: relu, then two 1x1 convolutions of stride 2 on the even and the odd
// grid, half the channels each (as one convolution: 2x2, stride 2, half of its taps zero). Returns the raw,
// batch-normed tensor.
int stp_block_factorised_reduce(stp_graph *g, int in, int channels, int affine);

// The four convolutional operations on a rectified source with a halo; returns the raw, batch-normed result.
int stp_block_separable(stp_graph *g, int rectified, stp_cell_op op, int stride, int affine);
int stp_cell_op_kernel(stp_cell_op op);  // 3 or 5; pools 3
int stp_cell_op_reach(stp_cell_op op);   // halo its source needs
int stp_cell_op_is_conv(stp_cell_op op); // sep or dil

// Stem: 3x3 convolution to 3 * channels and an affine batch norm.
int stp_block_stem(stp_graph *g, int in, int channels);
// Mean over the map and a fully connected layer; ends the graph.
stp_status stp_block_classify(stp_graph *g, int in, int classes, stp_err *err);

// Cells of a network: where the reductions are, and the channels of cell i.
int stp_cells_is_reduction(int cell, int cells);
int stp_cells_channels(int cell, int cells, int channels);

#endif
