// Inside the room: which clip serves training, validation or testing.
#ifndef STP_DATASET_SPLIT_H
#define STP_DATASET_SPLIT_H

#include "dataset/folder.h"

// The published rule's number for a name, 0 to 100.
double stp_split_percent(const char *name);

// What the lists of a folder say. fixed[file]: the file is in a list and its split is set.
typedef struct stp_split_lists {
    int have[STP_SPLITS]; // a list for this split is there
    unsigned char *fixed; // stp_free
} stp_split_lists;

stp_status stp_split_read_lists(stp_folder *folder, stp_split_lists *lists, stp_err *err);

// Splits the files that no list fixed by the rule, and corrects small folders.
stp_status stp_split_by_rule(stp_folder *folder, const stp_split_lists *lists, stp_err *err);

#endif
