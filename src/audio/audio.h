// Any recording libsndfile reads, as mono int16 at one rate.
#ifndef STP_AUDIO_AUDIO_H
#define STP_AUDIO_AUDIO_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct stp_sound {
    int16_t *samples; // owned; stp_sound_free
    size_t count;
    int rate_hz; // of `samples`
    int source_rate_hz, source_channels;
    size_t source_frames;
} stp_sound;

// Reads, mixes channels down (mean), resamples (soxr, high quality) to rate_hz, rounds to int16 with
// saturation. Errors (each one line with path, what, remedy): cannot open, no audio, truncated, zero length,
// NaN or infinite samples, larger than max_bytes (0: no limit). A folder, a FIFO or a device is refused
// without blocking.
stp_status stp_sound_read(stp_sound *sound, const char *path, int rate_hz, uint64_t max_bytes, stp_err *err);
// Only the header: rates, channels, frames (0 where the header does not tell); `samples` stays NULL.
stp_status stp_sound_probe(stp_sound *sound, const char *path, stp_err *err);
void stp_sound_free(stp_sound *sound);

// First sample of the loudest stretch of `length` samples (largest energy, earliest of equals); 0 when the
// sound is not longer.
size_t stp_sound_loudest(const int16_t *samples, size_t count, size_t length);

// A clip of exactly clip_samples from a sound: longer ones give their loudest stretch (largest energy,
// earliest of equals), shorter ones are centred in zeros. Returns the first source sample used (negative:
// zeros before).
ptrdiff_t stp_sound_clip(const int16_t *samples, size_t count, int clip_samples, int16_t *clip);

#endif
