// The zeros at both ends of a tensor's rows, which depthwise kernels read.
#include "kernel/lanes/lane_kernels.h"

static void zero(stp_real *p, int columns) {
    for (int i = 0; i < columns; i++)
        lane_store(p + i * LANES, lane_zero());
}

void STP_LANE_NAME(stp_clear_halo)(stp_view out) {
    for (int h = 0; h < out.h; h++)
        for (int c = 0; c < out.c; c++) {
            stp_real *row = out.p + h * out.row + c * out.chan;
            zero(row - out.halo * LANES, out.halo);
            // or it is what the next channel has on its left
            if (c + 1 == out.c || out.chan != (ptrdiff_t)(out.w + out.halo) * LANES)
                zero(row + out.w * LANES, out.halo);
        }
}
