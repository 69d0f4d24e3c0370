// Tiles of neighbouring outputs are held in registers while the kernel's rows pass by, so that every input is
// loaded once a tile and used for all its taps.
#include "kernel/lanes/dw_rows.h"

enum { DW_TILE = 10, DW_TAPS = 5 }; // the widest tile and kernel made below

// Known where a tile is made: what it is added to, and whether its outputs are neighbours. (With both found
// out tile by tile, the compiler keeps one distance for every output in a register of its own.)
enum { DW_PLAIN, DW_ADD, DW_MASKED, DW_ANY };

// What output j of a tile starts with.
LANE_INLINE lane_vec dw_start(const dw_rows *job, int c, const stp_real *out, const int kind) {
    if (kind == DW_PLAIN || kind == DW_MASKED)
        return lane_zero();
    if (kind == DW_ADD)
        return lane_load(out);
    const lane_vec bias = lane_set(job->bias ? job->bias[c] : 0);
    return job->add ? bias + lane_load(out) : bias;
}

// Sums of a channel's masked outputs: even and odd columns, so that an addition need not wait for the one
// before.
typedef struct dw_sums {
    lane_vec s[2], q[2];
} dw_sums;

// Output j of a tile, x what lies under it.
LANE_INLINE lane_vec dw_masked(const dw_mask *mask, int c, lane_vec out, lane_vec x, dw_sums *sums,
                               const int j) {
    const lane_vec y = lane_keep(lane_set(mask->scale[c]) * x + lane_set(mask->shift[c]) > 0, out);
    sums->s[j % 2] += y;
    sums->q[j % 2] += y * x;
    return y;
}

// `tile` outputs of channel c from column p; the first `skip` of them are computed but not written (they were
// by the tile before: the last tile of a row is moved back to fit instead of being cut).
LANE_INLINE void dw_tile(const dw_rows *job, int c, int p, int skip, dw_sums *sums, const int kind,
                         const int taps, const int stride, const int dilation, const int tile) {
    const int reach = (tile - 1) * stride + (taps - 1) * dilation + 1;
    const ptrdiff_t step = kind == DW_ANY ? job->out_step : LANES;
    stp_real *out = job->out + c * job->out_chan + p * step;
    lane_vec acc[DW_TILE];
    STP_UNROLL
    for (int j = 0; j < tile; j++)
        acc[j] = dw_start(job, c, out + j * step, kind);
    for (int i = 0; i < job->count; i++) {
        const stp_real *x = lane_base(job->rows[i] + c * job->in_chan + p * stride * LANES);
        const stp_real *w = lane_base(job->weight[i] + c * job->weight_chan);
        lane_vec k[DW_TAPS];
        STP_UNROLL
        for (int t = 0; t < taps; t++)
            k[t] = lane_held(lane_set(w[t]));
        STP_UNROLL
        for (int q = 0; q < reach; q++) {
            const lane_vec v = lane_held(lane_load(x + q * LANES));
            STP_UNROLL
            for (int t = 0; t < taps; t++) {
                const int j = q - t * dilation;
                if (j >= 0 && j % stride == 0 && j / stride < tile)
                    acc[j / stride] += v * k[t];
            }
        }
    }
    const stp_real *under = kind == DW_MASKED ? job->mask->x + c * job->mask->x_chan + p * LANES : NULL;
    STP_UNROLL
    for (int j = 0; j < tile; j++) {
        if (j < skip)
            continue;
        if (kind == DW_MASKED)
            acc[j] = dw_masked(job->mask, c, acc[j], lane_load(under + j * LANES), sums, j);
        lane_store(out + j * step, acc[j]);
    }
}

LANE_INLINE void dw_channel(const dw_rows *job, int c, dw_sums *sums, const int kind, const int taps,
                            const int stride, const int dilation) {
    const int n = job->columns;
    int p = 0;
    for (; n - p >= 10; p += 10)
        dw_tile(job, c, p, 0, sums, kind, taps, stride, dilation, 10);
    if (n >= 10 && n - p > 5) {
        dw_tile(job, c, n - 10, 10 - (n - p), sums, kind, taps, stride, dilation, 10);
        return;
    }
    for (; n - p >= 5; p += 5)
        dw_tile(job, c, p, 0, sums, kind, taps, stride, dilation, 5);
    if (p == n)
        return;
    if (n >= 5) {
        dw_tile(job, c, n - 5, 5 - (n - p), sums, kind, taps, stride, dilation, 5);
        return;
    }
    for (; p < n; p++)
        dw_tile(job, c, p, 0, sums, kind, taps, stride, dilation, 1);
}

