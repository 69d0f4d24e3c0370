#include "base/file.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

stp_status stp_file_error(const char *path, const char *what, int number, stp_err *err) {
    const char *remedy = "check the path and its permissions";
    if (number == ENOSPC || number == EDQUOT)
        remedy = "free some space or choose another place";
    else if (number == EFBIG)
        remedy = "raise the limit of a file's size (ulimit -f)";
    else if (number == EPIPE)
        remedy = "nobody reads it any more";
    char brief[STP_PATH_BRIEF_BYTES];
    return stp_err_set(err, STP_ERR_IO, "%s: cannot %s: %s; %s", stp_path_brief(brief, path), what,
                       number ? strerror(number) : "the system gave no reason", remedy);
}

static stp_status io_error(stp_err *err, const char *path, const char *what) {
    return stp_file_error(path, what, errno, err);
}

int stp_fd_write_all(int fd, const void *data, size_t bytes) {
    const char *p = data;
    while (bytes > 0) {
        ssize_t wrote = write(fd, p, bytes);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return -1;
        p += wrote;
        bytes -= (size_t)wrote;
    }
    return 0;
}

stp_status stp_file_begin(stp_file_out *out, const char *path, stp_err *err) {
    out->fd = -1;
    if (strlen(path) >= sizeof out->path)
        return stp_err_set(err, STP_ERR_USAGE, "%.60s...: the path is too long; give a shorter one", path);
    // The file is put in its place by renaming, which would do away with a device or a link.
    struct stat there;
    if (lstat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode))
        return stp_err_set(err, STP_ERR_IO, "%s: not a regular file; give another name", path);
    strcpy(out->path, path);
    snprintf(out->temporary, sizeof out->temporary, "%s.new", path);
    out->fd = open(out->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return out->fd < 0 ? io_error(err, out->temporary, "create it") : STP_OK;
}

void stp_file_abandon(stp_file_out *out) {
    if (out->fd < 0)
        return;
    close(out->fd);
    unlink(out->temporary);
    out->fd = -1;
}

static stp_status fail_writing(stp_file_out *out, stp_err *err) {
    stp_status status = io_error(err, out->path, "write it");
    stp_file_abandon(out);
    return status;
}

stp_status stp_file_put(stp_file_out *out, const void *data, size_t bytes, stp_err *err) {
    return stp_fd_write_all(out->fd, data, bytes) == 0 ? STP_OK : fail_writing(out, err);
}

stp_status stp_file_commit(stp_file_out *out, stp_err *err) {
    if (fsync(out->fd) != 0)
        return fail_writing(out, err);
    int failed = close(out->fd);
    out->fd = -1;
    if (failed == 0 && rename(out->temporary, out->path) == 0)
        return stp_path_sync_parent(out->path) == 0 ? STP_OK : io_error(err, out->path, "sync its folder");
    stp_status status = io_error(err, out->path, "write it");
    unlink(out->temporary);
    return status;
}

stp_status stp_file_write(const char *path, const void *data, size_t bytes, stp_err *err) {
    stp_file_out out;
    STP_TRY(stp_file_begin(&out, path, err));
    STP_TRY(stp_file_put(&out, data, bytes, err));
    return stp_file_commit(&out, err);
}

// Reads up to `size` bytes, however many calls it takes; -1 with errno on error.
static ssize_t read_all(int fd, char *data, size_t size) {
    size_t got = 0;
    while (got < size) {
        ssize_t n = read(fd, data + got, size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

static stp_status read_open_file(int fd, const char *path, char **data, size_t *bytes, stp_err *err) {
    struct stat info;
    if (fstat(fd, &info) != 0)
        return io_error(err, path, "read it");
    if (!S_ISREG(info.st_mode))
        return stp_err_set(err, STP_ERR_IO, "%s: not a regular file; give one", path);
    size_t size = (size_t)info.st_size;
    char *memory = stp_alloc(size + 1);
    if (!memory)
        return stp_err_memory(err, path, size + 1);
    ssize_t got = read_all(fd, memory, size);
    if (got < 0) {
        stp_free(memory);
        return io_error(err, path, "read it");
    }
    memory[got] = 0;
    *data = memory;
    *bytes = (size_t)got; // less than `size` where the file is being cut under our hands
    return STP_OK;
}

stp_status stp_file_read(const char *path, char **data, size_t *bytes, stp_err *err) {
    *data = NULL;
    *bytes = 0;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return io_error(err, path, "open it");
    stp_status status = read_open_file(fd, path, data, bytes, err);
    close(fd);
    return status;
}
