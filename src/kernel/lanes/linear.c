// The linear layer on one vector a channel. Small beside any convolution: four rows of products at a time, so
// that their sums do not wait for one another, and no more art than that.
#include "kernel/lanes/lane_kernels.h"
#include "kernel/lanes/lane_sums.h"

enum { ROWS = 4 };

// acc[i] += sum over n of w[i * w_row + n * w_step] * x[n].
LANE_INLINE void products(lane_vec *acc, const int rows, int n, const stp_real *w, ptrdiff_t w_row,
                          ptrdiff_t w_step, const stp_real *x) {
    for (int k = 0; k < n; k++, w += w_step) {
        lane_vec value = lane_load(x + k * LANES);
        STP_UNROLL
        for (int i = 0; i < rows; i++)
            acc[i] += value * w[i * w_row];
    }
}

LANE_INLINE void product_rows(const int rows, int n, const stp_real *w, ptrdiff_t w_row, ptrdiff_t w_step,
                              const stp_real *x, const stp_real *bias, stp_real *out) {
    lane_vec acc[ROWS];
    STP_UNROLL
    for (int i = 0; i < rows; i++)
        acc[i] = lane_set(bias ? bias[i] : 0);
    products(acc, rows, n, w, w_row, w_step, x);
    STP_UNROLL
    for (int i = 0; i < rows; i++)
        lane_store(out + i * LANES, acc[i]);
}

void STP_LANE_NAME(stp_linear_forward)(int channels, int outputs, const stp_real *in, const stp_real *w,
                                       const stp_real *bias, stp_real *out) {
    int m = 0;
    for (; m + ROWS <= outputs; m += ROWS)
        product_rows(ROWS, channels, w + (ptrdiff_t)m * channels, channels, 1, in, bias ? bias + m : NULL,
                     out + m * LANES);
    for (; m < outputs; m++)
        product_rows(1, channels, w + (ptrdiff_t)m * channels, channels, 1, in, bias ? bias + m : NULL,
                     out + m * LANES);
}

// d_w[c] = sum over lanes of g * in[c].
static void weight_row(int channels, lane_vec g, const stp_real *in, stp_real *d_w) {
    int c = 0;
    for (; c + LANES <= channels; c += LANES) {
        lane_vec x[LANES];
        STP_UNROLL
        for (int i = 0; i < LANES; i++)
            x[i] = g * lane_load(in + (c + i) * LANES);
        lane_vec sum = lane_sums_of(x);
        __builtin_memcpy(d_w + c, &sum, sizeof sum); // d_w need not be aligned
    }
    for (; c < channels; c++)
        d_w[c] = lane_sum(g * lane_load(in + c * LANES));
}

void STP_LANE_NAME(stp_linear_backward)(int channels, int outputs, const stp_real *g, const stp_real *in,
                                        const stp_real *w, stp_real *d_in, stp_real *d_w, stp_real *d_bias) {
    if (d_in) {
        int c = 0;
        for (; c + ROWS <= channels; c += ROWS)
            product_rows(ROWS, outputs, w + c, 1, channels, g, NULL, d_in + c * LANES);
        for (; c < channels; c++)
            product_rows(1, outputs, w + c, 1, channels, g, NULL, d_in + c * LANES);
    }
    if (d_w)
        for (int m = 0; m < outputs; m++)
            weight_row(channels, lane_load(g + m * LANES), in, d_w + (ptrdiff_t)m * channels);
    if (d_bias)
        lane_sums(g, outputs, d_bias);
}
