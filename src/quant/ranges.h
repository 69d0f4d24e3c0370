// Which range of values an 8-bit scale should cover, from what was seen.
#ifndef STP_QUANT_RANGES_H
#define STP_QUANT_RANGES_H

#include <stdint.h>

enum { STP_RANGE_BINS = 2048 };

// Values seen, in equal bins from low to high. Counts add up to the same numbers in any order, so that
// histograms of several threads can be merged.
typedef struct stp_histogram {
    double low, high;
    uint64_t count[STP_RANGE_BINS];
} stp_histogram;

// The range becomes one with the value in it, from [infinity, -infinity] on; what is no number makes it
// infinite for good.
void stp_histogram_widen(stp_histogram *histogram, double value);
// Where a value is counted. The range must be finite, and the value in it.
int stp_histogram_bin(const stp_histogram *histogram, double value);
void stp_histogram_merge(stp_histogram *into, const stp_histogram *from); // of the same low and high

// The range, with 0 in it, for which rounding to 256 steps and clipping what is outside have the least mean
// squared error together. Between the whole range, when nothing is far out, and a small part of it.
void stp_histogram_best_range(const stp_histogram *histogram, double *low, double *high);

#endif
