// Features of many front-ends at once, for one lane block of clips: what the device computes, `lanes` clips
// side by side, every lane bit for bit what device/front gives for that clip. Front-ends of one window and
// FFT share their spectra (hop 200 is every second frame of hop 100), so the published eight cost about four.
#ifndef STP_FRONTEND_FRONT_BANK_H
#define STP_FRONTEND_FRONT_BANK_H

#include "frontend/front_spec.h"

#include <stddef.h>
#include <stdint.h>

typedef struct stp_front_bank stp_front_bank;

// Tables for `count` specs and clips of clip_samples samples, for the current instruction set. Every spec
// must have at least one frame (STP_ERR_USAGE: window longer than the clip).
stp_status stp_front_bank_create(stp_front_bank **bank, const stp_front_spec *specs, int count,
                                 int clip_samples, stp_err *err);
void stp_front_bank_destroy(stp_front_bank *bank);

int stp_front_bank_count(const stp_front_bank *bank);
const stp_front_spec *stp_front_bank_spec(const stp_front_bank *bank, int index);
int stp_front_bank_frames(const stp_front_bank *bank, int index);
int stp_front_bank_lanes(const stp_front_bank *bank); // clips in a lane block
// The tables of one spec as the device takes them (front/front.h), its norm included; lives as long as the
// bank.
const struct stapes_front_config *stp_front_bank_config(const stp_front_bank *bank, int index);

// Per-coefficient normalisation of one spec, y = (x - mean) * inv_deviation; identity until set.
// [coefficients] each.
void stp_front_bank_set_norm(stp_front_bank *bank, int index, const float *mean, const float *inv_deviation);
void stp_front_bank_get_norm(const stp_front_bank *bank, int index, float *mean, float *inv_deviation);

// The lanes' clips (int16, clip_samples each; NULL is silence) to features. out[i]:
// [frames][coefficients][lanes] floats of spec i, normalised; NULL where that spec is not wanted. scratch:
// stp_front_bank_scratch_bytes, 64-byte aligned. Cost: about 135 us for one clip and the published eight on
// one core with 16 lanes.
void stp_front_bank_extract(const stp_front_bank *bank, const int16_t *const *clips, float *const *out,
                            void *scratch);
size_t stp_front_bank_scratch_bytes(const stp_front_bank *bank);

// Mean and deviation of every coefficient of every spec over clips given one by one: sums in double, in clip
// order, so the result does not depend on threads. begin, add lane blocks (`used` lanes count), end sets the
// norms. Deviations under 1e-3 (a coefficient that never moves) are taken as 1.
typedef struct stp_norm_fit stp_norm_fit;
stp_status stp_norm_fit_begin(stp_norm_fit **fit, const stp_front_bank *bank, stp_err *err);
void stp_norm_fit_add(stp_norm_fit *fit, const float *const *features,
                      int used);                                // raw features of one lane block
void stp_norm_fit_end(stp_norm_fit *fit, stp_front_bank *bank); // sets the norms and frees `fit`

// One clip through the device's own scalar code (device/front): features [frames][coefficients], normalised.
// For `stapes features`, and the oracle of the lanes.
stp_status stp_front_scalar(const stp_front_bank *bank, int index, const int16_t *clip, float *out,
                            stp_err *err);

#endif
