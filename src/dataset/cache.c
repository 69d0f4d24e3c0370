#include "dataset/cache.h"

#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sha1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void stp_cache_hash_start(stp_cache_hash *hash) {
    for (int i = 0; i < STP_HASH_LANES; i++)
        hash->lane[i] = 0x9e3779b97f4a7c15u * (uint64_t)(i + 1);
}

void stp_cache_hash_add(stp_cache_hash *hash, const void *data, size_t bytes) {
    const unsigned char *at = data;
    stp_cache_hash h = *hash;
    for (size_t block = 0; block < bytes / STP_CACHE_ALIGN; block++, at += STP_CACHE_ALIGN) {
        uint64_t word[STP_HASH_LANES];
        memcpy(word, at, sizeof word);
        for (int i = 0; i < STP_HASH_LANES; i++)
            h.lane[i] = (h.lane[i] ^ word[i]) * 0xbf58476d1ce4e5b9u;
    }
    *hash = h;
}

uint64_t stp_cache_hash_end(const stp_cache_hash *hash, const stp_cache_header *header) {
    stp_cache_hash h = *hash;
    unsigned char bytes[(sizeof *header + STP_CACHE_ALIGN - 1) / STP_CACHE_ALIGN * STP_CACHE_ALIGN] = {0};
    stp_cache_header copy = *header;
    copy.hash = 0;
    memcpy(bytes, &copy, sizeof copy);
    stp_cache_hash_add(&h, bytes, sizeof bytes);
    uint64_t all = 0;
    for (int i = 0; i < STP_HASH_LANES; i++)
        all = (all ^ h.lane[i] ^ (h.lane[i] >> 29)) * 0x94d049bb133111ebu;
    return all;
}

void stp_cache_header_fill(stp_cache_header *header, const stp_folder *folder, uint64_t audio_bytes,
                           uint64_t text_bytes) {
    memset(header, 0, sizeof *header);
    memcpy(header->magic, "stapes audio", 13);
    header->byte_order = 0x01020304;
    header->version = STP_CACHE_VERSION;
    memcpy(header->digest, folder->digest, sizeof folder->digest);
    header->files = (uint64_t)folder->files;
    header->audio_bytes = audio_bytes;
    header->text_bytes = text_bytes;
}

static int records_fit(const stp_folder *folder, const stp_cache_header *header,
                       const stp_cache_record *record, const char *text) {
    int64_t samples = (int64_t)(header->audio_bytes / sizeof(int16_t));
    if (header->text_bytes && text[header->text_bytes - 1] != 0)
        return 0;
    for (int i = 0; i < folder->files; i++) {
        if (record[i].problem >= (int64_t)header->text_bytes || record[i].audio < 0 || record[i].count < 0 ||
            record[i].audio > samples || record[i].count > samples - record[i].audio)
            return 0;
    }
    return 1;
}

// Whether the bytes at `map` are the cache of this folder, whole and unspoilt.
static int map_is_good(const stp_folder *folder, const unsigned char *map, size_t bytes) {
    stp_cache_header have, want;
    memcpy(&have, map, sizeof have);
    stp_cache_header_fill(&want, folder, have.audio_bytes, have.text_bytes);
    want.hash = have.hash;
    if (memcmp(&have, &want, sizeof have) != 0)
        return 0;
    uint64_t rest = bytes - STP_CACHE_AUDIO_AT, records = (uint64_t)folder->files * sizeof(stp_cache_record);
    if (have.audio_bytes > rest || have.audio_bytes % STP_CACHE_ALIGN || have.text_bytes % STP_CACHE_ALIGN ||
        have.text_bytes > rest - have.audio_bytes || rest - have.audio_bytes - have.text_bytes != records)
        return 0;
    stp_cache_hash hash;
    stp_cache_hash_start(&hash);
    stp_cache_hash_add(&hash, map + STP_CACHE_AUDIO_AT, rest);
    if (stp_cache_hash_end(&hash, &have) != have.hash)
        return 0;
    const unsigned char *index = map + STP_CACHE_AUDIO_AT + have.audio_bytes;
    return records_fit(folder, &have, (const stp_cache_record *)index, (const char *)index + records);
}

