// Whole files: read at once, or written so that the old one stays until the new one is safely there.
#ifndef STP_BASE_FILE_H
#define STP_BASE_FILE_H

#include "base/path.h"

#include <stddef.h>

// Atomic writing: begin, put as often as needed, commit. Pieces go to "<path>.new"; commit syncs it to disk,
// renames it over `path` and syncs the folder. After any error (or abandon) `path` is as it was and
// "<path>.new" is gone.
typedef struct stp_file_out {
    int fd;
    char path[STP_PATH_BYTES], temporary[STP_PATH_BYTES + 8];
} stp_file_out;

stp_status stp_file_begin(stp_file_out *out, const char *path, stp_err *err);
stp_status stp_file_put(stp_file_out *out, const void *data, size_t bytes, stp_err *err); // abandons on error
stp_status stp_file_commit(stp_file_out *out, stp_err *err);                              // abandons on error
void stp_file_abandon(stp_file_out *out); // harmless after an error or a commit

// The three of them for data that lies in one piece.
stp_status stp_file_write(const char *path, const void *data, size_t bytes, stp_err *err);

// The line for a file (or stream, by its name) that the system refused: "PATH: cannot WHAT: ...", from the
// errno, with what to do about it. Returns STP_ERR_IO.
stp_status stp_file_error(const char *path, const char *what, int number, stp_err *err);

// Writes all bytes to a descriptor, over interruptions and short writes. 0, or -1 with errno.
int stp_fd_write_all(int fd, const void *data, size_t bytes);

// The whole file, with a NUL after it that `bytes` does not count; the caller frees `data` with stp_free.
// Only regular files (a folder, FIFO or device is refused without blocking).
stp_status stp_file_read(const char *path, char **data, size_t *bytes, stp_err *err);

#endif
