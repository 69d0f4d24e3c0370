// Small folders of made recordings for the tests of audio/ and dataset/.
#ifndef TESTS_UNIT_RECORDINGS_H
#define TESTS_UNIT_RECORDINGS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE // nftw
#endif

#include "base/arena.h"
#include "dataset/batch.h"
#include "dataset/dataset.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { RATE = 16000, PATH_ROOM = 8192 };

static char root[64]; // temporary folder of the test program

static inline const char *in_root(const char *name) {
    static char path[4][PATH_ROOM + sizeof root];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", root, name);
    return path[turn];
}

static inline int make_root(void **state) {
    (void)state;
    strcpy(root, "/tmp/stapes-test-XXXXXX");
    return mkdtemp(root) && setenv("XDG_CACHE_HOME", in_root("cache"), 1) == 0 ? 0 : -1;
}

static inline int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *ftw) {
    (void)info, (void)kind, (void)ftw;
    return remove(path);
}

static inline void remove_tree(const char *path) {
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int remove_root(void **state) {
    (void)state;
    remove_tree(root);
    return 0;
}

static inline void make_folder(const char *name) {
    assert_int_equal(mkdir(in_root(name), 0777), 0);
}

static inline void write_text(const char *name, const char *text) {
    FILE *file = fopen(in_root(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

// Interleaved floats as a file of any libsndfile format.
static inline void write_sound(const char *name, int format, int rate, int channels, const float *samples,
                               int frames) {
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
    SNDFILE *file = sf_open(in_root(name), SFM_WRITE, &info);
    assert_non_null(file);
    if (frames)
        assert_int_equal(sf_writef_float(file, samples, frames), frames);
    assert_int_equal(sf_close(file), 0);
}

// A mono 16 bit WAV of `frames` samples that differ with `key`.
static inline void write_clip(const char *name, unsigned key, int frames) {
    float *samples = calloc((size_t)frames + 1, sizeof *samples);
    assert_non_null(samples);
    for (int i = 0; i < frames; i++)
        samples[i] = (float)(0.3 * sin(0.01 * (key % 97 + 5) * i) + 0.001 * (key % 313));
    write_sound(name, SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, samples, frames);
    free(samples);
}

// `clips` clips of `speakers` speakers in root/dir/label.
static inline void write_word(const char *dir, const char *label, int clips, int speakers) {
    char name[PATH_ROOM];
    snprintf(name, sizeof name, "%s/%s", dir, label);
    make_folder(name);
    for (int i = 0; i < clips; i++) {
        snprintf(name, sizeof name, "%s/%s/s%03d_nohash_%d.wav", dir, label, i % speakers, i / speakers);
        write_clip(name, (unsigned)(i * 7 + label[0] * 131), 1600);
    }
}

// Noise in which each sample tells its place.
static inline void write_noise(const char *name, int frames) {
    float *samples = calloc((size_t)frames, sizeof *samples);
    assert_non_null(samples);
    for (int i = 0; i < frames; i++)
        samples[i] = (float)((i % 30000) + 1) / 32767.0f;
    write_sound(name, SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, samples, frames);
    free(samples);
}

// root/words: five words, two noises, and what is to be overlooked.
static inline void write_words(void) {
    make_folder("words");
    write_word("words", "yes", 60, 20);
    write_word("words", "no", 40, 20);
    write_word("words", "tree", 60, 20);
    write_word("words", "house", 60, 20);
    write_word("words", "sky", 6, 6);
    make_folder("words/_background_noise_");
    write_noise("words/_background_noise_/rain.wav", 30000);
    write_noise("words/_background_noise_/wind.wav", 20000);
    make_folder("words/_attic");
    write_clip("words/_attic/old.wav", 1, 1600);
    write_text("words/README.md", "words\n");
    write_text("words/.hidden", "x");
    write_text("words/yes/.hidden", "x");
}

// What was warned about.
typedef struct warnings {
    int lines;
    char all[65536];
} warnings;

static warnings warned;

static inline void take_warning(void *context, const char *line) {
    (void)context;
    warned.lines++;
    assert_null(strchr(line, '\n'));
    strncat(warned.all, line, sizeof warned.all - strlen(warned.all) - 2);
    strcat(warned.all, "\n");
}

// Options of a folder below root (the latest call's only): clips of 0.1 s at 16 kHz.
static inline stp_dataset_options options_for(const char *dir) {
    static char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s/%s", root, dir);
    warned = (warnings){0};
    return (stp_dataset_options){.dir = path,
                                 .labels = "",
                                 .unknown = 1,
                                 .unknown_ratio = 4,
                                 .silence_ratio = 1,
                                 .rate_hz = RATE,
                                 .clip_samples = 1600,
                                 .max_clip_bytes = 1 << 20,
                                 .seed = 1,
                                 .cache_path = "",
                                 .warn = take_warning};
}

static inline stp_dataset *open_good(const stp_dataset_options *options) {
    stp_err err = {0};
    stp_dataset *dataset = NULL;
    if (stp_dataset_open(&dataset, options, &err) != STP_OK)
        fail_msg("%s", err.text);
    return dataset;
}

// The error's status must be this, and its one line must hold all of the words given (the last one NULL).
static inline void assert_error(const stp_err *err, stp_status status, const char *word, ...) {
    va_list words;
    va_start(words, word);
    if (err->status != status)
        fail_msg("status %d instead of %d: %s", (int)err->status, (int)status, err->text);
    assert_null(strchr(err->text, '\n'));
    for (; word; word = va_arg(words, const char *))
        if (!strstr(err->text, word))
            fail_msg("'%s' is not in: %s", word, err->text);
    va_end(words);
}

static inline void open_bad(const stp_dataset_options *options, stp_err *err) {
    stp_dataset *dataset = NULL;
    *err = (stp_err){0};
    assert_int_not_equal(stp_dataset_open(&dataset, options, err), STP_OK);
    assert_null(dataset);
}

#endif
