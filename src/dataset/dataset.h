// A folder of recordings in the Speech Commands layout, as classes and splits over a memory-mapped int16
// cache.
#ifndef STP_DATASET_DATASET_H
#define STP_DATASET_DATASET_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef enum stp_split { STP_TRAINING, STP_VALIDATION, STP_TESTING, STP_SPLITS } stp_split;

const char *stp_split_name(stp_split split);
// "training", "validation", "testing"; "all" gives STP_SPLITS.
stp_status stp_split_parse(stp_split *split, const char *text, stp_err *err);

typedef struct stp_dataset_options {
    const char *dir;
    const char *labels; // target words, comma separated; "" = every folder
    int unknown;        // keep the other words as _unknown_ (only with labels)
    double unknown_ratio;
    int silence;
    double silence_ratio;
    int rate_hz, clip_samples;
    int partial; // nothing is trained: splits and classes may have no clip, and one class is enough
    uint64_t max_clip_bytes;
    uint64_t seed;          // draws which clips stand for _unknown_ and _silence_
    const char *cache_path; // "" = beside the user's caches ($XDG_CACHE_HOME/stapes or ~/.cache/stapes),
                            // named by folder and form
    void (*progress)(void *context, const char *what, int done, int total); // may be NULL
    void *progress_context;
    void (*warn)(void *context, const char *line); // one line for each skipped clip; may be NULL
} stp_dataset_options;

typedef struct stp_clip {
    const char *path;    // relative to the folder, "/" separated; for _silence_ the noise file
    const char *speaker; // the part before _nohash_, or the base name
    int word;            // folder index before labels were chosen; -1 for _silence_
    int class_index;     // 0 .. classes-1
    stp_split split;
    int64_t audio; // offset of the clip's stored samples in the cache, in samples
    int stored;    // samples stored: at most clip_samples; shorter recordings are stored unpadded
} stp_clip;

typedef struct stp_noise {
    const char *path;
    int64_t audio, count; // samples, any length
} stp_noise;

// The part of a noise recording that a split may hear, as silence and mixed into clips: the first eight
// tenths for training, then a tenth each for validation and testing. begin: first sample, within the
// recording.
void stp_noise_part(const stp_noise *noise, stp_split split, int64_t *begin, int64_t *count);

typedef struct stp_dataset {
    int classes;
    const char *const
        *labels; // [classes]; words first (in the order given, else sorted), then _unknown_, then _silence_
    int clips;
    const stp_clip *clip; // sorted by path: the order does not depend on the file system
    int noises;
    const stp_noise *noise;
    int rate_hz, clip_samples;
    int skipped;            // unreadable clips, each warned about
    char folder_digest[41]; // of names, sizes, times and form: what the cache was made from
    const int16_t *audio;   // the mapped cache
    void *owner;            // private
} stp_dataset;

// Scans, splits, chooses classes, builds or maps the cache. Errors: empty folder, one class only, a training,
// validation or testing split with no clip, a label with comma, slash or control character, labels not in the
// folder, a full disk... With `partial` a command that can live without a split asks stp_dataset_count
// itself.
stp_status stp_dataset_open(stp_dataset **dataset, const stp_dataset_options *options, stp_err *err);
void stp_dataset_close(stp_dataset *dataset);

// SHA-1 in hex of what is heard: rate, classes, each clip's path, class, split and samples, and the noise.
// The same wherever the folder lies. Reads every sample once.
void stp_dataset_digest(const stp_dataset *dataset, char digest[41]);

int stp_dataset_count(const stp_dataset *dataset, stp_split split, int class_index); // class_index -1: all
// Indices of a split's clips (STP_SPLITS: all), ascending, into `indices` (may be NULL); returns how many.
int stp_dataset_select(const stp_dataset *dataset, stp_split split, int *indices);
// The published rule on a speaker (or base) name: SHA-1 modulo 2^27 as a percentage; under 10 validation,
// under 20 testing.
stp_split stp_split_rule(const char *name);

#endif
