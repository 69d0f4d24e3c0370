// Float kernels, forward and backward twins, each on one lane block (see view.h). One table an instruction
// set, all made from the same sources (src/kernel/lanes). Kernels know no threads, allocate nothing and
// reduce over nothing but the block: sums over lanes, blocks and groups are the graph's, in a fixed order.
//
// Conventions, for every kernel here:
// - `in`, `out`, `g`... are views of stp_real; strides are multiples of the lane count; vectors are aligned.
// - "relu_in": the kernel reads max(x, 0) instead of x, and its backward masks d_in by x > 0 accordingly.
// - "sums" are per-channel per-lane accumulators, ADDED to (the caller zeroes them): forward
//   [c][2][lanes] holds sum z and sum z*z of the raw output; NULL when not wanted.
// - weight gradients are scalars summed over the block's pixels and lanes, WRITTEN (not added): the graph
//   gives each block its own slot. NULL when not wanted (the architecture step needs none).
// - d_in is ADDED to where `add` is 1, WRITTEN where it is 0; d_in.p == NULL skips it.
// - padding: pad_top/pad_left rows and columns of zeros before; what lies beyond the end is zero as well. A
//   negative pad skips input rows/columns.
// - `scratch`: at least stp_kernel_scratch_reals(...) reals, 64-byte aligned, contents undefined before and
//   after.
#ifndef STP_KERNEL_KERNEL_H
#define STP_KERNEL_KERNEL_H

#include "base/isa.h"
#include "kernel/view.h"

// Depthwise kernels: k_h up to 16, k_w up to 64, stride_w up to 8.
typedef struct stp_window {
    int k_h, k_w, stride_h, stride_w, dilation; // dilation serves both axes; 1 = none
    int pad_top, pad_left;
} stp_window;

// Gradient of a raw output z that is made on the fly: dz = a[c]*g + b[c]*z + e[c] (batch-norm backward folded
// with the coefficient of the consumer). a == NULL: dz = g, and z, b, e are not read.
typedef struct stp_upstream {
    stp_view g, z;
    const stp_real *a, *b, *e; // [channels]
} stp_upstream;

// The kernel reads max(scale[c]*in[c] + shift[c], 0) instead of in.
typedef struct stp_rectifier {
    const stp_real *scale, *shift; // [channels]
} stp_rectifier;

typedef enum stp_pool_kind { STP_POOL_MAX, STP_POOL_AVG } stp_pool_kind;

enum { STP_MIX_MAX_TERMS = 64 };

