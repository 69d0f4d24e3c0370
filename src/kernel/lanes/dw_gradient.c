// A weight's accumulator stays in a register while a row passes by. Few enough weights are taken at a time
// that neither registers run out nor (with all 25 of a 5x5 kernel at once) the compiler starts to spill.
#include "kernel/lanes/dw_gradient.h"

enum { STEP = 5, MOST_TAPS = 5, MOST_ROWS = 3 };

// `step` columns from p for `rows` rows of the kernel.
LANE_INLINE void gradient_step(lane_vec *acc, const stp_real *g, const stp_real *const *x, int p,
                               const int rows, const int taps, const int stride, const int dilation,
                               const int step) {
    const int reach = (step - 1) * stride + (taps - 1) * dilation + 1;
    lane_vec v[STEP];
    STP_UNROLL
    for (int j = 0; j < step; j++)
        v[j] = lane_held(lane_load(g + (p + j) * LANES));
    STP_UNROLL
    for (int i = 0; i < rows; i++) {
        const stp_real *from = lane_base(x[i] + p * stride * LANES);
        STP_UNROLL
        for (int q = 0; q < reach; q++) {
            const lane_vec in = lane_held(lane_load(from + q * LANES));
            STP_UNROLL
            for (int t = 0; t < taps; t++) {
                const int j = q - t * dilation;
                if (j >= 0 && j % stride == 0 && j / stride < step)
                    acc[i * taps + t] += in * v[j / stride];
            }
        }
    }
}

LANE_INLINE void gradient_group(const dw_gradient *job, int c, int first, const int rows, const int taps,
                                const int stride, const int dilation) {
    lane_vec acc[MOST_ROWS * MOST_TAPS];
    const stp_real *x[MOST_ROWS], *g = job->g + c * job->g_chan;
    stp_real *out = job->acc + (c * job->acc_chan + first * taps) * LANES;
    STP_UNROLL
    for (int i = 0; i < rows; i++)
        x[i] = job->rows[first + i] + c * job->in_chan;
    STP_UNROLL
    for (int t = 0; t < rows * taps; t++)
        acc[t] = lane_load(out + t * LANES);
    int p = 0;
    for (; job->columns - p >= STEP; p += STEP)
        gradient_step(acc, g, x, p, rows, taps, stride, dilation, STEP);
    for (; p < job->columns; p++)
        gradient_step(acc, g, x, p, rows, taps, stride, dilation, 1);
    STP_UNROLL
    for (int t = 0; t < rows * taps; t++)
        lane_store(out + t * LANES, acc[t]);
}

LANE_INLINE void gradient_run(const dw_gradient *job, const int taps, const int stride, const int dilation) {
    const int most = STP_LANES >= 16 || taps <= 3 ? 3 : 2; // rows at a time: 15 or 10 accumulators at most
    for (int c = 0; c < job->channels; c++)
        for (int i = 0; i < job->count;) {
            const int left = job->count - i;
            if (most == 3 && left >= 3) {
                gradient_group(job, c, i, 3, taps, stride, dilation);
                i += 3;
            } else if (left >= 2) {
                gradient_group(job, c, i, 2, taps, stride, dilation);
                i += 2;
            } else {
                gradient_group(job, c, i, 1, taps, stride, dilation);
                i += 1;
            }
        }
}

#define GRADIENT_RUN(taps, stride, dilation)                                                                 \
    static void gradient_##taps##_##stride##_##dilation(const dw_gradient *job) {                            \
        gradient_run(job, taps, stride, dilation);                                                           \
    }
GRADIENT_RUN(3, 1, 1)
GRADIENT_RUN(3, 1, 2)
GRADIENT_RUN(3, 2, 1)
GRADIENT_RUN(3, 2, 2)
GRADIENT_RUN(5, 1, 1)
GRADIENT_RUN(5, 1, 2)
GRADIENT_RUN(5, 2, 1)
GRADIENT_RUN(5, 2, 2)

static void gradient_any(const dw_gradient *job) {
    for (int c = 0; c < job->channels; c++)
        for (int i = 0; i < job->count; i++)
            for (int t = 0; t < job->taps; t++) {
                const stp_real *g = job->g + c * job->g_chan;
                const stp_real *x = job->rows[i] + c * job->in_chan + t * job->dilation * LANES;
                stp_real *out = job->acc + (c * job->acc_chan + i * job->taps + t) * LANES;
                lane_vec acc = lane_load(out);
                for (int p = 0; p < job->columns; p++)
                    acc += lane_load(g + p * LANES) * lane_load(x + p * job->stride * LANES);
                lane_store(out, acc);
            }
}

dw_gradient_fn STP_LANE_NAME(stp_dw_gradient_pick)(int taps, int stride, int dilation) {
    static const struct {
        int taps, stride, dilation;
        dw_gradient_fn run;
    } fast[] = {
        {3, 1, 1, gradient_3_1_1}, {3, 1, 2, gradient_3_1_2}, {3, 2, 1, gradient_3_2_1},
        {3, 2, 2, gradient_3_2_2}, {5, 1, 1, gradient_5_1_1}, {5, 1, 2, gradient_5_1_2},
        {5, 2, 1, gradient_5_2_1}, {5, 2, 2, gradient_5_2_2},
    };
    for (size_t i = 0; i < sizeof fast / sizeof *fast; i++)
        if (fast[i].taps == taps && fast[i].stride == stride && fast[i].dilation == dilation)
            return fast[i].run;
    return gradient_any;
}
