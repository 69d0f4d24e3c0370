// The table of one instruction set.
#include "kernel/lanes/lane_kernels.h"

extern const stp_kernels STP_LANE_NAME(stp_kernels_table);

const stp_kernels STP_LANE_NAME(stp_kernels_table) = {
    .isa = STP_ISA,
    .lanes = LANES,
    .dwpw_forward = STP_LANE_NAME(stp_dwpw_forward),
    .dwpw_backward = STP_LANE_NAME(stp_dwpw_backward),
    .conv_forward = STP_LANE_NAME(stp_conv_forward),
    .conv_backward = STP_LANE_NAME(stp_conv_backward),
    .pool_forward = STP_LANE_NAME(stp_pool_forward),
    .pool_backward = STP_LANE_NAME(stp_pool_backward),
    .affine_forward = STP_LANE_NAME(stp_affine_forward),
    .affine_backward = STP_LANE_NAME(stp_affine_backward),
    .mix_forward = STP_LANE_NAME(stp_mix_forward),
    .mix_backward = STP_LANE_NAME(stp_mix_backward),
    .mix_gather = STP_LANE_NAME(stp_mix_gather),
    .mean_forward = STP_LANE_NAME(stp_mean_forward),
    .mean_backward = STP_LANE_NAME(stp_mean_backward),
    .linear_forward = STP_LANE_NAME(stp_linear_forward),
    .linear_backward = STP_LANE_NAME(stp_linear_backward),
    .round_forward = STP_LANE_NAME(stp_round_forward),
    .round_backward = STP_LANE_NAME(stp_round_backward),
    .clear_halo = STP_LANE_NAME(stp_clear_halo),
};
