// Journals: one JSON object a line, and cut back to a checkpoint's size on resuming.
#include "run/run.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/json_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A line that did not fit on the disk is taken back, so that the journal never ends in half a line.
static stp_status append_line(int fd, const char *path, const char *line, size_t bytes, stp_err *err) {
    struct stat before;
    if (fstat(fd, &before) != 0)
        return stp_err_set(err, STP_ERR_IO, "%s: cannot be looked at: %s", path, strerror(errno));
    if (stp_fd_write_all(fd, line, bytes) == 0 && fdatasync(fd) == 0)
        return STP_OK;
    stp_status status = stp_file_error(path, "add a line", errno, err);
    if (ftruncate(fd, before.st_size) != 0)
        return status; // nothing left to do: the error is told already
    return status;
}

stp_status stp_run_append(stp_run *run, const char *name, const json_t *object, stp_err *err) {
    char path[STP_PATH_BYTES];
    STP_TRY(stp_path_join(path, stp_run_path(run), name, err));
    size_t length;
    char *line = stp_json_text(object, JSON_COMPACT, &length);
    if (!line)
        return stp_err_memory(err, path, 0);
    line[length] = '\n'; // in the place of the NUL
    stp_status status;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        status = stp_err_set(err, STP_ERR_IO, "%s: cannot open it: %s; check its permissions", path,
                             strerror(errno));
    else
        status = append_line(fd, path, line, length + 1, err);
    if (fd >= 0)
        close(fd);
    stp_json_text_free(line);
    return status;
}

stp_status stp_run_append_new(stp_run *run, const char *name, json_t *object, stp_err *err) {
    if (!object)
        return stp_err_memory(err, name, 0);
    stp_status status = stp_run_append(run, name, object, err);
    json_decref(object);
    return status;
}

long long stp_run_size(const stp_run *run, const char *name) {
    char path[STP_PATH_BYTES];
    struct stat info;
    if (stp_path_join(path, stp_run_path(run), name, NULL) != STP_OK || stat(path, &info) != 0)
        return 0;
    return info.st_size;
}

stp_status stp_run_truncate(stp_run *run, const char *name, long long bytes, stp_err *err) {
    char path[STP_PATH_BYTES];
    STP_TRY(stp_path_join(path, stp_run_path(run), name, err));
    long long size = stp_run_size(run, name);
    if (size == bytes)
        return STP_OK; // also: no file yet, and none expected
    if (size < bytes)
        return stp_err_set(
            err, STP_ERR_FORMAT,
            "%s: has %lld bytes where the checkpoint counted %lld; it was cut, so start a new run", path,
            size, bytes);
    if (truncate(path, bytes) != 0)
        return stp_err_set(err, STP_ERR_IO, "%s: cannot cut it back: %s; check its permissions", path,
                           strerror(errno));
    return STP_OK;
}

// A journal and its bytes up to the end of the last whole line: a process that is killed may leave half of
// one. NULL and 0 where there is no file yet.
static stp_status read_lines(const char *path, char **text, size_t *bytes, stp_err *err) {
    *text = NULL;
    *bytes = 0;
    if (access(path, F_OK) != 0)
        return STP_OK;
    STP_TRY(stp_file_read(path, text, bytes, err));
    while (*bytes > 0 && (*text)[*bytes - 1] != '\n')
        --*bytes;
    return STP_OK;
}

stp_status stp_run_last_line(stp_run *run, const char *name, json_t **object, stp_err *err) {
    *object = NULL;
    char path[STP_PATH_BYTES], *text;
    size_t bytes;
    STP_TRY(stp_path_join(path, stp_run_path(run), name, err));
    STP_TRY(read_lines(path, &text, &bytes, err));
    size_t start = bytes > 0 ? bytes - 1 : 0;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    stp_status status = STP_OK;
    json_error_t problem;
    if (bytes > 0 && !(*object = stp_json_read(text + start, bytes - start, 0, &problem)))
        status = stp_json_memory_lost()
                     ? stp_err_memory(err, path, bytes)
                     : stp_err_set(err, STP_ERR_FORMAT, "%s: the last line is no JSON: %s; restore the file",
                                   path, problem.text);
    stp_free(text);
    return status;
}

stp_status stp_run_cut_half_line(stp_run *run, const char *name, stp_err *err) {
    char path[STP_PATH_BYTES], *text;
    size_t bytes;
    STP_TRY(stp_path_join(path, stp_run_path(run), name, err));
    STP_TRY(read_lines(path, &text, &bytes, err));
    stp_free(text);
    return stp_run_truncate(run, name, (long long)bytes, err);
}
