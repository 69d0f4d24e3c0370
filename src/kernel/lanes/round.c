// Values rounded to the grid of an 8-bit form, and the straight-through gradient of that.
#include "kernel/lanes/lane_kernels.h"

// 1.5 * 2^23 (floats) or 1.5 * 2^52: added and taken away again it leaves the nearest whole number.
static const stp_real magic = sizeof(stp_real) == 4 ? (stp_real)12582912.0 : (stp_real)6755399441055744.0;

LANE_INLINE lane_vec clamp(lane_vec x, lane_vec low, lane_vec high) {
    x = lane_max(x, low);
    return lane_pick(x < high, x, high);
}

// What is far outside the range is clamped before it is rounded too: the trick holds for 2^22 steps only.
LANE_INLINE void forward_row(stp_real *z, int columns, stp_real step, stp_real low, stp_real high,
                             const int rounds) {
    const lane_vec bottom = lane_set(low), top = lane_set(high), m = lane_set(magic);
    const lane_vec s = lane_set(step), inverse = lane_set(rounds ? 1 / step : 0);
    for (int i = 0; i < columns * LANES; i += LANES) {
        lane_vec x = clamp(lane_load(z + i), bottom, top);
        if (rounds)
            x = clamp(s * ((x * inverse + m) - m), bottom, top);
        lane_store(z + i, x);
    }
}

void STP_LANE_NAME(stp_round_forward)(stp_view z, stp_real step, stp_real low, stp_real high) {
    for (int h = 0; h < z.h; h++)
        for (int c = 0; c < z.c; c++) {
            stp_real *row = z.p + h * z.row + c * z.chan;
            if (step > 0)
                forward_row(row, z.w, step, low, high, 1);
            else
                forward_row(row, z.w, step, low, high, 0);
        }
}

void STP_LANE_NAME(stp_round_backward)(stp_view z, stp_real low, stp_real high, stp_view g) {
    const lane_vec bottom = lane_set(low), top = lane_set(high);
    for (int h = 0; h < z.h; h++)
        for (int c = 0; c < z.c; c++) {
            const stp_real *from = z.p + h * z.row + c * z.chan;
            stp_real *to = g.p + h * g.row + c * g.chan;
            for (int i = 0; i < z.w * LANES; i += LANES) {
                lane_vec x = lane_load(from + i);
                lane_store(to + i, lane_keep((x > bottom) & (x < top), lane_load(to + i)));
            }
        }
}
