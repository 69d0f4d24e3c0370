// Reads all recordings of a folder into a new cache file, on all processors, and moves it into place at the
// end.
#include "audio/audio.h"
#include "base/path.h"
#include "base/threads.h"
#include "dataset/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// Recordings are read a block at a time, by several threads, and written in order by one.
enum { BLOCK = 128, MOST_THREADS = 16 };

typedef struct decoded {
    int16_t *samples; // padded with zeros to STP_CACHE_ALIGN bytes
    size_t count, bytes;
    stp_sound source; // its samples are gone
    stp_err err;
    stp_status status;
} decoded;

typedef struct builder {
    stp_folder *folder;
    stp_cache_record *record;
    char part[PATH_MAX]; // the unfinished file
    int fd;
    stp_cache_hash hash;
    uint64_t audio_bytes, text_bytes;
    char *text;
    size_t text_capacity;
    int first; // of the block being read
    decoded block[BLOCK];
} builder;

static size_t padded(size_t bytes) {
    return (bytes + STP_CACHE_ALIGN - 1) / STP_CACHE_ALIGN * STP_CACHE_ALIGN;
}

static stp_status refuse_write(const builder *b, stp_err *err, int number) {
    char brief[STP_PATH_BRIEF_BYTES];
    const char *why = number == ENOSPC || number == EDQUOT ? "the disk is full" : strerror(number);
    return stp_err_set(
        err, STP_ERR_IO,
        "%s: cannot write the audio cache: %s; set XDG_CACHE_HOME to a folder with room that can "
        "be written",
        stp_path_brief(brief, b->part), why);
}

