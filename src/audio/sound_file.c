#include "audio/sound_file.h"

#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Rates a microphone can have. A header that says 1 Hz would grow to 16000 times its size when resampled.
enum { MIN_RATE_HZ = 1000, MAX_RATE_HZ = 1536000 };

stp_status stp_sound_file_refuse(const char *path, stp_status status, stp_err *err, const char *why) {
    char brief[STP_PATH_BRIEF_BYTES];
    return stp_err_set(err, status, "%s: %s", stp_path_brief(brief, path), why);
}

stp_status stp_sound_file_too_large(const char *path, uint64_t bytes, uint64_t max_bytes, stp_err *err) {
    char why[192];
    snprintf(why, sizeof why,
             "%.1f MB of audio, more than the %.1f MB allowed; cut it or raise --max-clip-mb",
             (double)bytes / 1048576.0, (double)max_bytes / 1048576.0);
    return stp_sound_file_refuse(path, STP_ERR_DATA, err, why);
}

static stp_status refuse_errno(const char *path, stp_err *err) {
    char why[160];
    snprintf(why, sizeof why, "cannot be opened: %s; check the path and its permissions", strerror(errno));
    return stp_sound_file_refuse(path, STP_ERR_IO, err, why);
}

static stp_status check_kind(const char *path, const struct stat *info, stp_err *err) {
    if (S_ISDIR(info->st_mode))
        return stp_sound_file_refuse(path, STP_ERR_DATA, err,
                                     "is a folder, not a recording; move it or what is in it");
    if (!S_ISREG(info->st_mode))
        return stp_sound_file_refuse(path, STP_ERR_DATA, err,
                                     "is a pipe, socket or device, not a recording; remove it");
    if (info->st_size == 0)
        return stp_sound_file_refuse(path, STP_ERR_DATA, err, "is empty (0 bytes); record it again");
    return STP_OK;
}

// The kind is looked at before opening, since opening a device can have effects, and once more after it,
// since the name may have changed hands; O_NONBLOCK keeps a FIFO from holding us in between.
static stp_status open_regular(sound_file *file, const char *path, stp_err *err) {
    struct stat info;
    if (stat(path, &info) != 0)
        return refuse_errno(path, err);
    STP_TRY(check_kind(path, &info, err));
    file->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file->fd < 0)
        return refuse_errno(path, err);
    if (fstat(file->fd, &info) != 0)
        return refuse_errno(path, err);
    STP_TRY(check_kind(path, &info, err));
    file->bytes = (uint64_t)info.st_size;
    return STP_OK;
}

static uint32_t little_u32(const unsigned char *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

// libsndfile shortens a WAV's length to what is there without a word; so the chunks are walked here. Lengths
// from 2^31 - 2^16 up are what programs write that stream into a pipe and cannot know better.
static int wav_is_cut(const sound_file *file) {
    unsigned char head[12];
    if (pread(file->fd, head, 12, 0) != 12 || memcmp(head, "RIFF", 4) != 0 ||
        memcmp(head + 8, "WAVE", 4) != 0)
        return 0;
    uint64_t at = 12;
    while (pread(file->fd, head, 8, (off_t)at) == 8) {
        uint32_t length = little_u32(head + 4);
        if (memcmp(head, "data", 4) == 0)
            return length < 0x7fff0000u && at + 8 + length > file->bytes;
        at += 8 + (uint64_t)length + (length & 1);
    }
    return 0;
}

static stp_status check_header(const sound_file *file, stp_err *err) {
    char why[160];
    if (file->info.channels < 1 || file->info.samplerate < MIN_RATE_HZ ||
        file->info.samplerate > MAX_RATE_HZ) {
        snprintf(why, sizeof why, "its header says %d channels at %d Hz, which no recording has; convert it",
                 file->info.channels, file->info.samplerate);
        return stp_sound_file_refuse(file->path, STP_ERR_DATA, err, why);
    }
    if (wav_is_cut(file))
        return stp_sound_file_refuse(file->path, STP_ERR_DATA, err,
                                     "is truncated: its header promises more samples; copy it again");
    return STP_OK;
}

// libsndfile gets a descriptor of its own, since it closes the one it fails on, asked or not, and by the time
// we closed it again it could be another thread's. It also keeps the last error of opening in memory that all
// threads share: opening is for one at a time, and the texts of its errors are not asked for.
static SNDFILE *open_alone(int fd, SF_INFO *info) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
        return NULL;
    pthread_mutex_lock(&lock);
    SNDFILE *handle = sf_open_fd(own, SFM_READ, info, SF_TRUE);
    pthread_mutex_unlock(&lock);
    return handle;
}

stp_status stp_sound_file_open(sound_file *file, const char *path, uint64_t max_bytes, stp_err *err) {
    *file = (sound_file){.path = path, .fd = -1};
    stp_status status = open_regular(file, path, err);
    if (status == STP_OK && max_bytes && file->bytes > max_bytes)
        status = stp_sound_file_too_large(path, file->bytes, max_bytes, err);
    if (status == STP_OK) {
        file->handle = open_alone(file->fd, &file->info);
        status = file->handle ? check_header(file, err)
                              : stp_sound_file_refuse(path, STP_ERR_DATA, err,
                                                      "is no audio that can be read; give WAV, FLAC, Ogg, "
                                                      "AIFF or MP3, or remove it");
    }
    if (status != STP_OK)
        stp_sound_file_close(file);
    return status;
}

void stp_sound_file_close(sound_file *file) {
    if (file->handle)
        sf_close(file->handle);
    if (file->fd >= 0)
        close(file->fd);
    file->handle = NULL;
    file->fd = -1;
}
