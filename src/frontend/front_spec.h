// One data configuration: what a front-end does to a clip. Written "window/hop/filters[:coefficients]".
#ifndef STP_FRONTEND_FRONT_SPEC_H
#define STP_FRONTEND_FRONT_SPEC_H

#include "base/status.h"

#include <stddef.h>

typedef enum stp_front_kind { STP_FRONT_MFCC, STP_FRONT_LOGMEL } stp_front_kind;

typedef struct stp_front_spec {
    stp_front_kind kind;
    int rate_hz;
    int window_samples, hop_samples;
    int filters, coefficients; // log-mel: coefficients == filters
    double low_hz, high_hz;
} stp_front_spec;

enum {
    STP_FRONT_TEXT_BYTES = 48,
    STP_FRONT_MAX = 64, // most front-ends in a list
    STP_FRONT_MAX_COEFFICIENTS = 128
};

// Parses "640/320/40:10". kind, rate and band edges are the caller's (options). Checks: window 16..2048,
// hop 1..window*4, filters 2..128, coefficients 1..filters, 0 <= low < high <= rate/2, each filter at least
// one FFT bin wide enough to be non-empty. STP_ERR_USAGE with what is wrong and what to give.
stp_status stp_front_spec_parse(stp_front_spec *spec, const char *text, const char *kind, int rate_hz,
                                double low_hz, double high_hz, stp_err *err);
// A list separated by commas; no duplicates, at most STP_FRONT_MAX.
stp_status stp_front_list_parse(stp_front_spec *specs, int *count, const char *text, const char *kind,
                                int rate_hz, double low_hz, double high_hz, stp_err *err);
void stp_front_spec_format(const stp_front_spec *spec, char text[STP_FRONT_TEXT_BYTES]);
int stp_front_spec_fft(const stp_front_spec *spec); // next power of two, 128 at least
// Frames of a clip, no padding at the ends; 0 when the clip is shorter than a window.
int stp_front_spec_frames(const stp_front_spec *spec, int clip_samples);
// Real multiplications of one frame (window, FFT, power, mel, DCT), and the int8/float bytes its tables take
// in flash.
double stp_front_spec_frame_mults(const stp_front_spec *spec);
long stp_front_spec_table_bytes(const stp_front_spec *spec);
// Working memory of the device's front-end: the window's samples, the spectrum, the bands.
stp_status stp_front_spec_memory_bytes(const stp_front_spec *spec, size_t *bytes, stp_err *err);

#endif
