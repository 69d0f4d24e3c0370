#include "dataset/classes.h"

#include <string.h>

typedef struct owner {
    stp_dataset dataset; // first, so that the one is the other
    stp_folder folder;
    stp_dataset_options options; // the caller's end with stp_dataset_open
} owner;

static stp_status check_splits(const stp_dataset *dataset, const char *dir, stp_err *err) {
    for (int split = 0; split < STP_SPLITS; split++)
        if (stp_dataset_count(dataset, (stp_split)split, -1) == 0)
            return stp_err_set(
                err, STP_ERR_DATA,
                "%.256s: no clip for %s; add recordings (three of each word at least) or correct "
                "validation_list.txt and testing_list.txt",
                dir, stp_split_name((stp_split)split));
    return STP_OK;
}

// A class that is never heard in training cannot be learned; one that is not tested is worth a word.
static stp_status check_classes(const stp_folder *folder, const stp_dataset *dataset, stp_err *err) {
    for (int c = 0; c < dataset->classes; c++)
        for (int split = 0; split < STP_SPLITS; split++) {
            if (stp_dataset_count(dataset, (stp_split)split, c))
                continue;
            if (split == STP_TRAINING)
                return stp_err_set(
                    err, STP_ERR_DATA,
                    "%s: no clip of this class for training; add recordings, or leave it out with "
                    "--labels",
                    dataset->labels[c]);
            stp_folder_warn(folder, "%s: no clip of this class for %s", dataset->labels[c],
                            stp_split_name((stp_split)split));
        }
    return STP_OK;
}

stp_status stp_dataset_from_folder(stp_dataset *dataset, stp_folder *folder, stp_err *err) {
    *dataset = (stp_dataset){.rate_hz = folder->options->rate_hz,
                             .clip_samples = folder->options->clip_samples,
                             .audio = folder->audio,
                             .skipped = folder->skipped};
    memcpy(dataset->folder_digest, folder->digest, sizeof dataset->folder_digest);
    STP_TRY(stp_classes_choose(dataset, folder, err));
    if (folder->options->partial)
        return STP_OK;
    STP_TRY(check_splits(dataset, folder->dir, err));
    return check_classes(folder, dataset, err);
}

static stp_status open_into(owner *own, stp_err *err) {
    STP_TRY(stp_folder_open(&own->folder, &own->options, err));
    stp_folder_warn_unusable(&own->folder);
    return stp_dataset_from_folder(&own->dataset, &own->folder, err);
}

stp_status stp_dataset_open(stp_dataset **dataset, const stp_dataset_options *options, stp_err *err) {
    owner *own = stp_alloc(sizeof *own);
    if (!own)
        return stp_err_memory(err, "the data set", sizeof *own);
    own->options = *options;
    stp_status status = open_into(own, err);
    own->dataset.owner = own;
    if (status != STP_OK) {
        stp_dataset_close(&own->dataset);
        return status;
    }
    // The strings and callbacks of the options were the caller's for this call only.
    own->options = (stp_dataset_options){0};
    *dataset = &own->dataset;
    return STP_OK;
}

void stp_dataset_close(stp_dataset *dataset) {
    if (!dataset)
        return;
    owner *own = dataset->owner;
    stp_folder_close(&own->folder);
    stp_free(own);
}

int stp_dataset_count(const stp_dataset *dataset, stp_split split, int class_index) {
    int count = 0;
    for (int i = 0; i < dataset->clips; i++)
        count += (split == STP_SPLITS || dataset->clip[i].split == split) &&
                 (class_index < 0 || dataset->clip[i].class_index == class_index);
    return count;
}

int stp_dataset_select(const stp_dataset *dataset, stp_split split, int *indices) {
    int count = 0;
    for (int i = 0; i < dataset->clips; i++) {
        if (split != STP_SPLITS && dataset->clip[i].split != split)
            continue;
        if (indices)
            indices[count] = i;
        count++;
    }
    return count;
}

void stp_noise_part(const stp_noise *noise, stp_split split, int64_t *begin, int64_t *count) {
    int64_t tenth = noise->count / 10, eight = noise->count - 2 * tenth;
    *begin = split == STP_VALIDATION ? eight : split == STP_TESTING ? eight + tenth : 0;
    *count = split == STP_TRAINING ? eight : tenth;
}
