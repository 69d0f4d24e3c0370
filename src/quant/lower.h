// From a network of floats to the list of its int8 operations.
#ifndef STP_QUANT_LOWER_H
#define STP_QUANT_LOWER_H

#include "quant/int8_net.h"

// Batch norm is folded with its running statistics into the layer before it; a rectifier becomes a clamp,
// where all who read a result want it rectified in the operation that writes it, else in the one that reads
// it; depthwise and pointwise become two operations with a tensor between; a sum of two becomes an add, the
// mean an average pool; slices and concatenations become storages that several write to. Skip connections
// cost nothing. Scales are tied, but not chosen.
// STP_ERR_MISMATCH for what has no int8 form: supernets, sums of other than two terms with coefficient 1,
// batch norm after a pool, maps or kernels beyond what device/nn counts.
stp_status stp_int8_lower(stp_int8_net **net, const stp_graph *graph, const stp_real *weights,
                          const stp_real *running, stp_err *err);

#endif
