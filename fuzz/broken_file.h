// Good files broken on purpose: an input is a list of changes to bytes, and what is under a checksum gets a
// right one again where asked for, so that the checks behind it are reached.
#ifndef STP_FUZZ_BROKEN_FILE_H
#define STP_FUZZ_BROKEN_FILE_H

#include "base/status.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

// What is left of the input.
typedef struct fuzz_input {
    const uint8_t *data;
    size_t size;
} fuzz_input;

// 0 when nothing is left.
static inline uint32_t fuzz_take(fuzz_input *in, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes && in->size > 0; i++, in->data++, in->size--)
        value |= (uint32_t)*in->data << 8 * i;
    return value;
}

// A mistake of the program's that no sanitizer sees.
static inline void fuzz_require(int holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

// A failure says in one line what is wrong. With STAPES_FUZZ_TELL in the environment it is printed: what an
// input of the corpus is there for.
static inline void fuzz_require_line(stp_status status, const stp_err *err) {
    if (getenv("STAPES_FUZZ_TELL"))
        fprintf(stderr, "%s\n", status == STP_OK ? "taken" : err->text);
    if (status != STP_OK)
        fuzz_require(err->text[0] != 0 && !strchr(err->text, '\n'), "an error without its line");
}

// --- a place for files ------------------------------------------------------------------------------------

static char fuzz_folder_path[64];

static inline void fuzz_folder_remove(void) {
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", fuzz_folder_path);
    if (system(command) != 0)
        fprintf(stderr, "%s is left\n", fuzz_folder_path);
}

// In memory where the system has a place for that. Made once, removed on exit.
static inline const char *fuzz_folder(void) {
    if (fuzz_folder_path[0])
        return fuzz_folder_path;
    snprintf(fuzz_folder_path, sizeof fuzz_folder_path, "%s/stapes_fuzz_XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    fuzz_require(mkdtemp(fuzz_folder_path) != NULL, "no folder for files");
    atexit(fuzz_folder_remove);
    return fuzz_folder_path;
}

static inline void fuzz_write(const char *path, const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    fuzz_require(file && (bytes == 0 || fwrite(data, 1, bytes, file) == bytes) && fclose(file) == 0,
                 "a file cannot be written");
}

// --- changes ----------------------------------------------------------------------------------------------

enum { FUZZ_FILE_BYTES = 1 << 17 };

typedef struct fuzz_file {
    uint8_t data[FUZZ_FILE_BYTES];
    size_t bytes;
} fuzz_file;

static inline void fuzz_insert(fuzz_file *f, size_t at, uint8_t value) {
    if (f->bytes == FUZZ_FILE_BYTES)
        return;
    memmove(f->data + at + 1, f->data + at, f->bytes++ - at);
    f->data[at] = value;
}

static inline void fuzz_set_number(fuzz_file *f, size_t at, uint8_t which) {
    static const uint32_t numbers[] = {0,      1,          0x7f,        0x80,        0x7fff,
                                       0xffff, 0x7fffffff, 0x80000000u, 0xffffffffu, 0x7fc00000};
    uint32_t number = numbers[which % (sizeof numbers / sizeof *numbers)];
    memcpy(f->data + at, &number, f->bytes - at < 4 ? f->bytes - at : 4);
}

// One change: what, where (two bytes), with what.
static inline void fuzz_change(fuzz_file *f, fuzz_input *in) {
    uint32_t what = fuzz_take(in, 1) % 8, where = fuzz_take(in, 2);
    uint8_t value = (uint8_t)fuzz_take(in, 1);
    size_t at = f->bytes ? where % f->bytes : 0;
    if (f->bytes == 0)
        return;
    if (what == 0)
        f->bytes = at;
    else if (what == 1)
        fuzz_insert(f, at, value);
    else if (what == 2)
        memmove(f->data + at, f->data + at + 1, --f->bytes - at);
    else if (what <= 4)
        fuzz_set_number(f, at, value);
    else
        f->data[at] = value;
}

static inline void fuzz_break(fuzz_file *f, const fuzz_file *good, fuzz_input *in) {
    memcpy(f->data, good->data, good->bytes);
    f->bytes = good->bytes;
    while (in->size > 0)
        fuzz_change(f, in);
}

// A checkpoint's own length, and its checksum (src/run/checkpoint.c).
static inline void fuzz_seal(fuzz_file *f) {
    uint64_t bytes = f->bytes;
    if (f->bytes < 92)
        return;
    memcpy(f->data + 16, &bytes, sizeof bytes);
    uint32_t crc = (uint32_t)crc32_z(0, f->data, f->bytes - 4);
    memcpy(f->data + f->bytes - 4, &crc, 4);
}

#endif
