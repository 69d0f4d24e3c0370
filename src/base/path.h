// Paths for people and folders for files.
#ifndef STP_BASE_PATH_H
#define STP_BASE_PATH_H

#include "base/status.h"

enum { STP_PATH_BRIEF_BYTES = 256 };

// A path short enough for an error line: whole when it fits, else "..." and its end, which tells more than
// its start. Cuts between UTF-8 characters. Returns `out`.
const char *stp_path_brief(char out[STP_PATH_BRIEF_BYTES], const char *path);

// Makes the folders that lead to `path` (the last part is taken for a file). Those that exist are fine.
stp_status stp_path_make_parents(const char *path, stp_err *err);

// fsync of the folder that holds `path`, so that a rename in it outlives a power cut. Errors are ignored: not
// every file system can.
void stp_path_sync_parent(const char *path);

#endif