static void take_records(stp_folder *folder) {
    const stp_cache_header *header = folder->map;
    const unsigned char *index =
        (const unsigned char *)folder->map + STP_CACHE_AUDIO_AT + header->audio_bytes;
    const stp_cache_record *record = (const stp_cache_record *)index;
    const char *text = (const char *)(record + folder->files);
    folder->audio = (const int16_t *)((const unsigned char *)folder->map + STP_CACHE_AUDIO_AT);
    for (int i = 0; i < folder->files; i++) {
        stp_file *file = &folder->file[i];
        file->audio = record[i].audio;
        file->count = record[i].count;
        file->frames = record[i].frames;
        file->rate_hz = record[i].rate_hz;
        file->channels = record[i].channels;
        file->problem = record[i].problem >= 0 ? text + record[i].problem : NULL;
    }
}

int stp_cache_map(stp_folder *folder) {
    int fd = open(folder->cache_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return 0;
    struct stat info;
    void *map = MAP_FAILED;
    size_t bytes = 0;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size >= STP_CACHE_AUDIO_AT) {
        bytes = (size_t)info.st_size;
        map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    }
    close(fd);
    if (map == MAP_FAILED)
        return 0;
    if (!map_is_good(folder, map, bytes)) {
        munmap(map, bytes);
        return 0;
    }
    folder->map = map;
    folder->map_bytes = bytes;
    take_records(folder);
    return 1;
}

// What the cache depends on: the form, and every file's name, size, time and permissions.
static void digest_folder(stp_folder *folder) {
    SHA1_CTX sha;
    char line[160];
    SHA1Init(&sha);
    int length = snprintf(line, sizeof line, "stapes audio %d rate %d clip %d limit %llu\n",
                          STP_CACHE_VERSION, folder->options->rate_hz, folder->options->clip_samples,
                          (unsigned long long)folder->options->max_clip_bytes);
    SHA1Update(&sha, (const uint8_t *)line, (size_t)length);
    for (int i = 0; i < folder->files; i++) {
        const stp_file *file = &folder->file[i];
        SHA1Update(&sha, (const uint8_t *)file->path, strlen(file->path) + 1);
        length = snprintf(line, sizeof line, "%llu %lld %o\n", (unsigned long long)file->bytes,
                          (long long)file->mtime_ns, file->mode);
        SHA1Update(&sha, (const uint8_t *)line, (size_t)length);
    }
    SHA1End(&sha, folder->digest);
}

// $XDG_CACHE_HOME/stapes or ~/.cache/stapes; by that standard a path that is not absolute does not count.
static int cache_home(char home[PATH_MAX]) {
    const char *xdg = getenv("XDG_CACHE_HOME"), *user = getenv("HOME");
    if (xdg && xdg[0] == '/')
        return snprintf(home, PATH_MAX, "%s/stapes", xdg) < PATH_MAX;
    return user && user[0] == '/' && snprintf(home, PATH_MAX, "%s/.cache/stapes", user) < PATH_MAX;
}

// One name for a folder and form, so that a changed folder replaces its cache instead of adding one.
static stp_status choose_path(stp_folder *folder, stp_err *err) {
    const stp_dataset_options *options = folder->options;
    char home[PATH_MAX], path[PATH_MAX + 128], real[PATH_MAX], key[PATH_MAX + 64], hex[41];
    if (options->cache_path && *options->cache_path) {
        snprintf(path, sizeof path, "%s", options->cache_path);
    } else {
        if (!cache_home(home))
            return stp_err_set(err, STP_ERR_IO,
                               "no place for the audio cache: set XDG_CACHE_HOME (or HOME) to a "
                               "folder that can be written");
        if (!realpath(folder->dir, real))
            snprintf(real, sizeof real, "%s", folder->dir);
        int length = snprintf(key, sizeof key, "%s %d %d", real, options->rate_hz, options->clip_samples);
        SHA1Data((const uint8_t *)key, (size_t)length, hex);
        const char *slash = strrchr(real, '/');
        snprintf(path, sizeof path, "%s/%.60s-%d-%.12s.audio", home, slash ? slash + 1 : real,
                 options->rate_hz, hex);
    }
    folder->cache_path = stp_arena_strdup(folder->arena, path);
    return folder->cache_path ? STP_OK : stp_err_memory(err, "the cache's name", strlen(path));
}

stp_status stp_folder_cache(stp_folder *folder, stp_err *err) {
    digest_folder(folder);
    STP_TRY(choose_path(folder, err));
    if (stp_cache_map(folder))
        return STP_OK;
    return stp_cache_build(folder, err);
}
