// What an epoch sees: the order of clips, and each clip as it sounds this time.
#ifndef STP_DATASET_BATCH_H
#define STP_DATASET_BATCH_H

#include "dataset/dataset.h"

// Fills `order` (room for `count`) with a shuffle of `indices` for this epoch; with `balance`, classes are
// drawn equally often (each class's clips in shuffled order, again and again), still `count` in all. Depends
// on seed, epoch and stream only.
void stp_batch_order(const stp_dataset *dataset, const int *indices, int count, int balance, uint64_t seed,
                     int epoch, int stream, int *order);

// Whether classes are so uneven that batches are balanced by themselves: largest over 4 times the smallest.
int stp_batch_uneven(const stp_dataset *dataset, const int *indices, int count);

// Halves of the training split for weights and architecture: disjoint, each class halved, drawn by seed.
// Either may be NULL.
void stp_batch_halves(const stp_dataset *dataset, uint64_t seed, int *first, int *first_count, int *second,
                      int *second_count);

typedef struct stp_augment {
    int shift_samples;   // largest shift either way; 0 = none
    double noise_chance; // chance that noise is mixed in
    double noise_volume; // factor on the noise, drawn uniformly from 0 to this
} stp_augment;

// Clip as heard in training: short clips at a drawn place, shift, noise (from a drawn place of a drawn noise
// file), rounded and saturated to int16. `slot` tells several draws of one clip in an epoch apart. out:
// clip_samples. augment == NULL: the clip as in testing (short ones centred). _silence_ clips: noise at a
// drawn volume.
void stp_batch_clip(const stp_dataset *dataset, int clip, const stp_augment *augment, uint64_t seed,
                    int epoch, int slot, int16_t *out);

#endif
