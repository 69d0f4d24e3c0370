// Mean over the pixels, and its gradient. Four partial sums a channel, so that additions need not wait for
// one another.
#include "kernel/lanes/lane_kernels.h"

void STP_LANE_NAME(stp_mean_forward)(stp_view in, stp_real *out) {
    enum { PARTS = 4 };
    stp_real scale = (stp_real)1 / (stp_real)(in.h * in.w);
    for (int c = 0; c < in.c; c++) {
        lane_vec sum[PARTS] = {{0}};
        for (int h = 0; h < in.h; h++) {
            const stp_real *x = in.p + h * in.row + c * in.chan;
            int w = 0;
            for (; w + PARTS <= in.w; w += PARTS) {
                STP_UNROLL
                for (int i = 0; i < PARTS; i++)
                    sum[i] += lane_load(x + (w + i) * LANES);
            }
            for (; w < in.w; w++)
                sum[0] += lane_load(x + w * LANES);
        }
        lane_store(out + c * LANES, ((sum[0] + sum[1]) + (sum[2] + sum[3])) * scale);
    }
}

void STP_LANE_NAME(stp_mean_backward)(const stp_real *g, stp_view d_in, int add) {
    stp_real scale = (stp_real)1 / (stp_real)(d_in.h * d_in.w);
    for (int h = 0; h < d_in.h; h++)
        for (int c = 0; c < d_in.c; c++) {
            stp_real *d = d_in.p + h * d_in.row + c * d_in.chan;
            lane_vec value = lane_load(g + c * LANES) * scale;
            for (int i = 0; i < d_in.w * LANES; i += LANES)
                lane_store(d + i, add ? lane_load(d + i) + value : value);
        }
}
