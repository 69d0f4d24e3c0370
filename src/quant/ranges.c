#include "quant/ranges.h"

#include <math.h>

enum { STEPS = 255, TRIES = 50, ROUNDS = 3 };

void stp_histogram_widen(stp_histogram *h, double value) {
    h->low = value < h->low ? value : h->low;
    h->high = value <= h->high ? h->high : isnan(value) ? INFINITY : value;
}

int stp_histogram_bin(const stp_histogram *h, double value) {
    int bin = h->high > h->low ? (int)((value - h->low) / (h->high - h->low) * STP_RANGE_BINS) : 0;
    return bin < 0 ? 0 : bin >= STP_RANGE_BINS ? STP_RANGE_BINS - 1 : bin;
}

void stp_histogram_merge(stp_histogram *into, const stp_histogram *from) {
    for (int i = 0; i < STP_RANGE_BINS; i++)
        into->count[i] += from->count[i];
}

// Sum over all values: step^2 / 12 inside the range, the squared distance outside.
static double error_of(const stp_histogram *h, double low, double high) {
    double step = (high - low) / STEPS, width = (h->high - h->low) / STP_RANGE_BINS, error = 0;
    for (int i = 0; i < STP_RANGE_BINS; i++) {
        if (h->count[i] == 0)
            continue;
        double value = h->low + (i + 0.5) * width;
        double off = value < low ? low - value : value > high ? value - high : 0;
        error += (double)h->count[i] * (off > 0 ? off * off : step * step / 12);
    }
    return error;
}

// The two ends in turns: each the best of equally spaced ones from a fiftieth of the range seen to all of it.
void stp_histogram_best_range(const stp_histogram *h, double *low, double *high) {
    double bottom = h->low < 0 ? h->low : 0, top = h->high > 0 ? h->high : 0;
    *low = bottom;
    *high = top;
    double best = error_of(h, bottom, top);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 1; i <= TRIES; i++) {
            double share = (double)i / TRIES;
            double with_high = error_of(h, *low, share * top);
            if (with_high < best) {
                best = with_high;
                *high = share * top;
            }
            double with_low = error_of(h, share * bottom, *high);
            if (with_low < best) {
                best = with_low;
                *low = share * bottom;
            }
        }
}
