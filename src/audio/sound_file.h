// Inside the room: a recording opened for reading, safe against what is no recording.
#ifndef STP_AUDIO_SOUND_FILE_H
#define STP_AUDIO_SOUND_FILE_H

#include "base/status.h"

#include <sndfile.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sound_file {
    const char *path;
    int fd;
    uint64_t bytes; // of the file
    SNDFILE *handle;
    SF_INFO info;
} sound_file;

// Opens a regular file and reads its header. On errors nothing stays open.
stp_status stp_sound_file_open(sound_file *file, const char *path, uint64_t max_bytes, stp_err *err);
void stp_sound_file_close(sound_file *file);
// "path: why", with long paths shortened.
stp_status stp_sound_file_refuse(const char *path, stp_status status, stp_err *err, const char *why);
stp_status stp_sound_file_too_large(const char *path, uint64_t bytes, uint64_t max_bytes, stp_err *err);

#endif