static stp_status write_at(const builder *b, const void *data, size_t bytes, uint64_t at, stp_err *err) {
    const unsigned char *from = data;
    while (bytes) {
        ssize_t done = pwrite(b->fd, from, bytes, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return refuse_write(b, err, done < 0 ? errno : ENOSPC);
        from += done;
        at += (uint64_t)done;
        bytes -= (size_t)done;
    }
    return STP_OK;
}

// Clips longer than wanted keep their loudest stretch; noise stays whole.
static stp_status keep_part(const stp_folder *folder, const stp_file *file, const stp_sound *sound,
                            decoded *out) {
    size_t length = (size_t)folder->options->clip_samples, start = 0;
    out->count = sound->count;
    if (file->word != STP_WORD_NOISE && sound->count > length) {
        start = stp_sound_loudest(sound->samples, sound->count, length);
        out->count = length;
    }
    out->bytes = padded(out->count * sizeof *out->samples);
    out->samples = stp_alloc(out->bytes);
    if (!out->samples)
        return stp_err_memory(&out->err, "a recording", out->bytes);
    memcpy(out->samples, sound->samples + start, out->count * sizeof *out->samples);
    return STP_OK;
}

static void decode_item(void *context, int item, int thread) {
    (void)thread;
    builder *b = context;
    const stp_folder *folder = b->folder;
    const stp_file *file = &folder->file[b->first + item];
    decoded *out = &b->block[item];
    char path[PATH_MAX];
    uint64_t limit = file->word == STP_WORD_NOISE ? 0 : folder->options->max_clip_bytes;
    *out = (decoded){0};
    if (snprintf(path, sizeof path, "%s/%s", folder->dir, file->path) >= (int)sizeof path) {
        out->status =
            stp_err_set(&out->err, STP_ERR_DATA,
                        "%.200s...: the path is too long; move the folder or shorten the name", file->path);
        return;
    }
    stp_sound sound;
    out->status = stp_sound_read(&sound, path, folder->options->rate_hz, limit, &out->err);
    out->source = sound;
    out->source.samples = NULL;
    if (out->status == STP_OK)
        out->status = keep_part(folder, file, &sound, out);
    stp_sound_free(&sound);
}

// The line without the folder in front, so that it reads the same wherever the folder was named from.
static stp_status add_problem(builder *b, const char *line, stp_err *err) {
    size_t dir = strlen(b->folder->dir);
    if (strncmp(line, b->folder->dir, dir) == 0 && line[dir] == '/')
        line += dir + 1;
    size_t bytes = strlen(line) + 1;
    if (b->text_bytes + bytes > b->text_capacity) {
        size_t capacity = padded((b->text_bytes + bytes) * 2);
        char *larger = stp_alloc(capacity);
        if (!larger)
            return stp_err_memory(err, "the list of unusable recordings", capacity);
        if (b->text_bytes)
            memcpy(larger, b->text, b->text_bytes);
        stp_free(b->text);
        b->text = larger;
        b->text_capacity = capacity;
    }
    memcpy(b->text + b->text_bytes, line, bytes);
    b->text_bytes += bytes;
    return STP_OK;
}

static stp_status store_item(builder *b, int item, stp_err *err) {
    decoded *in = &b->block[item];
    stp_cache_record *record = &b->record[b->first + item];
    *record = (stp_cache_record){.audio = (int64_t)(b->audio_bytes / sizeof(int16_t)),
                                 .frames = (int64_t)in->source.source_frames,
                                 .rate_hz = in->source.source_rate_hz,
                                 .channels = in->source.source_channels,
                                 .problem = -1};
    if (in->status == STP_ERR_MEMORY)
        return stp_err_set(err, STP_ERR_MEMORY, "%s", in->err.text);
    if (in->status != STP_OK) {
        record->problem = (int64_t)b->text_bytes;
        return add_problem(b, in->err.text, err);
    }
    record->count = (int64_t)in->count;
    stp_cache_hash_add(&b->hash, in->samples, in->bytes);
    STP_TRY(write_at(b, in->samples, in->bytes, STP_CACHE_AUDIO_AT + b->audio_bytes, err));
    b->audio_bytes += in->bytes;
    return STP_OK;
}

static stp_status store_block(builder *b, int count, stp_err *err) {
    stp_status status = STP_OK;
    for (int i = 0; i < count; i++) {
        if (status == STP_OK)
            status = store_item(b, i, err);
        stp_free(b->block[i].samples);
    }
    return status;
}

static stp_status store_audio(builder *b, stp_pool *pool, stp_err *err) {
    const stp_dataset_options *options = b->folder->options;
    int files = b->folder->files;
    for (b->first = 0; b->first < files; b->first += BLOCK) {
        int count = files - b->first < BLOCK ? files - b->first : BLOCK;
        stp_pool_run(pool, decode_item, b, count);
        STP_TRY(store_block(b, count, err));
        if (options->progress)
            options->progress(options->progress_context, "reading recordings", b->first + count, files);
    }
    return STP_OK;
}

static stp_status store_index(builder *b, stp_err *err) {
    size_t records = sizeof *b->record * (size_t)b->folder->files, texts = padded(b->text_bytes);
    uint64_t at = STP_CACHE_AUDIO_AT + b->audio_bytes;
    stp_cache_hash_add(&b->hash, b->record, records);
    STP_TRY(write_at(b, b->record, records, at, err));
    if (texts) {
        stp_cache_hash_add(&b->hash, b->text, texts); // its room is a multiple of 64, zeros at the end
        STP_TRY(write_at(b, b->text, texts, at + records, err));
    }
    stp_cache_header header;
    stp_cache_header_fill(&header, b->folder, b->audio_bytes, texts);
    header.hash = stp_cache_hash_end(&b->hash, &header);
    return write_at(b, &header, sizeof header, 0, err);
}

static stp_status write_cache(builder *b, stp_err *err) {
    const int processors = stp_processors();
    stp_pool *pool;
    STP_TRY(stp_pool_create(&pool, processors > MOST_THREADS ? MOST_THREADS : processors, err));
    stp_cache_hash_start(&b->hash);
    stp_status status = store_audio(b, pool, err);
    stp_pool_destroy(pool);
    if (status == STP_OK)
        status = store_index(b, err);
    if (status == STP_OK && fsync(b->fd) != 0)
        status = refuse_write(b, err, errno);
    if (status == STP_OK && rename(b->part, b->folder->cache_path) != 0)
        status = refuse_write(b, err, errno);
    if (status == STP_OK)
        stp_path_sync_parent(b->folder->cache_path);
    else
        unlink(b->part);
    return status;
}

// Locks the unfinished file, so that a second program with the same folder waits and then finds the cache,
// and what an interrupted one left is written over. A file system that knows no locks goes without.
static stp_status open_part(builder *b, stp_err *err) {
    const stp_dataset_options *options = b->folder->options;
    for (;;) {
        b->fd = open(b->part, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
        if (b->fd < 0)
            return refuse_write(b, err, errno);
        if (flock(b->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
            if (options->progress)
                options->progress(options->progress_context,
                                  "waiting for another program that reads this folder", 0, b->folder->files);
            while (flock(b->fd, LOCK_EX) != 0 && errno == EINTR)
                continue;
        }
        struct stat mine, named;
        if (fstat(b->fd, &mine) == 0 && stat(b->part, &named) == 0 && mine.st_ino == named.st_ino &&
            mine.st_dev == named.st_dev)
            break;
        close(b->fd); // renamed or removed while we waited
    }
    return ftruncate(b->fd, 0) == 0 ? STP_OK : refuse_write(b, err, errno);
}

static stp_status build_locked(builder *b, stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    if (stp_cache_map(b->folder)) { // another program was faster
        unlink(b->part);
        return STP_OK;
    }
    STP_TRY(write_cache(b, err));
    if (stp_cache_map(b->folder))
        return STP_OK;
    return stp_err_set(err, STP_ERR_IO,
                       "%s: the audio cache was written but cannot be mapped; check the disk and "
                       "the memory limits",
                       stp_path_brief(brief, b->folder->cache_path));
}

stp_status stp_cache_build(stp_folder *folder, stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    stp_err no_folder;
    stp_status made = stp_path_make_parents(folder->cache_path, &no_folder);
    if (made != STP_OK) // its line ends in "choose another place"
        return stp_err_set(err, made, "%s for the audio cache, with XDG_CACHE_HOME", no_folder.text);
    builder *b = stp_alloc(sizeof *b);
    if (!b)
        return stp_err_memory(err, "reading recordings", sizeof *b);
    *b = (builder){.folder = folder, .fd = -1};
    stp_status status = STP_OK;
    if (snprintf(b->part, sizeof b->part, "%s.part", folder->cache_path) >= (int)sizeof b->part)
        status = stp_err_set(err, STP_ERR_IO,
                             "%s: the cache's path is too long; set XDG_CACHE_HOME to a shorter one",
                             stp_path_brief(brief, folder->cache_path));
    b->record = stp_alloc(sizeof *b->record * (size_t)folder->files);
    if (status == STP_OK && !b->record)
        status =
            stp_err_memory(err, "the cache's index", sizeof *b->record * (unsigned long long)folder->files);
    if (status == STP_OK)
        status = open_part(b, err);
    if (status == STP_OK)
        status = build_locked(b, err);
    if (b->fd >= 0)
        close(b->fd);
    stp_free(b->record);
    stp_free(b->text);
    stp_free(b);
    return status;
}
