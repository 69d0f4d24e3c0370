// Weight gradients of a convolution: panels of dz times panels of input, in tiles of vector accumulators that
// wait in scratch between chunks and are summed over lanes at the end, in a fixed order.
#ifndef STP_KERNEL_LANES_CONV_WEIGHTS_H
#define STP_KERNEL_LANES_CONV_WEIGHTS_H

#include "kernel/lanes/conv_agenda.h"
#include "kernel/lanes/lane_sums.h"

// Four by four accumulators fill half of 32 registers; four by two fill half of 16.
enum { GRAD_M = 4, GRAD_Q = LANES >= 16 ? 4 : 2, GRAD_TILE = GRAD_M * GRAD_Q };

// One tile of accumulators over `panels` panels: acc[i][j] += sum over pixels of dz[i] * x[j].
LANE_INLINE void conv_weight_tile(stp_real *sums, int panels, const stp_real *dz, ptrdiff_t dz_step,
                                  const stp_real *x, ptrdiff_t x_step, conv_ahead ahead) {
    lane_vec acc[GRAD_TILE];
    STP_UNROLL
    for (int n = 0; n < GRAD_TILE; n++)
        acc[n] = lane_load(sums + n * LANES);
    for (int k = 0; k < panels; k++, dz += dz_step, x += x_step)
        for (int p = 0; p < PANEL_REALS; p += LANES) {
            lane_vec left[GRAD_M], right[GRAD_Q];
            STP_UNROLL
            for (int i = 0; i < GRAD_M; i++)
                left[i] = lane_load(dz + i * PANEL_REALS + p);
            STP_UNROLL
            for (int j = 0; j < GRAD_Q; j++)
                right[j] = lane_load(x + j * PANEL_REALS + p);
            STP_UNROLL
            for (int n = 0; n < GRAD_TILE; n++)
                acc[n] += left[n / GRAD_Q] * right[n % GRAD_Q];
            conv_ahead_fetch(&ahead, AHEAD_BACKWARD);
        }
    STP_UNROLL
    for (int n = 0; n < GRAD_TILE; n++)
        lane_store(sums + n * LANES, acc[n]);
}

// Terms go in blocks whose panels share the first-level cache with a tile of dz: so many in a block.
static inline int conv_weight_block(int pixels) {
    return pixels * LANES > CONV_FEW_PIXELS * 16 ? 8 : 16;
}

static inline void conv_weight_products(conv_agenda *ahead, stp_real *sums, int panels, const stp_real *dz,
                                        int m_rows, const stp_real *x, int q_rows, int block) {
    ptrdiff_t dz_step = (ptrdiff_t)conv_panel_vectors(m_rows, PANEL) * LANES;
    ptrdiff_t x_step = (ptrdiff_t)conv_panel_vectors(q_rows, PANEL) * LANES;
    for (int q0 = 0; q0 < q_rows; q0 += block) {
        int q1 = q0 + block < q_rows ? q0 + block : q_rows;
        for (int m = 0; m < m_rows; m += GRAD_M)
            for (int q = q0; q < q1; q += GRAD_Q, sums += GRAD_TILE * LANES)
                conv_weight_tile(sums, panels, dz + m * PANEL_REALS, dz_step, x + q * PANEL_REALS, x_step,
                                 conv_agenda_take(ahead, panels * PANEL));
    }
}

// Tiles of vectors to d_w[m][q]; `sums` holds tile after tile in the order of conv_weight_products, rows of
// GRAD_Q in each.
static inline void conv_weights_out(const stp_real *sums, int m_count, int terms, int block, stp_real *d_w) {
    for (int q0 = 0; q0 < terms; q0 += block)
        for (int m = 0; m < m_count; m += GRAD_M)
            for (int q = q0; q < terms && q < q0 + block; q += GRAD_Q, sums += GRAD_TILE * LANES) {
                stp_real tile[GRAD_TILE];
                lane_sums(sums, GRAD_TILE, tile);
                for (int i = 0; i < GRAD_M && m + i < m_count; i++)
                    for (int j = 0; j < GRAD_Q && q + j < terms; j++)
                        d_w[(ptrdiff_t)(m + i) * terms + q + j] = tile[i * GRAD_Q + j];
            }
}

#endif
