// The ring of zeros around a tensor that depthwise kernels read past its edges.
#include "kernel/lanes/lane_kernels.h"

static void zero(stp_real *p, int columns) {
    for (int i = 0; i < columns; i++)
        lane_store(p + i * LANES, lane_zero());
}

void STP_LANE_NAME(stp_clear_halo)(stp_view out) {
    const int halo = out.halo;
    for (int h = -halo; h < out.h + halo; h++)
        for (int c = 0; c < out.c; c++) {
            stp_real *row = out.p + h * out.row + c * out.chan;
            if (h < 0 || h >= out.h) {
                zero(row - halo * LANES, out.w + 2 * halo);
                continue;
            }
            zero(row - halo * LANES, halo);
            zero(row + out.w * LANES, halo);
        }
}
