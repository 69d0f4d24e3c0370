// Convolution, forward: pack a panel of input, multiply it by the weights of TILE output channels at a time,
// and take the sums of batch statistics while the results are still in registers.
#include "kernel/lanes/conv_panel.h"
#include "kernel/lanes/lane_kernels.h"

typedef struct conv_target {
    stp_view z;
    stp_real *sums;
    int count;
    ptrdiff_t offset[PANEL];
} conv_target;

LANE_INLINE void add_sums(stp_real *sums, lane_vec sum, lane_vec square) {
    lane_store(sums, lane_load(sums) + sum);
    lane_store(sums + LANES, lane_load(sums + LANES) + square);
}

// A whole panel of `rows` channels, straight from registers.
LANE_INLINE void store_whole(const conv_target *to, int m, const int rows, const lane_vec *acc) {
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        lane_store(to->z.p + (m + n / PANEL) * to->z.chan + to->offset[n % PANEL], acc[n]);
    if (!to->sums)
        return;
    lane_vec sum[TILE], square[TILE];
    STP_UNROLL
    for (int i = 0; i < rows; i++) {
        sum[i] = acc[i * PANEL];
        square[i] = acc[i * PANEL] * acc[i * PANEL];
    }
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++) {
        if (n % PANEL == 0)
            continue;
        sum[n / PANEL] += acc[n];
        square[n / PANEL] += acc[n] * acc[n];
    }
    STP_UNROLL
    for (int i = 0; i < rows; i++)
        add_sums(to->sums + (ptrdiff_t)(m + i) * 2 * LANES, sum[i], square[i]);
}

// The last panel, of which only `count` pixels exist. The loops run over a copy in memory, so that acc stays
// in registers everywhere else.
LANE_INLINE void store_part(const conv_target *to, int m, const int rows, const lane_vec *acc) {
    lane_vec copy[TILE * PANEL];
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        copy[n] = acc[n];
    for (int i = 0; i < rows; i++) {
        lane_vec sum = lane_zero(), square = lane_zero();
        for (int p = 0; p < to->count; p++) {
            lane_vec x = copy[i * PANEL + p];
            lane_store(to->z.p + (m + i) * to->z.chan + to->offset[p], x);
            sum += x;
            square += x * x;
        }
        if (to->sums)
            add_sums(to->sums + (ptrdiff_t)(m + i) * 2 * LANES, sum, square);
    }
}

LANE_INLINE void forward_tile(const conv_target *to, int m, const int rows, int terms, const stp_real *x,
                              const stp_real *w, const stp_real *bias) {
    lane_vec acc[TILE * PANEL];
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        acc[n] = lane_set(bias ? bias[m + n / PANEL] : 0);
    conv_tile(acc, rows, terms, x, w + (ptrdiff_t)m * terms, terms, 1);
    if (to->count == PANEL)
        store_whole(to, m, rows, acc);
    else
        store_part(to, m, rows, acc);
}

void STP_LANE_NAME(stp_conv_forward)(const stp_window *window, int relu_in, stp_view in, const stp_real *w,
                                     const stp_real *bias, stp_view z, stp_real *sums, stp_real *scratch) {
    int terms = in.c * window->k_h * window->k_w, pixels = z.h * z.w;
    conv_target to = {.z = z, .sums = sums};
    for (int first = 0; first < pixels; first += PANEL) {
        conv_panel panel = conv_panel_at(first, z);
        conv_pack(window, relu_in, in, &panel, scratch);
        to.count = panel.count;
        conv_panel_offsets(&panel, z, to.offset);
        int m = 0;
        for (; m + TILE <= z.c; m += TILE)
            forward_tile(&to, m, TILE, terms, scratch, w, bias);
        for (; m < z.c; m++)
            forward_tile(&to, m, 1, terms, scratch, w, bias);
    }
}
