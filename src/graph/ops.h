// The operations' functions, for the registry's rows.
#ifndef STP_GRAPH_OPS_H
#define STP_GRAPH_OPS_H

#include "graph/exec_internal.h"

long long stp_conv_macs(const stp_graph *g, const stp_op *op);
void stp_conv_op_forward(stp_exec *x, const stp_op *op, int block);
void stp_conv_op_backward(stp_exec *x, const stp_op *op, int block);

long long stp_dwpw_macs(const stp_graph *g, const stp_op *op);
void stp_dwpw_op_forward(stp_exec *x, const stp_op *op, int block);
void stp_dwpw_op_backward(stp_exec *x, const stp_op *op, int block);
void stp_dwpw_op_after_backward(stp_exec *x, const stp_op *op);

void stp_pool_op_forward(stp_exec *x, const stp_op *op, int block);
void stp_pool_op_backward(stp_exec *x, const stp_op *op, int block);

void stp_affine_op_forward(stp_exec *x, const stp_op *op, int block);
void stp_affine_op_backward(stp_exec *x, const stp_op *op, int block);
void stp_affine_op_after_backward(stp_exec *x, const stp_op *op);

int stp_mix_source(const stp_graph *g, const stp_op *op, int index);
void stp_mix_op_before_forward(stp_exec *x, const stp_op *op);
void stp_mix_op_forward(stp_exec *x, const stp_op *op, int block);
void stp_mix_op_backward(stp_exec *x, const stp_op *op, int block);
void stp_mix_op_after_backward(stp_exec *x, const stp_op *op);
// The part of a mix's backward that belongs to the one term that `maker` made.
void stp_mix_dot(stp_exec *x, const stp_op *maker, int block);
void stp_mix_after_dot(stp_exec *x, const stp_op *maker);

void stp_mean_op_forward(stp_exec *x, const stp_op *op, int block);
void stp_mean_op_backward(stp_exec *x, const stp_op *op, int block);

long long stp_linear_macs(const stp_graph *g, const stp_op *op);
void stp_linear_op_forward(stp_exec *x, const stp_op *op, int block);
void stp_linear_op_backward(stp_exec *x, const stp_op *op, int block);

#endif
