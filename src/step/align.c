#include "step/align.h"

#include <math.h>
#include <string.h>

static void copy_corner(int lanes, stp_shape from, const float *features, stp_shape to, stp_real *out) {
    memset(out, 0, sizeof *out * (size_t)(to.h * to.w * lanes));
    int h = from.h < to.h ? from.h : to.h, w = from.w < to.w ? from.w : to.w;
    for (int i = 0; i < h; i++)
        for (int k = 0; k < w * lanes; k++)
            out[i * to.w * lanes + k] = (stp_real)features[i * from.w * lanes + k];
}

// Weight of cell `index` among `cells` in the stretch [low, high) of the unit interval, as a share of the
// stretch.
static double share(int index, int cells, double low, double high) {
    double a = fmax((double)index / cells, low), b = fmin((double)(index + 1) / cells, high);
    return b > a ? (b - a) / (high - low) : 0;
}

static void average(int lanes, stp_shape from, const float *features, stp_shape to, int by_area, int i, int k,
                    stp_real *out) {
    double low = (double)i / to.h, high = (double)(i + 1) / to.h;
    double left = (double)k / to.w, right = (double)(k + 1) / to.w;
    for (int lane = 0; lane < lanes; lane++)
        out[lane] = 0;
    int first = by_area ? (int)floor(left * from.w) : k, last = by_area ? (int)ceil(right * from.w) : k + 1;
    for (int h = (int)floor(low * from.h); h < (int)ceil(high * from.h); h++)
        for (int w = first; w < last; w++) {
            double weight = share(h, from.h, low, high) * (by_area ? share(w, from.w, left, right) : 1);
            const float *x = features + ((size_t)h * from.w + w) * lanes;
            for (int lane = 0; lane < lanes; lane++)
                out[lane] += (stp_real)(weight * (double)x[lane]);
        }
}

void stp_align_features(stp_align align, stp_front_kind kind, int lanes, stp_shape from,
                        const float *features, stp_shape to, stp_real *out) {
    if (align != STP_ALIGN_RESAMPLE) {
        copy_corner(lanes, from, features, to, out);
        return;
    }
    for (int i = 0; i < to.h; i++)
        for (int k = 0; k < to.w; k++)
            average(lanes, from, features, to, kind == STP_FRONT_LOGMEL, i, k,
                    out + ((size_t)i * to.w + k) * lanes);
}
