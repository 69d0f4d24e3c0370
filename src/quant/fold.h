// Batch norm folded into the weights and biases of the layer before it.
#ifndef STP_QUANT_FOLD_H
#define STP_QUANT_FOLD_H

#include "quant/int8_net.h"

// Weights [m][c][k_h][k_w] of the graph to [m][k_h][k_w][c] (a pointwise or fully connected layer is one with
// a single tap), times the scale of the batch norm on the result of `op`, if there is one; its shift and the
// operation's own bias to biases. `to` has its weights and channels; `weight`: offset of the graph's.
void stp_fold_dense(stp_int8_net *net, const stp_int8_op *to, const stp_graph *g, const stp_op *op,
                    int weight, const stp_real *weights, const stp_real *running);
// Depthwise weights [c][k_h][k_w] to [k_h][k_w][c]. last: nothing follows within `op`, so batch norm and bias
// are folded here.
void stp_fold_depthwise(stp_int8_net *net, const stp_int8_op *to, const stp_graph *g, const stp_op *op,
                        int last, const stp_real *weights, const stp_real *running);

#endif
