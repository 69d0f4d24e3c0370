// What a run hears, in forty digits: not the folder's place or its files' times, but classes, clips and
// sounds.
#include "dataset/cache.h"

#include <sha1.h>
#include <stdio.h>
#include <string.h>

static void add_text(SHA1_CTX *sha, const char *text) {
    SHA1Update(sha, (const uint8_t *)text, strlen(text) + 1); // the NUL parts it from the next
}

static void add_numbers(SHA1_CTX *sha, long long a, long long b, long long c) {
    char line[80];
    snprintf(line, sizeof line, "%lld %lld %lld", a, b, c);
    add_text(sha, line);
}

// The fast hash of the cache first, so that gigabytes take a second; SHA-1 over its lanes.
static void add_sound(SHA1_CTX *sha, const int16_t *samples, int64_t count) {
    enum { WHOLE = STP_CACHE_ALIGN / sizeof *samples };
    int16_t tail[WHOLE] = {0};
    int64_t whole = count / WHOLE * WHOLE;
    stp_cache_hash hash;
    stp_cache_hash_start(&hash);
    stp_cache_hash_add(&hash, samples, (size_t)whole * sizeof *samples);
    memcpy(tail, samples + whole, (size_t)(count - whole) * sizeof *samples);
    stp_cache_hash_add(&hash, tail, sizeof tail);
    SHA1Update(sha, (const uint8_t *)hash.lane, sizeof hash.lane);
}

void stp_dataset_digest(const stp_dataset *d, char digest[41]) {
    SHA1_CTX sha;
    SHA1Init(&sha);
    add_numbers(&sha, d->rate_hz, d->clip_samples, d->classes);
    for (int i = 0; i < d->classes; i++)
        add_text(&sha, d->labels[i]);
    for (int i = 0; i < d->clips; i++) {
        const stp_clip *clip = &d->clip[i];
        add_text(&sha, clip->path);
        add_numbers(&sha, clip->class_index, clip->split, clip->stored);
        add_sound(&sha, d->audio + clip->audio, clip->stored);
    }
    for (int i = 0; i < d->noises; i++) {
        add_text(&sha, d->noise[i].path);
        add_numbers(&sha, i, d->noise[i].count, 0);
        add_sound(&sha, d->audio + d->noise[i].audio, d->noise[i].count);
    }
    SHA1End(&sha, digest);
}
