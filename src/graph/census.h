// What a network will cost on a device, before there is any: its layers by kind, its numbers, and the memory
// its activations need. As shipped: batch norm is folded into the layer before it, and a rectifier is a clamp
// where its neighbour writes or reads, so that neither takes time or memory; tensors have no halo.
#ifndef STP_GRAPH_CENSUS_H
#define STP_GRAPH_CENSUS_H

#include "graph/graph.h"

typedef struct stp_layer_kind {
    char name[48]; // "conv 3x3", "depthwise 5x5 dilated", "pointwise", "add", ...
    int count;
    long long macs, parameters; // of all of them together; parameters: weights and biases
} stp_layer_kind;

// The kinds in the order of first use; at most `most` (64 is enough for every network). Returns how many.
// Parameters add up to stp_graph_deployed_weights, MACs to stp_graph_macs.
int stp_graph_layers(const stp_graph *g, stp_layer_kind *kinds, int most);

typedef struct stp_footprint {
    long long weights, biases; // numbers, batch norm folded: a byte and four bytes each in int8
    // Numbers that the activations of one clip need room for: in a memory plan, layer by layer; and the
    // fullest moment, below which no plan can come. A byte each in int8, the input and the logits included; a
    // depthwise result is written out whole before the pointwise layer reads it.
    size_t activations, activations_bound;
} stp_footprint;

stp_status stp_graph_footprint(const stp_graph *g, stp_footprint *footprint, stp_err *err);

#endif
