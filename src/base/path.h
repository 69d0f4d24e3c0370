// Paths for people and folders for files.
#ifndef STP_BASE_PATH_H
#define STP_BASE_PATH_H

#include "base/status.h"

enum { STP_PATH_BRIEF_BYTES = 256, STP_PATH_BYTES = 4096 };

// A path short enough for an error line: whole when it fits, else "..." and its end, which tells more than
// its start. Cuts between UTF-8 characters. Returns `out`.
const char *stp_path_brief(char out[STP_PATH_BRIEF_BYTES], const char *path);

// A path as one word of a shell's command line, for commands that a message proposes: in quotes where it
// needs them. Returns `out`, or `path` itself where it needs none (or is too long to be quoted).
const char *stp_path_word(char out[STP_PATH_BYTES], const char *path);

// "<folder>/<name>" into path; STP_ERR_USAGE when that is too long.
stp_status stp_path_join(char path[STP_PATH_BYTES], const char *folder, const char *name, stp_err *err);

// The folder with all its parents; one that exists is fine.
stp_status stp_dir_make(const char *path, stp_err *err);
// 1 empty, 0 not, -1 it cannot be listed (errno).
int stp_dir_is_empty(const char *path);
// The folders that lead to `path` (the last part is taken for a file).
stp_status stp_path_make_parents(const char *path, stp_err *err);

// fsync of the folder that holds `path`, so that a name made or renamed in it outlives a power cut. 0, or -1
// with errno; file systems that cannot sync a folder count as done.
int stp_path_sync_parent(const char *path);

#endif
