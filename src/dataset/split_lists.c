// validation_list.txt and testing_list.txt: one path a line, relative to the folder. Compared without
// endings, so that a re-encoded folder keeps its lists.
#include "base/path.h"
#include "dataset/split.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_LIST_BYTES = 256 << 20 };

static int compare_stems(const void *a, const void *b) {
    return strcmp((*(stp_file *const *)a)->stem, (*(stp_file *const *)b)->stem);
}

static stp_status refuse(const stp_folder *folder, const char *name, const char *why, stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    return stp_err_set(err, STP_ERR_IO, "%s/%s: cannot read this list: %s; correct or remove it",
                       stp_path_brief(brief, folder->dir), name, why);
}

static stp_status read_all(int fd, char *text, size_t bytes, const stp_folder *folder, const char *name,
                           stp_err *err) {
    for (size_t at = 0; at < bytes;) {
        ssize_t got = read(fd, text + at, bytes - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return refuse(folder, name, strerror(errno), err);
        if (got == 0)
            return STP_OK;
        at += (size_t)got;
    }
    return STP_OK;
}

// The list as text with a zero at its end (stp_free); *text stays NULL when there is none.
static stp_status load(const stp_folder *folder, const char *name, char **text, stp_err *err) {
    char path[PATH_MAX];
    struct stat info;
    if (snprintf(path, sizeof path, "%s/%s", folder->dir, name) >= (int)sizeof path)
        return refuse(folder, name, "the path is too long", err);
    if (stat(path, &info) != 0)
        return errno == ENOENT ? STP_OK : refuse(folder, name, strerror(errno), err);
    if (!S_ISREG(info.st_mode))
        return refuse(folder, name, "it is no file", err);
    if (info.st_size > MOST_LIST_BYTES)
        return refuse(folder, name, "it is larger than any list", err);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return refuse(folder, name, strerror(errno), err);
    size_t bytes = (size_t)info.st_size;
    *text = stp_alloc(bytes + 1);
    stp_status status = *text ? read_all(fd, *text, bytes, folder, name, err)
                              : stp_err_memory(err, "a split list", bytes + 1);
    close(fd);
    return status;
}

// The entry of a line without "./", blanks at its end and the ending of the file name.
static void trim(char **line) {
    if (strncmp(*line, "./", 2) == 0)
        *line += 2;
    size_t length = strlen(*line);
    while (length && strchr(" \t\r", (*line)[length - 1]))
        (*line)[--length] = 0;
    char *dot = strrchr(*line, '.'), *slash = strrchr(*line, '/');
    if (dot && dot > *line && (!slash || dot > slash + 1) && strlen(dot) >= 2 && strlen(dot) <= 6)
        *dot = 0;
}

// First of the files (sorted by stem) whose stem is not below `stem`.
static int lower_bound(stp_file *const *by_stem, int count, const char *stem) {
    int low = 0, high = count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (strcmp(by_stem[middle]->stem, stem) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void apply(stp_folder *folder, stp_split_lists *lists, stp_file *const *by_stem, const char *name,
                  stp_split split, char *text) {
    int entries = 0, absent = 0, twice = 0;
    const char *absent_first = "";
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        trim(&line);
        if (!*line)
            continue;
        entries++;
        int i = lower_bound(by_stem, folder->files, line), found = 0;
        for (; i < folder->files && strcmp(by_stem[i]->stem, line) == 0; i++, found = 1) {
            unsigned char *fixed = &lists->fixed[by_stem[i] - folder->file];
            twice += *fixed && by_stem[i]->split != split;
            by_stem[i]->split = split;
            *fixed = 1;
        }
        if (!found && absent++ == 0)
            absent_first = line;
    }
    if (absent)
        stp_folder_warn(folder, "%s: %d of its %d lines name no recording of the folder, first '%s'", name,
                        absent, entries, absent_first);
    if (twice)
        stp_folder_warn(folder, "%s: %d of its lines are in the other list too; taken for %s", name, twice,
                        stp_split_name(split));
}

stp_status stp_split_read_lists(stp_folder *folder, stp_split_lists *lists, stp_err *err) {
    static const char *const list_name[STP_SPLITS] = {NULL, "validation_list.txt", "testing_list.txt"};
    stp_file **by_stem = STP_ARENA_ARRAY(folder->arena, stp_file *, folder->files);
    if (!by_stem)
        return stp_err_memory(err, "the splits", sizeof *by_stem * (unsigned long long)folder->files);
    for (int i = 0; i < folder->files; i++)
        by_stem[i] = &folder->file[i];
    qsort(by_stem, (size_t)folder->files, sizeof *by_stem, compare_stems);
    for (int split = STP_VALIDATION; split <= STP_TESTING; split++) {
        char *text = NULL;
        stp_status status = load(folder, list_name[split], &text, err);
        if (status == STP_OK && text) {
            lists->have[split] = 1;
            apply(folder, lists, by_stem, list_name[split], (stp_split)split, text);
        }
        stp_free(text);
        STP_TRY(status);
    }
    return STP_OK;
}
