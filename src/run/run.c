#include "run/run.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/json_memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sha1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct stp_run {
    char path[STP_PATH_BYTES], quoted[STP_PATH_BYTES];
    int claim; // the folder, locked; -1: not claimed
};

static stp_status run_new(stp_run **run, const char *path, stp_err *err) {
    *run = NULL;
    if (strlen(path) >= STP_PATH_BYTES)
        return stp_err_set(err, STP_ERR_USAGE, "%.60s...: the path is too long; give a shorter one", path);
    stp_run *made = stp_alloc(sizeof *made);
    if (!made)
        return stp_err_memory(err, "a run folder's name", sizeof *made);
    strcpy(made->path, path);
    made->claim = -1;
    *run = made;
    return STP_OK;
}

// Finds out now, not after an hour of search, whether results can be written.
static stp_status probe_writing(const char *path, stp_err *err) {
    char probe[STP_PATH_BYTES];
    STP_TRY(stp_path_join(probe, path, ".probe", err));
    int fd = open(probe, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return stp_err_set(err, STP_ERR_IO,
                           "%s: cannot write into this folder: %s; check its permissions or give "
                           "another --out",
                           path, strerror(errno));
    close(fd);
    unlink(probe);
    return STP_OK;
}

// The folder, or the nearest one above it that is there; empty when that is the working folder.
static void nearest_folder(char found[STP_PATH_BYTES], const char *path) {
    struct stat info;
    snprintf(found, STP_PATH_BYTES, "%s", path);
    while (found[0] && stat(found, &info) != 0) {
        char *slash = strrchr(found, '/');
        if (slash == found && found[1])
            slash++; // the root itself
        *(slash ? slash : found) = 0;
    }
}

stp_status stp_run_may_create(const char *path, stp_err *err) {
    char above[STP_PATH_BYTES];
    if (!path[0] || strlen(path) >= STP_PATH_BYTES)
        return STP_OK; // stp_run_create has its own words for these
    nearest_folder(above, path);
    const char *folder = above[0] ? above : ".";
    struct stat info;
    if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode) || access(folder, W_OK | X_OK) == 0)
        return STP_OK;
    return stp_err_set(err, STP_ERR_IO, "%s: cannot write into this folder: %s; give another --out", folder,
                       strerror(errno));
}

// 0 locked, or the file system has no locks; -1 somebody else has it. One that was killed may take a moment
// to be gone.
static int lock_patiently(int fd) {
    enum { TRIES = 30, PAUSE_US = 100000 };
    for (int i = 0; i < TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            return 0;
        usleep(PAUSE_US);
    }
    return -1;
}

stp_status stp_run_claim(stp_run *run, stp_err *err) {
    if (run->claim >= 0)
        return STP_OK;
    int fd = open(run->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && lock_patiently(fd) != 0) {
        close(fd);
        return stp_err_set(err, STP_ERR_IO,
                           "%s: another stapes is working on this run; wait for it, or stop it first",
                           run->path);
    }
    stp_status status = probe_writing(run->path, err); // under the lock: others see no trace of the probe
    if (status == STP_OK)
        run->claim = fd; // a file system without locks goes without
    else if (fd >= 0)
        close(fd);
    return status;
}

static stp_status check_empty(const char *path, stp_err *err) {
    int empty = stp_dir_is_empty(path);
    if (empty < 0)
        return stp_err_set(err, STP_ERR_IO, "%s: cannot list this folder: %s; give another --out", path,
                           strerror(errno));
    if (!empty)
        return stp_err_set(
            err, STP_ERR_USAGE,
            "%s: the folder is not empty; give another --out (a search or a training goes on with --resume)",
            path);
    return STP_OK;
}

// Looked at again under the claim: whoever had it before may have written, and what is there is not ours to
// discard.
static stp_status make_folder(stp_run *run, stp_err *err) {
    STP_TRY(stp_dir_make(run->path, err));
    STP_TRY(check_empty(run->path, err));
    STP_TRY(stp_run_claim(run, err));
    return check_empty(run->path, err);
}

stp_status stp_run_create(stp_run **run, const char *path, stp_err *err) {
    STP_TRY(run_new(run, path, err)); // first: without it nobody could take the folder away again
    stp_status status = make_folder(*run, err);
    if (status != STP_OK) {
        stp_run_close(*run);
        *run = NULL;
    }
    return status;
}

