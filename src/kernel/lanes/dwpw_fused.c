// channels * tile accumulators: 20 or 24 of AVX-512's 32 registers. With 16 registers there is nothing to
// gain. Eight channels leave a tile of 3 columns, which pays for 3x3 kernels and not for 5x5 (measured).
#include "kernel/lanes/dwpw_fused.h"

#if STP_LANES >= 16

enum { VALUES = 24, MOST_CHANNELS = 8, MOST_TAPS = 5 };

// What row i of the kernel adds to the depthwise values of `channels` channels at `tile` columns from p; the
// first row begins them. Channels take turns within a row, so that no sum waits for its last addition.
LANE_INLINE void depthwise_row(const dw_rows *job, lane_vec *acc, int i, const int first, int p,
                               const int channels, const int taps, const int stride, const int dilation,
                               const int tile) {
    const int reach = (tile - 1) * stride + (taps - 1) * dilation + 1;
    STP_UNROLL
    for (int c = 0; c < channels; c++) {
        const stp_real *x = lane_base(job->rows[i] + c * job->in_chan + p * stride * LANES);
        const stp_real *w = lane_base(job->weight[i] + c * job->weight_chan);
        lane_vec k[MOST_TAPS];
        STP_UNROLL
        for (int t = 0; t < taps; t++)
            k[t] = lane_held(lane_set(w[t]));
        STP_UNROLL
        for (int q = 0; q < reach; q++) {
            const lane_vec v = lane_held(lane_load(x + q * LANES));
            STP_UNROLL
            for (int t = 0; t < taps; t++) {
                const int j = q - t * dilation;
                if (j >= 0 && j % stride == 0 && j / stride < tile) {
                    lane_vec *a = acc + c * tile + j / stride;
                    *a = first && t == 0 ? v * k[t] : *a + v * k[t];
                }
            }
        }
    }
}

LANE_INLINE void depthwise(const dw_rows *job, lane_vec *acc, int p, const int channels, const int taps,
                           const int stride, const int dilation, const int tile) {
    depthwise_row(job, acc, 0, 1, p, channels, taps, stride, dilation, tile);
    for (int i = 1; i < job->count; i++)
        depthwise_row(job, acc, i, 0, p, channels, taps, stride, dilation, tile);
}

// One output channel of the tile; its first `skip` columns were written with the tile before.
LANE_INLINE void pointwise(const dwpw_fused *job, const lane_vec *acc, int m, int p, int skip,
                           const int channels, const int tile) {
    const stp_real *w = job->w_pw + m * channels;
    stp_real *z = job->z + m * job->z_chan + p * LANES;
    lane_vec y[VALUES];
    lane_vec k[MOST_CHANNELS];
    STP_UNROLL
    for (int c = 0; c < channels; c++)
        k[c] = lane_set(w[c]);
    STP_UNROLL
    for (int j = 0; j < tile; j++)
        y[j] = acc[j] * k[0];
    STP_UNROLL
    for (int c = 1; c < channels; c++) {
        STP_UNROLL
        for (int j = 0; j < tile; j++)
            y[j] += acc[c * tile + j] * k[c];
    }
    if (job->bias) {
        const lane_vec bias = lane_set(job->bias[m]);
        STP_UNROLL
        for (int j = 0; j < tile; j++)
            y[j] += bias;
    }
    STP_UNROLL
    for (int j = 0; j < tile; j++)
        if (j >= skip)
            lane_store(z + j * LANES, y[j]);
    if (!job->sums)
        return;
    stp_real *sums = job->sums + m * 2 * LANES;
    lane_vec s = lane_load(sums), q = lane_load(sums + LANES);
    STP_UNROLL
    for (int j = 0; j < tile; j++)
        if (j >= skip) {
            s += y[j];
            q += y[j] * y[j];
        }
    lane_store(sums, s);
    lane_store(sums + LANES, q);
}

LANE_INLINE void fused_tile(const dwpw_fused *job, int p, int skip, const int channels, const int taps,
                            const int stride, const int dilation, const int tile) {
    lane_vec acc[VALUES];
    depthwise(&job->dw, acc, p, channels, taps, stride, dilation, tile);
    for (int m = 0; m < job->outputs; m++)
        pointwise(job, acc, m, p, skip, channels, tile);
}

LANE_INLINE void fused_run(const dwpw_fused *job, const int channels, const int taps, const int stride,
                           const int dilation) {
    const int tile = channels == 8 ? 3 : 20 / channels, n = job->dw.columns;
    int p = 0;
    for (; n - p >= tile; p += tile)
        fused_tile(job, p, 0, channels, taps, stride, dilation, tile);
    if (p < n && n >= tile) {
        fused_tile(job, n - tile, tile - (n - p), channels, taps, stride, dilation, tile);
        return;
    }
    for (; p < n; p++)
        fused_tile(job, p, 0, channels, taps, stride, dilation, 1);
}

#define FUSED_RUN(channels, taps, stride, dilation)                                                          \
    static void fused_##channels##_##taps##_##stride##_##dilation(const dwpw_fused *job) {                   \
        fused_run(job, channels, taps, stride, dilation);                                                    \
    }
#define FUSED_WINDOWS_3(with, channels)                                                                      \
    with(channels, 3, 1, 1) with(channels, 3, 1, 2) with(channels, 3, 2, 1) with(channels, 3, 2, 2)
#define FUSED_WINDOWS(with, channels)                                                                        \
    FUSED_WINDOWS_3(with, channels)                                                                          \
    with(channels, 5, 1, 1) with(channels, 5, 1, 2) with(channels, 5, 2, 1) with(channels, 5, 2, 2)
FUSED_WINDOWS(FUSED_RUN, 2)
FUSED_WINDOWS(FUSED_RUN, 4)
FUSED_WINDOWS_3(FUSED_RUN, 8)

dwpw_fused_fn STP_LANE_NAME(stp_dwpw_fused_pick)(int channels, int taps, int stride, int dilation) {
#define FUSED_ROW(channels, taps, stride, dilation)                                                          \
    {channels, taps, stride, dilation, fused_##channels##_##taps##_##stride##_##dilation},
    static const struct {
        int channels, taps, stride, dilation;
        dwpw_fused_fn run;
    } fused[] = {FUSED_WINDOWS(FUSED_ROW, 2) FUSED_WINDOWS(FUSED_ROW, 4) FUSED_WINDOWS_3(FUSED_ROW, 8)};
    for (size_t i = 0; i < sizeof fused / sizeof *fused; i++)
        if (fused[i].channels == channels && fused[i].taps == taps && fused[i].stride == stride &&
            fused[i].dilation == dilation)
            return fused[i].run;
    return NULL;
}

#else

dwpw_fused_fn STP_LANE_NAME(stp_dwpw_fused_pick)(int channels, int taps, int stride, int dilation) {
    (void)channels, (void)taps, (void)stride, (void)dilation;
    return NULL;
}

#endif
