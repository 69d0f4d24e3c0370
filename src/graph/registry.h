// The one table of operations: what each is called, costs, reads and writes, and how it runs. Adding an
// operation is adding a row and its kernels, and, where it shall ship, a function that makes int8 operations
// of it and ties their scales: the table in src/quant/lower.c has a place for each row.
#ifndef STP_GRAPH_REGISTRY_H
#define STP_GRAPH_REGISTRY_H

#include "graph/exec.h"
#include "graph/graph.h"

typedef struct stp_op_row {
    const char *name;
    // Multiply-accumulates of one sample; NULL: none worth counting.
    long long (*macs)(const stp_graph *g, const stp_op *op);
    // The tensors whose values forward reads and whose gradients backward makes: op->in, or a mix's terms.
    int (*sources)(const stp_graph *g, const stp_op *op, int index); // the index-th source, -1 past the last
    int reads_output_backward; // backward needs the value of the output itself
    // One lane block. `block` counts through all groups held in memory.
    void (*forward)(stp_exec *x, const stp_op *op, int block);
    void (*backward)(stp_exec *x, const stp_op *op, int block);
    // Before and after all blocks, by one thread; NULL: nothing to do.
    void (*before_forward)(stp_exec *x, const stp_op *op);
    void (*after_forward)(stp_exec *x, const stp_op *op);
    void (*before_backward)(stp_exec *x, const stp_op *op);
    void (*after_backward)(stp_exec *x, const stp_op *op);
} stp_op_row;

extern const stp_op_row stp_op_registry[STP_OP_KINDS];

#endif
