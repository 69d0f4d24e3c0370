// Windows of a pool, clipped to the tensor: padding takes no part in a maximum or an average.
#ifndef STP_KERNEL_LANES_POOL_TAPS_H
#define STP_KERNEL_LANES_POOL_TAPS_H

#include "kernel/lanes/lane.h"

// The taps first <= i < end of a window at output position o that lie inside a tensor of `size`.
typedef struct tap_range {
    int origin, first, end;
} tap_range;

LANE_INLINE tap_range clip_taps(int o, int k, int stride, int dilation, int pad, int size) {
    tap_range r = {.origin = o * stride - pad, .first = 0, .end = k};
    while (r.first < k && r.origin + r.first * dilation < 0)
        r.first++;
    while (r.end > r.first && r.origin + (r.end - 1) * dilation >= size)
        r.end--;
    return r;
}

#endif
