// Pointwise products over rows: out[m][p] = bias[m] + sum_c w[m][c] * in[c][p], and the gradient of w.
// Included by the kernels that need them; everything is inlined with the flags known where it is used.
#ifndef STP_KERNEL_LANES_PW_ROWS_H
#define STP_KERNEL_LANES_PW_ROWS_H

#include "kernel/lanes/lane.h"

// Registers: PW_M * PW_N accumulators, PW_N inputs, a weight. 32 registers with AVX-512, 16 elsewhere.
enum { PW_M = STP_LANES >= 16 ? 4 : 2, PW_N = 5, PW_C = 4 };

typedef struct pw_rows {
    const stp_real *in, *w, *bias; // weight (m, c) at w[m * w_out + c * w_in]
    stp_real *out, *sums;          // sums [m][2][LANES], added to; NULL when not wanted
    ptrdiff_t in_chan, out_chan, w_out, w_in;
    int inputs, outputs, columns;
} pw_rows;

// ms outputs by ns columns, of which the first `skip` columns were written before.
LANE_INLINE void pw_tile(const pw_rows *job, int m, int p, int skip, const int ms, const int ns) {
    const stp_real *x = job->in + p * LANES, *w = job->w + m * job->w_out;
    lane_vec acc[PW_M * PW_N];
    STP_UNROLL
    for (int i = 0; i < ms; i++) {
        const lane_vec start = lane_set(job->bias ? job->bias[m + i] : 0);
        STP_UNROLL
        for (int j = 0; j < ns; j++)
            acc[i * ns + j] = start;
    }
    for (int c = 0; c < job->inputs; c++) {
        lane_vec v[PW_N];
        STP_UNROLL
        for (int j = 0; j < ns; j++)
            v[j] = lane_held(lane_load(x + j * LANES));
        STP_UNROLL
        for (int i = 0; i < ms; i++) {
            const lane_vec k = lane_held(lane_set(w[i * job->w_out]));
            STP_UNROLL
            for (int j = 0; j < ns; j++)
                acc[i * ns + j] += v[j] * k;
        }
        x += job->in_chan;
        w += job->w_in;
    }
    STP_UNROLL
    for (int i = 0; i < ms; i++) {
        stp_real *out = job->out + (m + i) * job->out_chan + p * LANES;
        STP_UNROLL
        for (int j = 0; j < ns; j++)
            if (j >= skip)
                lane_store(out + j * LANES, acc[i * ns + j]);
        if (!job->sums)
            continue;
        stp_real *sums = job->sums + (m + i) * 2 * LANES;
        lane_vec s = lane_load(sums), q = lane_load(sums + LANES);
        STP_UNROLL
        for (int j = 0; j < ns; j++)
            if (j >= skip) {
                s += acc[i * ns + j];
                q += acc[i * ns + j] * acc[i * ns + j];
            }
        lane_store(sums, s);
        lane_store(sums + LANES, q);
    }
}

LANE_INLINE void pw_columns(const pw_rows *job, int m, const int ms) {
    const int n = job->columns;
    int p = 0;
    for (; n - p >= PW_N; p += PW_N)
        pw_tile(job, m, p, 0, ms, PW_N);
    if (p < n && n >= PW_N) {
        pw_tile(job, m, n - PW_N, PW_N - (n - p), ms, PW_N);
        return;
    }
    for (; p < n; p++)
        pw_tile(job, m, p, 0, ms, 1);
}

LANE_INLINE void pw_run(const pw_rows *job) {
    int m = 0;
    for (; job->outputs - m >= PW_M; m += PW_M)
        pw_columns(job, m, PW_M);
    for (; m < job->outputs; m++)
        pw_columns(job, m, 1);
}

// acc[m][c][LANES] += sum over columns of g[m][p] * x[c][p].
typedef struct pw_gradient {
    const stp_real *g, *x;
    ptrdiff_t g_chan, x_chan;
    stp_real *acc;
    int inputs, outputs, columns;
} pw_gradient;

LANE_INLINE void pw_gradient_tile(const pw_gradient *job, int m, int c, const int ms, const int cs) {
    const stp_real *g = job->g + m * job->g_chan, *x = job->x + c * job->x_chan;
    stp_real *out = job->acc + ((ptrdiff_t)m * job->inputs + c) * LANES;
    const ptrdiff_t out_row = (ptrdiff_t)job->inputs * LANES;
    lane_vec acc[PW_M * PW_C];
    STP_UNROLL
    for (int i = 0; i < ms; i++) {
        STP_UNROLL
        for (int j = 0; j < cs; j++)
            acc[i * cs + j] = lane_load(out + i * out_row + j * LANES);
    }
    for (int p = 0; p < job->columns * LANES; p += LANES) {
        lane_vec v[PW_C];
        STP_UNROLL
        for (int j = 0; j < cs; j++)
            v[j] = lane_held(lane_load(x + j * job->x_chan + p));
        STP_UNROLL
        for (int i = 0; i < ms; i++) {
            const lane_vec k = lane_held(lane_load(g + i * job->g_chan + p));
            STP_UNROLL
            for (int j = 0; j < cs; j++)
                acc[i * cs + j] += v[j] * k;
        }
    }
    STP_UNROLL
    for (int i = 0; i < ms; i++) {
        STP_UNROLL
        for (int j = 0; j < cs; j++)
            lane_store(out + i * out_row + j * LANES, acc[i * cs + j]);
    }
}

LANE_INLINE void pw_gradient_run(const pw_gradient *job) {
    int m = 0;
    for (; job->outputs - m >= PW_M; m += PW_M) {
        int c = 0;
        for (; job->inputs - c >= PW_C; c += PW_C)
            pw_gradient_tile(job, m, c, PW_M, PW_C);
        for (; c < job->inputs; c++)
            pw_gradient_tile(job, m, c, PW_M, 1);
    }
    for (; m < job->outputs; m++) {
        int c = 0;
        for (; job->inputs - c >= PW_C; c += PW_C)
            pw_gradient_tile(job, m, c, 1, PW_C);
        for (; c < job->inputs; c++)
            pw_gradient_tile(job, m, c, 1, 1);
    }
}

#endif
