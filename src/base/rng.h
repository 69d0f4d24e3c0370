// Counter-based random numbers: a draw depends on (seed, purpose, epoch, index) and its place in that
// sequence, never on who computes it or what was drawn before. Shuffling, augmentation, dropout and resuming
// rest on this.
#ifndef STP_BASE_RNG_H
#define STP_BASE_RNG_H

#include <stdint.h>

typedef enum stp_rng_purpose {
    STP_RNG_SPLIT = 1, // halves of the training set
    STP_RNG_SHUFFLE,
    STP_RNG_BALANCE,
    STP_RNG_UNKNOWN, // which clips of other words stand for _unknown_
    STP_RNG_AUGMENT,
    STP_RNG_SILENCE,
    STP_RNG_INIT, // weights
    STP_RNG_ARCH, // alpha, beta, gamma
    STP_RNG_DROP,
    STP_RNG_TEST,
    STP_RNG_CALIBRATE, // which clips ranges are measured on
    STP_RNG_PLAN,      // orders of a memory plan
} stp_rng_purpose;

typedef struct stp_rng {
    uint64_t key, counter;
} stp_rng;

// A sequence of its own for each (seed, purpose, epoch, index). Statistically independent of all others.
stp_rng stp_rng_at(uint64_t seed, stp_rng_purpose purpose, uint64_t epoch, uint64_t index);
uint64_t stp_rng_u64(stp_rng *rng);
double stp_rng_uniform(stp_rng *rng);                      // [0, 1), 53 bits
double stp_rng_normal(stp_rng *rng);                       // mean 0, deviation 1 (Box-Muller)
uint64_t stp_rng_below(stp_rng *rng, uint64_t n);          // 0 .. n-1, unbiased; n >= 1
void stp_rng_shuffle(stp_rng *rng, int *items, int count); // Fisher-Yates

#endif
