// A window on one lane block of a tensor: `lanes` samples side by side (docs/design.md, The engine).
// Element (channel c, row h, column w, lane l) is p[h * row + c * chan + w * lanes + l].
#ifndef STP_KERNEL_VIEW_H
#define STP_KERNEL_VIEW_H

#include "kernel/real.h"

#include <stddef.h>

// Slices and shuffles of channels are views too: a different p, a larger chan. Columns are always adjacent.
// With halo > 0 the columns -halo .. w-1+halo of its rows can be read, and are zero outside the tensor; no
// kernel reads other rows.
typedef struct stp_view {
    stp_real *p; // NULL: no tensor (an output that is not wanted)
    ptrdiff_t row, chan;
    int c, h, w, halo;
} stp_view;

// Channels first .. first+count-1 of a view.
static inline stp_view stp_view_channels(stp_view view, int first, int count) {
    if (view.p)
        view.p += first * view.chan;
    view.c = count;
    return view;
}

#endif
