// The float twin of an int8 network: a graph with the folded weights, in which every operation's result can
// be rounded as the int8 form has it. It measures ranges, simulates the quantised network, and is what
// fine-tuning trains (Jacob et al., CVPR 2018: quantisation-aware training).
#ifndef STP_QUANT_TWIN_H
#define STP_QUANT_TWIN_H

#include "graph/exec.h"
#include "quant/int8_net.h"

typedef struct stp_twin {
    stp_arena *arena;
    const stp_int8_net *net;
    stp_graph *graph;
    stp_real *weights;      // [graph->weights]: the network's floats, in the graph's order
    stp_rounding *rounding; // [graph->ops]
    // Of each operation of the graph: the scale of its result, -1 for copies; and whether its result is new
    // (that of a pool is not).
    int *scale;
    int *fresh;
    int *weight_at, *bias_at; // [net->ops] offsets among the graph's parameters, -1: none
} stp_twin;

// Takes the network's floats; roundings clamp only, which rectifies. `net` must outlive it.
stp_status stp_twin_create(stp_twin **twin, const stp_int8_net *net, stp_err *err);
void stp_twin_destroy(stp_twin *twin);

// From now on results are rounded to the network's scales.
void stp_twin_round_results(stp_twin *twin);
// Weights as int8 weights have them, a scale for each output channel; biases as they are. [graph->weights]
// each. A scale that quantise.c widens, because the channel's bias would not fit 32 bits, is not told here.
void stp_twin_round_weights(const stp_twin *twin, const stp_real *weights, stp_real *rounded);
// The twin's weights back to the network's floats.
void stp_twin_give(const stp_twin *twin, stp_int8_net *net);

#endif
