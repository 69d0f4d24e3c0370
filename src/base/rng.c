#include "base/rng.h"

#include "base/exact.h"

#include <math.h>

// Finalizer of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
static uint64_t mix64(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

stp_rng stp_rng_at(uint64_t seed, stp_rng_purpose purpose, uint64_t epoch, uint64_t index) {
    uint64_t key = mix64(seed + 0x9e3779b97f4a7c15u);
    key = mix64(key ^ mix64((uint64_t)purpose * 0xd1b54a32d192ed03u + 1));
    key = mix64(key ^ mix64(epoch * 0x8cb92ba72f3d8dd7u + 2));
    key = mix64(key ^ mix64(index * 0xaef17502108ef2d9u + 3));
    return (stp_rng){.key = key, .counter = 0};
}

uint64_t stp_rng_u64(stp_rng *rng) {
    return mix64(rng->key + 0x9e3779b97f4a7c15u * ++rng->counter);
}

double stp_rng_uniform(stp_rng *rng) {
    return (double)(stp_rng_u64(rng) >> 11) * 0x1p-53;
}

double stp_rng_normal(stp_rng *rng) {
    double radius = sqrt(-2.0 * stp_log(1.0 - stp_rng_uniform(rng)));
    return radius * stp_cos_pi(2.0 * stp_rng_uniform(rng));
}

uint64_t stp_rng_below(stp_rng *rng, uint64_t n) {
    uint64_t limit = UINT64_MAX - UINT64_MAX % n; // reject the incomplete last round
    uint64_t draw;
    do
        draw = stp_rng_u64(rng);
    while (draw >= limit);
    return draw % n;
}

void stp_rng_shuffle(stp_rng *rng, int *items, int count) {
    for (int i = count - 1; i > 0; i--) {
        int j = (int)stp_rng_below(rng, (uint64_t)i + 1);
        int t = items[i];
        items[i] = items[j];
        items[j] = t;
    }
}
