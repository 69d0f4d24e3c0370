// Convolution, forward: pack a panel of input, multiply it by the weights of TILE output channels at a time,
// and take the sums of batch statistics while the results are still in registers.
#include "kernel/lanes/conv_panel.h"
#include "kernel/lanes/lane_kernels.h"

typedef struct conv_target {
    stp_view z;
    stp_real *sums;
    const ptrdiff_t *at; // the panel's pixels in z; -1 after the last
    int whole;
} conv_target;

LANE_INLINE void add_sums(stp_real *sums, lane_vec sum, lane_vec square) {
    lane_store(sums, lane_load(sums) + sum);
    lane_store(sums + LANES, lane_load(sums + LANES) + square);
}

// A whole panel of `rows` channels, straight from registers.
LANE_INLINE void store_whole(const conv_target *to, int m, const int rows, const lane_vec *acc) {
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        lane_store(to->z.p + (m + n / PANEL) * to->z.chan + to->at[n % PANEL], acc[n]);
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

// The last panel, of which only some pixels exist. The loops run over a copy in memory, so that acc stays
// in registers everywhere else.
LANE_INLINE void store_part(const conv_target *to, int m, const int rows, const lane_vec *acc) {
    lane_vec copy[TILE * PANEL];
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        copy[n] = acc[n];
    for (int i = 0; i < rows; i++) {
        lane_vec sum = lane_zero(), square = lane_zero();
        for (int p = 0; p < PANEL && to->at[p] >= 0; p++) {
            lane_vec x = copy[i * PANEL + p];
            lane_store(to->z.p + (m + i) * to->z.chan + to->at[p], x);
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
    if (to->whole)
        store_whole(to, m, rows, acc);
    else
        store_part(to, m, rows, acc);
}

typedef struct conv_job {
    const stp_real *w, *bias, *x; // x: the chunk's panels
    int terms, outputs;
} conv_job;

// TILE channels of a panel, or what is left of them.
static void forward_channels(const conv_job *job, const conv_target *to, int n, int m) {
    const stp_real *x = job->x + (ptrdiff_t)n * job->terms * PANEL_REALS;
    if (m + TILE <= job->outputs) {
        forward_tile(to, m, TILE, job->terms, x, job->w, job->bias);
        return;
    }
    for (; m < job->outputs; m++)
        forward_tile(to, m, 1, job->terms, x, job->w, job->bias);
}

static void forward_chunk(const conv_job *job, const conv_chunk *chunk, stp_view z, stp_real *sums) {
    conv_places places;
    conv_places_out(chunk, z, &places);
    conv_target to[CONV_CHUNK_PIXELS / PANEL];
    for (int n = 0; n < chunk->panels; n++)
        to[n] = (conv_target){z, sums, places.at + n * PANEL, places.whole[n]};
    if (chunk->panels * PANEL * job->terms <= CONV_NEAR_VECTORS) {
        // All panels stay near: write z in long runs.
        for (int m = 0; m < job->outputs; m += TILE)
            for (int n = 0; n < chunk->panels; n++)
                forward_channels(job, &to[n], n, m);
        return;
    }
    for (int n = 0; n < chunk->panels; n++)
        for (int m = 0; m < job->outputs; m += TILE)
            forward_channels(job, &to[n], n, m);
}

void STP_LANE_NAME(stp_conv_forward)(const stp_window *window, int relu_in, stp_view in, const stp_real *w,
                                     const stp_real *bias, stp_view z, stp_real *sums, stp_real *scratch) {
    int terms = in.c * window->k_h * window->k_w, panels = conv_chunk_panels(0, terms, PANEL);
    conv_job job = {w, bias, scratch, terms, z.c};
    conv_chunk chunk;
    for (int first = 0; first < z.h * z.w;) {
        first = conv_chunk_at(&chunk, first, panels, z);
        conv_pack(window, relu_in, in, &chunk, scratch, (ptrdiff_t)terms * PANEL_REALS);
        forward_chunk(&job, &chunk, z, sums);
    }
}
