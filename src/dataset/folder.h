// Inside the room (and for `stapes data check`): every file of a folder, whether usable or not, with its
// split and its place in the audio cache. A dataset chooses its classes from this.
#ifndef STP_DATASET_FOLDER_H
#define STP_DATASET_FOLDER_H

#include "base/arena.h"
#include "dataset/dataset.h"

#define STP_NOISE_FOLDER "_background_noise_"

enum { STP_WORD_NOISE = -1 };

typedef struct stp_file {
    const char *path;    // relative to the folder: "<label>/<name>"
    const char *stem;    // path without ending: what the split lists are compared by
    const char *speaker; // the part of the name before _nohash_, else the name without ending
    int word;            // index into stp_folder.word, or STP_WORD_NOISE
    uint64_t bytes;
    int64_t mtime_ns;
    unsigned mode;
    stp_split split;      // of words only, when usable
    const char *problem;  // NULL: usable; otherwise the line that says why not
    int64_t audio, count; // place in the cache, in samples
    int rate_hz, channels;
    int64_t frames; // of the source
} stp_file;

typedef struct stp_folder {
    const stp_dataset_options *options; // of the caller, who keeps them while the folder is opened
    stp_arena *arena;                   // holds everything but the mapping
    const char *dir;
    int words;
    const char **word; // sorted
    int files;
    stp_file *file; // sorted by path
    char digest[41];
    const char *cache_path;
    void *map; // the mapped cache
    size_t map_bytes;
    const int16_t *audio;
    int skipped;
} stp_folder;

// Scans, reads (or maps the cache), splits. Unusable files are counted, not warned about: see below.
stp_status stp_folder_open(stp_folder *folder, const stp_dataset_options *options, stp_err *err);
void stp_folder_close(stp_folder *folder);

// One line to the caller's warn callback, if there is one.
void stp_folder_warn(const stp_folder *folder, const char *format, ...) __attribute__((format(printf, 2, 3)));
void stp_folder_warn_unusable(const stp_folder *folder); // a line for each unusable file
int stp_file_usable_word(const stp_file *file);          // a clip of a word that can be used

// Steps of stp_folder_open, in this order.
stp_status stp_folder_scan(stp_folder *folder, stp_err *err);
stp_status stp_folder_cache(stp_folder *folder, stp_err *err);
stp_status stp_folder_split(stp_folder *folder, stp_err *err);

#endif
