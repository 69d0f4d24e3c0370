// The kernels of one instruction set, as table.c lists them. What they do is said at stp_kernels (kernel.h).
#ifndef STP_KERNEL_LANES_LANE_KERNELS_H
#define STP_KERNEL_LANES_LANE_KERNELS_H

#include "kernel/lanes/lane.h"

void STP_LANE_NAME(stp_dwpw_forward)(const stp_window *window, stp_view in, const stp_rectifier *rect,
                                     const stp_real *w_dw, const stp_real *w_pw, const stp_real *bias,
                                     stp_view z, stp_real *sums, stp_real *scratch);
void STP_LANE_NAME(stp_dwpw_backward)(const stp_window *window, stp_upstream up, stp_view in,
                                      const stp_rectifier *rect, const stp_real *w_dw, const stp_real *w_pw,
                                      stp_view d_in, int add, stp_real *in_sums, stp_real *d_w_dw,
                                      stp_real *d_w_pw, stp_real *d_bias, stp_real *scratch);

void STP_LANE_NAME(stp_conv_forward)(const stp_window *window, int relu_in, stp_view in, const stp_real *w,
                                     const stp_real *bias, stp_view z, stp_real *sums, stp_real *scratch);
void STP_LANE_NAME(stp_conv_backward)(const stp_window *window, int relu_in, stp_upstream up, stp_view in,
                                      const stp_real *w, stp_view d_in, int add, stp_real *d_w,
                                      stp_real *d_bias, stp_real *scratch);

void STP_LANE_NAME(stp_pool_forward)(stp_pool_kind kind, const stp_window *window, stp_view in, stp_view out,
                                     stp_real *sums);
void STP_LANE_NAME(stp_pool_backward)(stp_pool_kind kind, const stp_window *window, stp_upstream up,
                                      stp_view in, stp_view out, stp_view d_in, int add, stp_real *scratch);

void STP_LANE_NAME(stp_affine_forward)(stp_view z, const stp_real *scale, const stp_real *shift, int relu,
                                       stp_view out);
void STP_LANE_NAME(stp_affine_backward)(stp_view g, stp_view z, const stp_real *scale, const stp_real *shift,
                                        int relu, stp_view d_y, int add, stp_real *sums);

void STP_LANE_NAME(stp_mix_forward)(int count, const stp_view *terms, const stp_real *coef,
                                    const stp_real *constant, const stp_real *lane_factor, stp_view out,
                                    int add);
void STP_LANE_NAME(stp_mix_backward)(stp_view g, int count, const stp_view *terms, const stp_real *coef,
                                     const stp_real *lane_factor, stp_real *sums, const stp_view *d_terms,
                                     const int *add);
void STP_LANE_NAME(stp_mix_gather)(int count, const stp_view *g, const stp_real *coef, stp_view term,
                                   stp_real *sums, stp_view d_term, int add);

void STP_LANE_NAME(stp_mean_forward)(stp_view in, stp_real *out);
void STP_LANE_NAME(stp_mean_backward)(const stp_real *g, stp_view d_in, int add);
void STP_LANE_NAME(stp_linear_forward)(int channels, int outputs, const stp_real *in, const stp_real *w,
                                       const stp_real *bias, stp_real *out);
void STP_LANE_NAME(stp_linear_backward)(int channels, int outputs, const stp_real *g, const stp_real *in,
                                        const stp_real *w, stp_real *d_in, stp_real *d_w, stp_real *d_bias);

void STP_LANE_NAME(stp_round_forward)(stp_view z, stp_real step, stp_real low, stp_real high);
void STP_LANE_NAME(stp_round_backward)(stp_view z, stp_real low, stp_real high, stp_view g);

void STP_LANE_NAME(stp_clear_halo)(stp_view out);

#endif
