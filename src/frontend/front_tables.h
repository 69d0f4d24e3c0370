// The tables of one front-end, in the form device/front takes them: made here once, in double, used by the
// lanes, and written out as they are for firmware.
#ifndef STP_FRONTEND_FRONT_TABLES_H
#define STP_FRONTEND_FRONT_TABLES_H

#include "base/arena.h"
#include "front/front.h"
#include "frontend/front_spec.h"

enum { STP_FRONT_MAX_BINS = STAPES_FRONT_MAX_FFT / 2 };

// Fills `config` with tables that live in `arena`; mean 0 and inv_deviation 1; `check` is set. The spec must
// be valid (stp_front_spec_parse). STP_ERR_MISMATCH when this build does not round as the device does.
stp_status stp_front_tables_make(stapes_front_config *config, const stp_front_spec *spec, stp_arena *arena,
                                 stp_err *err);

// The bins of one triangular HTK mel filter (peak 1, no area normalisation) with a weight above zero, and the
// weights, [count]; room for STP_FRONT_MAX_BINS.
void stp_front_mel_filter(const stp_front_spec *spec, int filter, int *first, int *count, float *weights);
int stp_front_mel_weights(const stp_front_spec *spec); // of all filters
// Centre of a mel filter in Hz.
double stp_front_mel_center_hz(const stp_front_spec *spec, int filter);

int stp_front_fft_head(int n); // elements in each first butterfly of a complex FFT of n: 4 or 8

#endif
