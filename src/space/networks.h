// Builders of whole networks: the supernet of a search, the network of a genotype, and known ones.
#ifndef STP_SPACE_NETWORKS_H
#define STP_SPACE_NETWORKS_H

#include "space/arch.h"
#include "space/blocks.h"

// How front-ends of different shapes come together (docs/design.md, Front-ends).
typedef enum stp_align { STP_ALIGN_PAD, STP_ALIGN_CONV, STP_ALIGN_RESAMPLE } stp_align;

stp_status stp_align_parse(stp_align *align, const char *text, stp_err *err);
const char *stp_align_name(stp_align align);

typedef struct stp_shape {
    int h, w; // frames, coefficients
} stp_shape;

// The common grid: the largest frames and coefficients for pad, the smallest for conv and resample.
stp_shape stp_align_grid(stp_align align, const stp_shape *shapes, int count);
// conv: kernel and stride that take `size` down to `grid` ones, strides first: stride
// floor((size-1)/(grid-1)), then the kernel that is left; a kernel under 3 gets two more, and a row of
// padding on each side.
void stp_align_window(int size, int grid, int *k, int *stride, int *pad);

enum { STP_SUPERNET_MAX_CELLS = 64 }; // what --cells accepts

typedef struct stp_supernet_options {
    int cells, channels, partial, classes;
    stp_align align;
    int fronts;                       // 1 when settled or fixed
    int front_id[STP_ARCH_FRONTS];    // which gamma each one is
    stp_shape shape[STP_ARCH_FRONTS]; // what its features look like
    stp_shape grid;
    int recompute; // training keeps less and makes more again: a third of the memory, the same bits
} stp_supernet_options;

// Inputs, in order of fronts: with conv the features as they are ([1][frames][coefficients]), with pad and
// resample already on the grid. With one front gamma has no part in the network.
stp_status stp_supernet_build(stp_graph **graph, const stp_supernet_options *options, stp_err *err);

typedef struct stp_network_options {
    int cells, channels, classes;
    stp_shape input;
    int drop_path; // build so that paths can be dropped
} stp_network_options;

// The discrete network of a genotype: batch norm affine, no normalisation after pools, no partial channels.
stp_status stp_network_build(stp_graph **graph, const stp_genotype *genotype,
                             const stp_network_options *options, stp_err *err);

// DS-CNN as in MLPerf Tiny (Banbury et al., 2021; Zhang et al., "Hello Edge", 2017): 10x4 stride 2 to 64
// channels, four depthwise separable blocks, mean, fully connected.
stp_status stp_ds_cnn_build(stp_graph **graph, stp_shape input, int classes, stp_err *err);

#endif