LANE_INLINE void dw_channels(const dw_rows *job, const int kind, const int taps, const int stride,
                             const int dilation) {
    for (int c = 0; c < job->channels; c++) {
        dw_sums sums = {{lane_zero(), lane_zero()}, {lane_zero(), lane_zero()}};
        dw_channel(job, c, &sums, kind, taps, stride, dilation);
        if (kind != DW_MASKED)
            continue;
        stp_real *to = job->mask->sums + c * 2 * LANES;
        lane_store(to, lane_load(to) + (sums.s[0] + sums.s[1]));
        lane_store(to + LANES, lane_load(to + LANES) + (sums.q[0] + sums.q[1]));
    }
}

LANE_INLINE void dw_run(const dw_rows *job, const int taps, const int stride, const int dilation) {
    if (job->bias || job->out_step != LANES)
        dw_channels(job, DW_ANY, taps, stride, dilation);
    else if (job->add)
        dw_channels(job, DW_ADD, taps, stride, dilation);
    else
        dw_channels(job, DW_PLAIN, taps, stride, dilation);
}

#define DW_RUN(taps, stride, dilation)                                                                       \
    static void dw_##taps##_##stride##_##dilation(const dw_rows *job) {                                      \
        dw_run(job, taps, stride, dilation);                                                                 \
    }
DW_RUN(1, 1, 1)
DW_RUN(2, 1, 1)
DW_RUN(3, 1, 1)
DW_RUN(3, 1, 2)
DW_RUN(3, 2, 1)
DW_RUN(3, 2, 2)
DW_RUN(5, 1, 1)
DW_RUN(5, 1, 2)
DW_RUN(5, 2, 1)
DW_RUN(5, 2, 2)

static void dw_any(const dw_rows *job) {
    for (int c = 0; c < job->channels; c++)
        for (int p = 0; p < job->columns; p++) {
            stp_real *out = job->out + c * job->out_chan + p * job->out_step;
            lane_vec acc = lane_set(job->bias ? job->bias[c] : 0);
            if (job->add)
                acc += lane_load(out);
            for (int i = 0; i < job->count; i++) {
                const stp_real *x = job->rows[i] + c * job->in_chan + p * job->stride * LANES;
                const stp_real *w = job->weight[i] + c * job->weight_chan;
                for (int t = 0; t < job->taps; t++)
                    acc += lane_load(x + t * job->dilation * LANES) * lane_set(w[t]);
            }
            lane_store(out, acc);
        }
}

dw_rows_fn STP_LANE_NAME(stp_dw_rows_pick)(int taps, int stride, int dilation) {
    static const struct {
        int taps, stride, dilation;
        dw_rows_fn run;
    } fast[] = {
        {1, 1, 1, dw_1_1_1}, {2, 1, 1, dw_2_1_1}, {3, 1, 1, dw_3_1_1}, {3, 1, 2, dw_3_1_2},
        {3, 2, 1, dw_3_2_1}, {3, 2, 2, dw_3_2_2}, {5, 1, 1, dw_5_1_1}, {5, 1, 2, dw_5_1_2},
        {5, 2, 1, dw_5_2_1}, {5, 2, 2, dw_5_2_2},
    };
    if (taps == 1)
        dilation = 1;
    for (size_t i = 0; i < sizeof fast / sizeof *fast; i++)
        if (fast[i].taps == taps && fast[i].stride == stride && fast[i].dilation == dilation)
            return fast[i].run;
    return dw_any;
}

#if STP_LANES >= 16

#define DW_MASKED_RUN(taps, dilation)                                                                        \
    static void masked_##taps##_##dilation(const dw_rows *job) {                                             \
        dw_channels(job, DW_MASKED, taps, 1, dilation);                                                      \
    }
DW_MASKED_RUN(3, 1)
DW_MASKED_RUN(3, 2)
DW_MASKED_RUN(5, 1)
DW_MASKED_RUN(5, 2)

dw_rows_fn STP_LANE_NAME(stp_dw_masked_pick)(int taps, int dilation) {
    if (taps == 3)
        return dilation == 1 ? masked_3_1 : dilation == 2 ? masked_3_2 : NULL;
    if (taps == 5)
        return dilation == 1 ? masked_5_1 : dilation == 2 ? masked_5_2 : NULL;
    return NULL;
}

#else // too few registers to gain

dw_rows_fn STP_LANE_NAME(stp_dw_masked_pick)(int taps, int dilation) {
    (void)taps, (void)dilation;
    return NULL;
}

#endif