stp_status stp_run_open(stp_run **run, const char *path, stp_err *err) {
    STP_TRY(run_new(run, path, err));
    struct stat info;
    stp_status status = STP_OK;
    if (stat(path, &info) != 0)
        status = stp_err_set(err, STP_ERR_IO, "%s: cannot open this run: %s; check the path", path,
                             strerror(errno));
    else if (!S_ISDIR(info.st_mode))
        status =
            stp_err_set(err, STP_ERR_FORMAT, "%s: not a run folder; give the folder that --out named", path);
    else if (!stp_run_has(*run, "settings.json"))
        status = stp_err_set(err, STP_ERR_FORMAT,
                             "%s: not a run folder, it has no settings.json; check the path", path);
    if (status != STP_OK) {
        stp_run_close(*run);
        *run = NULL;
    }
    return status;
}

void stp_run_close(stp_run *run) {
    if (run && run->claim >= 0)
        close(run->claim);
    stp_free(run);
}

void stp_run_discard(stp_run *run) {
    DIR *folder = opendir(run->path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
    rmdir(run->path);
    stp_run_close(run);
}

const char *stp_run_path(const stp_run *run) {
    return run->path;
}

const char *stp_run_word(stp_run *run) {
    return stp_path_word(run->quoted, run->path);
}

stp_status stp_run_lacks(stp_run *run, const char *what, const char *command, const char *rest,
                         stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    return stp_err_set(err, STP_ERR_USAGE, "%s %s: stapes %s %s%s", stp_path_brief(brief, run->path), what,
                       command, stp_run_word(run), rest);
}

int stp_run_has(const stp_run *run, const char *name) {
    char path[STP_PATH_BYTES];
    struct stat info;
    return stp_path_join(path, run->path, name, NULL) == STP_OK && stat(path, &info) == 0 &&
           S_ISREG(info.st_mode);
}

stp_status stp_run_write_json(stp_run *run, const char *name, const json_t *object, stp_err *err) {
    char path[STP_PATH_BYTES];
    STP_TRY(stp_path_join(path, run->path, name, err));
    size_t length;
    char *text = stp_json_text(object, JSON_INDENT(2) | JSON_ENCODE_ANY, &length);
    if (!text)
        return stp_err_memory(err, path, 0);
    text[length] = '\n'; // in the place of the NUL: the file is written by its length
    stp_status status = stp_file_write(path, text, length + 1, err);
    stp_json_text_free(text);
    return status;
}

stp_status stp_run_read_json(stp_run *run, const char *name, json_t **object, stp_err *err) {
    *object = NULL;
    char path[STP_PATH_BYTES];
    STP_TRY(stp_path_join(path, run->path, name, err));
    char *text;
    size_t bytes;
    STP_TRY(stp_file_read(path, &text, &bytes, err));
    json_error_t problem;
    *object = stp_json_read(text, bytes, JSON_REJECT_DUPLICATES, &problem);
    stp_free(text);
    if (*object)
        return STP_OK;
    if (stp_json_memory_lost()) // jansson takes most of that for bad syntax
        return stp_err_memory(err, path, bytes);
    return stp_err_set(err, STP_ERR_FORMAT, "%s:%d:%d: not valid JSON: %s; was it edited or cut?", path,
                       problem.line, problem.column, problem.text);
}

static json_t *real_as_bits(double real) {
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return json_sprintf("%016llx", (unsigned long long)bits);
}

// The same with every real number as the text of its bits: how jansson writes one depends on its version.
static json_t *with_bits(const json_t *value) {
    const char *key;
    json_t *inside, *copy = NULL;
    size_t i;
    if (json_is_real(value))
        return real_as_bits(json_real_value(value));
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach((json_t *)value, key, inside) json_object_set_new(copy, key, with_bits(inside));
    } else if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, inside) json_array_append_new(copy, with_bits(inside));
    } else {
        copy = json_incref((json_t *)value);
    }
    return copy;
}

void stp_json_digest(const json_t *object, char digest[41]) {
    digest[0] = 0;
    size_t length;
    json_t *exact = with_bits(object);
    char *text = stp_json_text(exact, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY, &length);
    json_decref(exact);
    if (!text)
        return;
    SHA1Data((const uint8_t *)text, length, digest);
    stp_json_text_free(text);
}
