#include "graph/registry.h"

#include "graph/ops.h"

static int only_input(const stp_graph *g, const stp_op *op, int index) {
    (void)g;
    return index == 0 ? op->in : -1;
}

const stp_op_row stp_op_registry[STP_OP_KINDS] = {
    [STP_OP_CONV] = {.name = "conv",
                     .macs = stp_conv_macs,
                     .sources = only_input,
                     .forward = stp_conv_op_forward,
                     .backward = stp_conv_op_backward,
                     .after_forward = stp_bn_after_forward,
                     .before_backward = stp_bn_before_backward},
    [STP_OP_DWPW] = {.name = "dwpw",
                     .macs = stp_dwpw_macs,
                     .sources = only_input,
                     .forward = stp_dwpw_op_forward,
                     .backward = stp_dwpw_op_backward,
                     .after_forward = stp_bn_after_forward,
                     .before_backward = stp_bn_before_backward,
                     .after_backward = stp_dwpw_op_after_backward},
    [STP_OP_POOL] = {.name = "pool",
                     .sources = only_input,
                     .reads_output_backward = 1, // where the maximum was
                     .forward = stp_pool_op_forward,
                     .backward = stp_pool_op_backward,
                     .after_forward = stp_bn_after_forward,
                     .before_backward = stp_bn_before_backward},
    [STP_OP_AFFINE] = {.name = "affine",
                       .sources = only_input,
                       .forward = stp_affine_op_forward,
                       .backward = stp_affine_op_backward,
                       .after_backward = stp_affine_op_after_backward},
    [STP_OP_MIX] = {.name = "mix",
                    .sources = stp_mix_source,
                    .before_forward = stp_mix_op_before_forward,
                    .forward = stp_mix_op_forward,
                    .backward = stp_mix_op_backward,
                    .after_backward = stp_mix_op_after_backward},
    [STP_OP_MEAN] = {.name = "mean",
                     .sources = only_input,
                     .forward = stp_mean_op_forward,
                     .backward = stp_mean_op_backward},
    [STP_OP_LINEAR] = {.name = "linear",
                       .macs = stp_linear_macs,
                       .sources = only_input,
                       .forward = stp_linear_op_forward,
                       .backward = stp_linear_op_backward},
};
