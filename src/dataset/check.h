// What is worth knowing about a folder of recordings before hours are spent on it.
#ifndef STP_DATASET_CHECK_H
#define STP_DATASET_CHECK_H

#include "dataset/folder.h"

typedef struct stp_tally {
    int value, count;
} stp_tally;

typedef struct stp_check_word {
    const char *label;
    int clips[STP_SPLITS], unusable;
} stp_check_word;

// Everything lives in the folder's arena until stp_check_close.
typedef struct stp_check {
    stp_folder folder;
    stp_dataset dataset; // complete only when usable
    int usable;
    stp_err why_not;
    stp_check_word *word; // [folder.words]
    int clips[STP_SPLITS];
    int speakers;        // as told by names with _nohash_; 0: the names tell none
    const char **shared; // speakers in more than one split
    int shared_count;
    stp_tally *rate, *channels; // by value
    int rates, channel_counts;
    double shortest_s, median_s, longest_s;
    int shorter, longer; // clips shorter and longer than a clip is to be
    int noises;
    double noise_s;
    // Recordings whose samples are exactly equal, as the system would hear them: file[group[g]] up to
    // file[group[g + 1] - 1] are one set. Sets are in the order of their first path.
    const stp_file **equal;
    int *group, groups, groups_over_splits, groups_over_words;
} stp_check;

// Errors are those that leave nothing to report on; a folder that can be read but not used is STP_OK with
// usable 0 and why_not.
stp_status stp_check_open(stp_check *check, const stp_dataset_options *options, stp_err *err);
void stp_check_close(stp_check *check);

#endif
