// outputs * tile values of dz stay in registers, at most 20 of AVX-512's 32. With 16 registers there is
// nothing to gain. Every result is written only, so a row's last tile may move back over the one before.
#include "kernel/lanes/dz_fused.h"

#if STP_LANES >= 16

enum { VALUES = 20 };

LANE_INLINE void dz_tile(const dz_fused *job, int p, const int outputs, const int tile) {
    lane_vec dz[VALUES];
    STP_UNROLL
    for (int m = 0; m < outputs; m++) {
        const stp_real *g = job->g + m * job->g_chan + p * LANES, *z = job->z + m * job->z_chan + p * LANES;
        STP_UNROLL
        for (int j = 0; j < tile; j++)
            dz[m * tile + j] = lane_set(job->a[m]) * lane_load(g + j * LANES) +
                               (lane_set(job->b[m]) * lane_load(z + j * LANES) + lane_set(job->e[m]));
    }
    if (job->dz) {
        STP_UNROLL
        for (int i = 0; i < outputs * tile; i++)
            lane_store(job->dz + ((ptrdiff_t)(i / tile) * job->columns + p + i % tile) * LANES, dz[i]);
    }
    for (int c = 0; c < job->channels; c++) {
        const stp_real *w = job->w_pw + c;
        stp_real *dd = job->dd + c * job->dd_chan + p * LANES;
        lane_vec y[VALUES];
        STP_UNROLL
        for (int j = 0; j < tile; j++)
            y[j] = dz[j] * lane_set(w[0]);
        STP_UNROLL
        for (int m = 1; m < outputs; m++) {
            const lane_vec k = lane_set(w[m * job->channels]);
            STP_UNROLL
            for (int j = 0; j < tile; j++)
                y[j] += dz[m * tile + j] * k;
        }
        STP_UNROLL
        for (int j = 0; j < tile; j++)
            lane_store(dd + j * LANES, y[j]);
    }
}

LANE_INLINE void dz_run(const dz_fused *job, const int outputs, const int tile) {
    const int n = job->columns;
    int p = 0;
    for (; n - p >= tile; p += tile)
        dz_tile(job, p, outputs, tile);
    if (p < n && n >= tile) {
        dz_tile(job, n - tile, outputs, tile);
        return;
    }
    for (; p < n; p++)
        dz_tile(job, p, outputs, 1);
}

static void dz_2(const dz_fused *job) {
    dz_run(job, 2, 10);
}
static void dz_4(const dz_fused *job) {
    dz_run(job, 4, 5);
}
static void dz_8(const dz_fused *job) {
    dz_run(job, 8, 2);
}

dz_fused_fn STP_LANE_NAME(stp_dz_fused_pick)(int outputs) {
    return outputs == 2 ? dz_2 : outputs == 4 ? dz_4 : outputs == 8 ? dz_8 : NULL;
}

#else

dz_fused_fn STP_LANE_NAME(stp_dz_fused_pick)(int outputs) {
    (void)outputs;
    return NULL;
}

#endif