typedef struct stp_kernels {
    stp_isa isa;
    int lanes;

    // Depthwise convolution followed by a pointwise one, nothing between: d[c] = dw[c] * in[c]; z[m] = sum_c
    // pw[m][c] d[c]. in: [C][H][W] with halo >= reach of the window's columns, already rectified by whoever
    // made it; with `rect`, raw and without a halo. z: [M][OH][OW]. w_dw: [C][k_h][k_w]; w_pw: [M][C], or
    // NULL: then M == C and z = d + bias (a plain depthwise convolution). bias: [M] added to z, or NULL.
    // Cost: OH*OW*C*(k_h*k_w + M) MACs a lane.
    void (*dwpw_forward)(const stp_window *window, stp_view in, const stp_rectifier *rect,
                         const stp_real *w_dw, const stp_real *w_pw, const stp_real *bias, stp_view z,
                         stp_real *sums, stp_real *scratch);
    // The depthwise result is made again, row by row, where the pointwise gradient needs it: as much
    // arithmetic as the traffic it saves. d_in has the shape of `in` without halo. With `rect` (add must be
    // 0) d_in is the gradient of scale*in + shift: masked where the rectifier cut, and in_sums [C][2][lanes]
    // takes sum d_in and sum d_in*in, added to.
    void (*dwpw_backward)(const stp_window *window, stp_upstream up, stp_view in, const stp_rectifier *rect,
                          const stp_real *w_dw, const stp_real *w_pw, stp_view d_in, int add,
                          stp_real *in_sums, stp_real *d_w_dw, stp_real *d_w_pw, stp_real *d_bias,
                          stp_real *scratch);

    // Any convolution, dense over channels: z[m] = bias[m] + sum_{c,i,j} w[m][c][i][j] * in[c]. No halo
    // needed. 1x1 stride 1 takes a fast path. w: [M][C][k_h][k_w].
    void (*conv_forward)(const stp_window *window, int relu_in, stp_view in, const stp_real *w,
                         const stp_real *bias, stp_view z, stp_real *sums, stp_real *scratch);
    void (*conv_backward)(const stp_window *window, int relu_in, stp_upstream up, stp_view in,
                          const stp_real *w, stp_view d_in, int add, stp_real *d_w, stp_real *d_bias,
                          stp_real *scratch);

    // Pooling; padding never wins a maximum and is not counted in an average. sums as above, over the pooled
    // values. Backward of max: the gradient goes to the first maximum in scan order (rows, then columns).
    void (*pool_forward)(stp_pool_kind kind, const stp_window *window, stp_view in, stp_view out,
                         stp_real *sums);
    void (*pool_backward)(stp_pool_kind kind, const stp_window *window, stp_upstream up, stp_view in,
                          stp_view out, stp_view d_in, int add, stp_real *scratch);

    // out = act(scale[c]*z + shift[c]); act is relu or nothing; scale == NULL: out = act(z). out may have a
    // halo (left alone).
    void (*affine_forward)(stp_view z, const stp_real *scale, const stp_real *shift, int relu, stp_view out);
    // d_y = g masked where relu cut (scale*z+shift <= 0), without the factor scale; sums [c][2][lanes]: sum
    // d_y and sum d_y*z (NULL when not wanted). d_y may be the same view as g.
    void (*affine_backward)(stp_view g, stp_view z, const stp_real *scale, const stp_real *shift, int relu,
                            stp_view d_y, int add, stp_real *sums);

    // The node of a cell: out[c] = constant[c] + sum_t coef[t][c] * lane_factor[t][lane] * terms[t][c], or
    // that much more (add). coef: [terms][C]; constant: [C] or NULL; lane_factor: [terms][lanes] or NULL
    // (drop path); with it a constant belongs to a term, [terms][C], and is times the factor, too. All views
    // have out's shape. One pass over memory.
    void (*mix_forward)(int count, const stp_view *terms, const stp_real *coef, const stp_real *constant,
                        const stp_real *lane_factor, stp_view out, int add);
    // sums: [count + 1][C][lanes], ADDED to: sum g*f*terms[t] with f the lane factor, last: sum g. sums may
    // be NULL, and so may terms[t].p, whose sum is then left alone. d_terms[t] (p == NULL: skipped):
    // coef[t][c]*f[lane]*g, added where add[t]. One pass over memory.
    void (*mix_backward)(stp_view g, int count, const stp_view *terms, const stp_real *coef,
                         const stp_real *lane_factor, stp_real *sums, const stp_view *d_terms,
                         const int *add);

    // The other way round, for a term that several mixes share: d_term[c] = sum_t coef[t][c]*g[t][c], added
    // where `add` (p == NULL: not wanted); sums [count][C][lanes], ADDED to: sum g[t]*term (term.p NULL: left
    // alone). coef: [count][C]. All views have one shape. One pass over memory.
    void (*mix_gather)(int count, const stp_view *g, const stp_real *coef, stp_view term, stp_real *sums,
                       stp_view d_term, int add);

    // out[c][lane] = mean over pixels; backward spreads g[c][lane] / (h*w).
    void (*mean_forward)(stp_view in, stp_real *out);
    void (*mean_backward)(const stp_real *g, stp_view d_in, int add);
    // out[m][lane] = bias[m] + sum_c w[m][c] * in[c][lane]. Any of the three gradients may be NULL; d_in is
    // written.
    void (*linear_forward)(int channels, int outputs, const stp_real *in, const stp_real *w,
                           const stp_real *bias, stp_real *out);
    void (*linear_backward)(int channels, int outputs, const stp_real *g, const stp_real *in,
                            const stp_real *w, stp_real *d_in, stp_real *d_w, stp_real *d_bias);

    // What an 8-bit form makes of a result, in place: z = clamp(step * round(z / step), low, high), ties to
    // even; step 0 clamps only. low and high are multiples of step, or infinite. Backward is straight-through
    // (Bengio et al., "Estimating or Propagating Gradients Through Stochastic Neurons", 2013): g passes as it
    // is, but is 0 where the clamped z lies at low or high.
    void (*round_forward)(stp_view z, stp_real step, stp_real low, stp_real high);
    void (*round_backward)(stp_view z, stp_real low, stp_real high, stp_view g);

    // Zeros to `halo` columns at both ends of a tensor's rows, the inside left alone. Channels side by side
    // may share them: chan >= (w + halo) * lanes.
    void (*clear_halo)(stp_view out);
} stp_kernels;

// The table of an instruction set; NULL where this build or processor lacks it.
const stp_kernels *stp_kernels_get(stp_isa isa);

// Scratch that a kernel above may need for tensors of at most `channels` channels (in or out), `width`
// columns (in or out) and kernels of at most k (rows or columns) with dilation and stride up to 2: the
// convolutions that are dense over channels, or the depthwise ones and pools.
size_t stp_kernel_scratch_reals(int lanes, int dense, int channels, int width, int k);

#endif
