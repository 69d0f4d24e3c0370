// Where the values of a graph's tensor lie once batch norm and rectifiers are folded away, and who wants them
// rectified.
#ifndef STP_QUANT_ORIGIN_H
#define STP_QUANT_ORIGIN_H

#include "graph/graph.h"

typedef struct stp_origin {
    int storage, c_first, c; // channels of a tensor that owns its memory
    int rectified;           // a negative value there is a 0 here
} stp_origin;

stp_origin stp_origin_of(const stp_graph *g, int tensor);

// What an operation reads as its index-th source; storage -1 past the last. Rectified where the operation
// itself does it.
stp_origin stp_origin_read(const stp_graph *g, const stp_op *op, int index);

// Whether all operations that read any of these channels want them rectified (at least one does), so that
// whoever writes them may do it. The network's output is wanted as it is.
int stp_origin_all_rectify(const stp_graph *g, const stp_origin *origin);

// Whether all operations that write any of these channels rectify by that rule.
int stp_origin_is_rectified(const stp_graph *g, const stp_origin *origin);

#endif
