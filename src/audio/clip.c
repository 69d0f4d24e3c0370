#include "audio/audio.h"

#include <string.h>

static uint64_t square(int16_t sample) {
    return (uint64_t)((int32_t)sample * sample);
}

size_t stp_sound_loudest(const int16_t *samples, size_t count, size_t length) {
    if (count <= length)
        return 0;
    uint64_t energy = 0;
    for (size_t i = 0; i < length; i++)
        energy += square(samples[i]);
    uint64_t largest = energy;
    size_t best = 0;
    for (size_t start = 1; start + length <= count; start++) {
        energy += square(samples[start + length - 1]) - square(samples[start - 1]);
        if (energy > largest) {
            largest = energy;
            best = start;
        }
    }
    return best;
}

ptrdiff_t stp_sound_clip(const int16_t *samples, size_t count, int clip_samples, int16_t *clip) {
    size_t length = (size_t)clip_samples;
    if (count >= length) {
        size_t start = stp_sound_loudest(samples, count, length);
        memcpy(clip, samples + start, length * sizeof *clip);
        return (ptrdiff_t)start;
    }
    size_t before = (length - count) / 2;
    memset(clip, 0, length * sizeof *clip);
    memcpy(clip + before, samples, count * sizeof *clip);
    return -(ptrdiff_t)before;
}
