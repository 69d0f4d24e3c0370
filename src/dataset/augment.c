// A clip as it is heard: placed, shifted, with noise mixed in. Volumes are in 1/2048, and all sums in
// integers, so that every machine makes the same samples.
#include "base/rng.h"
#include "dataset/batch.h"

#include <string.h>

enum { VOLUME_SHIFT = 11, VOLUME_ONE = 1 << VOLUME_SHIFT, VOLUME_MOST = 15 * VOLUME_ONE }; // fits int16

static int16_t draw_volume(stp_rng *rng, double most) {
    double volume = stp_rng_uniform(rng) * most * VOLUME_ONE + 0.5;
    return (int16_t)(volume < VOLUME_MOST ? volume : VOLUME_MOST);
}

// -most .. most
static int64_t draw_shift(stp_rng *rng, int most) {
    return most > 0 ? (int64_t)stp_rng_below(rng, 2 * (uint64_t)most + 1) - most : 0;
}

// `count` samples to `start`, which may lie outside `out`; what falls outside is lost, the rest is zero.
static void place(int16_t *restrict out, int length, const int16_t *restrict samples, int count,
                  int64_t start) {
    int64_t from = start < 0 ? 0 : start, to = start + count > length ? length : start + count;
    if (from >= to) {
        memset(out, 0, sizeof *out * (size_t)length);
        return;
    }
    memset(out, 0, sizeof *out * (size_t)from);
    memcpy(out + from, samples + (from - start), sizeof *out * (size_t)(to - from));
    memset(out + to, 0, sizeof *out * (size_t)(length - to));
}

// out = saturate(out + round(noise * volume)), ties upwards.
static void mix_loud(int16_t *restrict out, const int16_t *restrict noise, int count, int16_t volume) {
    for (int i = 0; i < count; i++) {
        int32_t sum = out[i] + ((noise[i] * volume + VOLUME_ONE / 2) >> VOLUME_SHIFT);
        out[i] = (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
    }
}

// The same for volumes up to 1, all in 16 bits, where a vector holds twice as many samples: the product's two
// halves are shifted and rounded, and a sum that overflowed (its sign differs from those of both parts)
// becomes the limit on its side. gcc makes this 2.5 times as fast.
static void mix_soft(int16_t *restrict out, const int16_t *restrict noise, int count, int16_t volume) {
    for (int i = 0; i < count; i++) {
        uint16_t low = (uint16_t)(noise[i] * volume), high = (uint16_t)((noise[i] * volume) >> 16);
        uint16_t scaled = (uint16_t)((uint16_t)(high << (16 - VOLUME_SHIFT)) +
                                     (uint16_t)(low >> VOLUME_SHIFT) + ((low >> (VOLUME_SHIFT - 1)) & 1));
        uint16_t before = (uint16_t)out[i], sum = (uint16_t)(before + scaled);
        int16_t overflow = (int16_t)((before ^ sum) & (scaled ^ sum));
        int16_t limit = (int16_t)((out[i] >> 15) ^ INT16_MAX);
        out[i] = overflow < 0 ? limit : (int16_t)sum;
    }
}

static void mix(int16_t *restrict out, const int16_t *restrict noise, int count, int16_t volume) {
    if (volume <= VOLUME_ONE)
        mix_soft(out, noise, count, volume);
    else
        mix_loud(out, noise, count, volume);
}

// Noise of the clip's own split, from a drawn place; a part shorter than the clip is played again and again.
static void mix_noise(const stp_dataset *dataset, stp_split split, double most, stp_rng *rng, int16_t *out) {
    const stp_noise *noise = &dataset->noise[stp_rng_below(rng, (uint64_t)dataset->noises)];
    int64_t begin, count;
    stp_noise_part(noise, split, &begin, &count);
    int16_t volume = draw_volume(rng, most);
    if (count < 1)
        return;
    const int16_t *samples = dataset->audio + noise->audio + begin;
    int length = dataset->clip_samples;
    int64_t at = (int64_t)stp_rng_below(rng, (uint64_t)(count >= length ? count - length + 1 : count));
    for (int done = 0; done < length; at = 0) {
        int part = count - at < length - done ? (int)(count - at) : length - done;
        mix(out + done, samples + at, part, volume);
        done += part;
    }
}

// How far a clip of noise can move either way without leaving its split's part of the recording.
static int64_t hold_in_part(const stp_dataset *dataset, const stp_clip *clip, int64_t shift) {
    for (int n = 0; n < dataset->noises; n++) {
        const stp_noise *noise = &dataset->noise[n];
        if (clip->audio < noise->audio || clip->audio >= noise->audio + noise->count)
            continue;
        int64_t begin, count;
        stp_noise_part(noise, clip->split, &begin, &count);
        int64_t low = noise->audio + begin - clip->audio, high = low + count - clip->stored;
        return shift < low ? low : shift > high ? high : shift;
    }
    return 0;
}

static void make_silence(const stp_dataset *dataset, const stp_clip *clip, const stp_augment *augment,
                         stp_rng *rng, int16_t *out) {
    int length = dataset->clip_samples;
    int16_t volume = draw_volume(rng, 1);
    int64_t shift = hold_in_part(dataset, clip, augment ? draw_shift(rng, augment->shift_samples) : 0);
    memset(out, 0, sizeof *out * (size_t)length);
    mix(out + (length - clip->stored) / 2, dataset->audio + clip->audio + shift, clip->stored, volume);
}

void stp_batch_clip(const stp_dataset *dataset, int index, const stp_augment *augment, uint64_t seed,
                    int epoch, int slot, int16_t *out) {
    const stp_clip *clip = &dataset->clip[index];
    int length = dataset->clip_samples, room = length - clip->stored;
    // In testing a clip sounds the same whatever seed and epoch.
    stp_rng rng = augment ? stp_rng_at(seed, STP_RNG_AUGMENT, (uint64_t)epoch,
                                       (uint64_t)(uint32_t)index << 32 | (uint32_t)slot)
                          : stp_rng_at(0, STP_RNG_AUGMENT, UINT64_MAX, (uint64_t)clip->audio);
    if (clip->word < 0) {
        make_silence(dataset, clip, augment, &rng, out);
        return;
    }
    const int16_t *samples = dataset->audio + clip->audio;
    if (!augment) {
        place(out, length, samples, clip->stored, room / 2);
        return;
    }
    int64_t start =
        (int64_t)stp_rng_below(&rng, (uint64_t)room + 1) + draw_shift(&rng, augment->shift_samples);
    int noisy = stp_rng_uniform(&rng) < augment->noise_chance;
    place(out, length, samples, clip->stored, start);
    if (noisy && dataset->noises > 0 && augment->noise_volume > 0)
        mix_noise(dataset, clip->split, augment->noise_volume, &rng, out);
}
