// Registers, of AVX-512's 32: rows * taps sums of the gradient, STEP values of g and of d each, the weights
// of a row and one value of the input. With 16 registers there is nothing to gain.
#include "kernel/lanes/dw_both.h"

#if STP_LANES >= 16

enum { STEP = 5, MOST_TAPS = 5, MOST_ROWS = 3 };

typedef struct both_group {
    const stp_real *x[MOST_ROWS], *w, *g;
    stp_real *d;
} both_group;

// `step` columns from p for `rows` rows of the kernel; d is added to where rows before have begun it.
LANE_INLINE void both_step(lane_vec *acc, const both_group *group, int p, const int begun, const int rows,
                           const int taps, const int stride, const int dilation, const int step) {
    const int reach = (step - 1) * stride + (taps - 1) * dilation + 1;
    lane_vec g[STEP], d[STEP];
    STP_UNROLL
    for (int j = 0; j < step; j++) {
        g[j] = lane_held(lane_load(group->g + (p + j) * LANES));
        d[j] = begun ? lane_load(group->d + (p + j) * LANES) : lane_zero();
    }
    STP_UNROLL
    for (int i = 0; i < rows; i++) {
        const stp_real *from = lane_base(group->x[i] + p * stride * LANES);
        lane_vec k[MOST_TAPS];
        STP_UNROLL
        for (int t = 0; t < taps; t++)
            k[t] = lane_held(lane_set(group->w[i * taps + t]));
        STP_UNROLL
        for (int q = 0; q < reach; q++) {
            const lane_vec in = lane_held(lane_load(from + q * LANES));
            STP_UNROLL
            for (int t = 0; t < taps; t++) {
                const int j = q - t * dilation;
                if (j >= 0 && j % stride == 0 && j / stride < step) {
                    acc[i * taps + t] += in * g[j / stride];
                    d[j / stride] += in * k[t];
                }
            }
        }
    }
    STP_UNROLL
    for (int j = 0; j < step; j++)
        lane_store(group->d + (p + j) * LANES, d[j]);
}

LANE_INLINE void both_rows(const dw_both *job, int c, const int first, const int rows, const int taps,
                           const int stride, const int dilation) {
    const dw_gradient *from = &job->gradient;
    both_group group = {.w = lane_base(job->weights + c * from->acc_chan + first * taps),
                        .g = from->g + c * from->g_chan,
                        .d = job->d + (ptrdiff_t)c * from->columns * LANES};
    stp_real *out = from->acc + (c * from->acc_chan + first * taps) * LANES;
    lane_vec acc[MOST_ROWS * MOST_TAPS];
    STP_UNROLL
    for (int i = 0; i < rows; i++)
        group.x[i] = from->rows[first + i] + c * from->in_chan;
    STP_UNROLL
    for (int t = 0; t < rows * taps; t++)
        acc[t] = lane_load(out + t * LANES);
    int p = 0;
    for (; from->columns - p >= STEP; p += STEP)
        both_step(acc, &group, p, first > 0, rows, taps, stride, dilation, STEP);
    for (; p < from->columns; p++)
        both_step(acc, &group, p, first > 0, rows, taps, stride, dilation, 1);
    STP_UNROLL
    for (int t = 0; t < rows * taps; t++)
        lane_store(out + t * LANES, acc[t]);
}

LANE_INLINE void both_run(const dw_both *job, const int taps, const int stride, const int dilation) {
    for (int c = 0; c < job->gradient.channels; c++)
        for (int i = 0; i < job->gradient.count;) {
            const int left = job->gradient.count - i;
            if (left >= 3) {
                both_rows(job, c, i, 3, taps, stride, dilation);
                i += 3;
            } else if (left == 2) {
                both_rows(job, c, i, 2, taps, stride, dilation);
                i += 2;
            } else {
                both_rows(job, c, i, 1, taps, stride, dilation);
                i += 1;
            }
        }
}

#define BOTH_WINDOWS(with)                                                                                   \
    with(3, 1, 1) with(3, 1, 2) with(3, 2, 1) with(3, 2, 2) with(5, 1, 1) with(5, 1, 2) with(5, 2, 1)        \
        with(5, 2, 2)
#define BOTH_RUN(taps, stride, dilation)                                                                     \
    static void both_##taps##_##stride##_##dilation(const dw_both *job) {                                    \
        both_run(job, taps, stride, dilation);                                                               \
    }
BOTH_WINDOWS(BOTH_RUN)

dw_both_fn STP_LANE_NAME(stp_dw_both_pick)(int taps, int stride, int dilation) {
#define BOTH_ROW(taps, stride, dilation) {taps, stride, dilation, both_##taps##_##stride##_##dilation},
    static const struct {
        int taps, stride, dilation;
        dw_both_fn run;
    } both[] = {BOTH_WINDOWS(BOTH_ROW)};
    for (size_t i = 0; i < sizeof both / sizeof *both; i++)
        if (both[i].taps == taps && both[i].stride == stride && both[i].dilation == dilation)
            return both[i].run;
    return NULL;
}

#else

dw_both_fn STP_LANE_NAME(stp_dw_both_pick)(int taps, int stride, int dilation) {
    (void)taps, (void)stride, (void)dilation;
    return NULL;
}

#endif
