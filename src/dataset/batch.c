#include "dataset/batch.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Nothing here allocates: an epoch's order and halves are made in the caller's room.

static int class_count(const stp_dataset *dataset, const int *indices, int count, int class_index) {
    int found = 0;
    for (int i = 0; i < count; i++)
        found += dataset->clip[indices[i]].class_index == class_index;
    return found;
}

// A drawn choice of `room` of a class's `found` clips (Knuth, TAOCP 2, 3.4.2, algorithm S).
static void sample_class(const stp_dataset *dataset, const int *indices, int class_index, int found, int room,
                         stp_rng *rng, int *out) {
    for (int i = 0; room > 0; i++) {
        if (dataset->clip[indices[i]].class_index != class_index)
            continue;
        if (stp_rng_below(rng, (uint64_t)found--) < (uint64_t)room) {
            *out++ = indices[i];
            room--;
        }
    }
}

// As often as wanted: every clip of the class, again and again, and a drawn part of them for what is left.
static void repeat_class(const stp_dataset *dataset, const int *indices, int class_index, int found,
                         int wanted, stp_rng *rng, int *out) {
    int filled = 0;
    for (int i = 0; filled < found && found <= wanted; i++)
        if (dataset->clip[indices[i]].class_index == class_index)
            out[filled++] = indices[i];
    for (; filled && filled + found <= wanted; filled += found)
        memcpy(out + filled, out, sizeof *out * (size_t)found);
    sample_class(dataset, indices, class_index, found, wanted - filled, rng, out + filled);
}

void stp_batch_order(const stp_dataset *dataset, const int *indices, int count, int balance, uint64_t seed,
                     int epoch, int stream, int *order) {
    if (count <= 0)
        return;
    stp_rng rng =
        stp_rng_at(seed, balance ? STP_RNG_BALANCE : STP_RNG_SHUFFLE, (uint64_t)epoch, (uint64_t)stream);
    if (!balance) {
        memcpy(order, indices, sizeof *order * (size_t)count);
        stp_rng_shuffle(&rng, order, count);
        return;
    }
    int present = 0;
    for (int c = 0; c < dataset->classes; c++)
        present += class_count(dataset, indices, count, c) > 0;
    // The classes that get one more when count is not a multiple change with the epoch.
    int nth = (int)stp_rng_below(&rng, (uint64_t)present), filled = 0;
    for (int c = 0; c < dataset->classes; c++) {
        int found = class_count(dataset, indices, count, c);
        if (!found)
            continue;
        int wanted = count / present + (nth++ % present < count % present);
        repeat_class(dataset, indices, c, found, wanted, &rng, order + filled);
        filled += wanted;
    }
    stp_rng_shuffle(&rng, order, count);
}

int stp_batch_uneven(const stp_dataset *dataset, const int *indices, int count) {
    int least = 0, most = 0;
    for (int c = 0; c < dataset->classes; c++) {
        int found = class_count(dataset, indices, count, c);
        if (found && (!least || found < least))
            least = found;
        if (found > most)
            most = found;
    }
    return most > 4 * (long long)least;
}

static int compare_ints(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

void stp_batch_halves(const stp_dataset *dataset, uint64_t seed, int *first, int *first_count, int *second,
                      int *second_count) {
    int counts[2] = {0, 0}, *half[2] = {first, second};
    int odd = 0; // classes of odd size give their odd clip to the one half and the other in turn
    for (int c = 0; c < dataset->classes; c++) {
        stp_rng rng = stp_rng_at(seed, STP_RNG_SPLIT, 0, (uint64_t)c);
        int left = stp_dataset_count(dataset, STP_TRAINING, c);
        int room = left / 2;
        if (left % 2)
            room += ++odd % 2;
        for (int i = 0; i < dataset->clips && left; i++) {
            if (dataset->clip[i].class_index != c || dataset->clip[i].split != STP_TRAINING)
                continue;
            int which = stp_rng_below(&rng, (uint64_t)left--) < (uint64_t)room ? 0 : 1;
            room -= which == 0;
            if (half[which])
                half[which][counts[which]] = i;
            counts[which]++;
        }
    }
    for (int h = 0; h < 2; h++)
        if (half[h])
            qsort(half[h], (size_t)counts[h], sizeof(int), compare_ints);
    if (first_count)
        *first_count = counts[0];
    if (second_count)
        *second_count = counts[1];
}
