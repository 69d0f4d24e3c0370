// The audio cache: all recordings of a folder as int16 at one rate, in one file that is mapped into memory.
//
//   0      header, in a page of its own
//   4096   samples; each recording starts on a multiple of 64 bytes, in the order of the folder's sorted
//   paths then   one record a file, then the texts of what was wrong with the unusable ones
//
// Native byte order (a mark in the header tells), since the cache never leaves the machine.
#ifndef STP_DATASET_CACHE_H
#define STP_DATASET_CACHE_H

#include "dataset/folder.h"

// Raise the version whenever the same recordings would give other samples or the layout changes.
enum { STP_CACHE_VERSION = 1, STP_CACHE_AUDIO_AT = 4096, STP_CACHE_ALIGN = 64, STP_HASH_LANES = 8 };

typedef struct stp_cache_header {
    char magic[16];
    uint32_t byte_order, version;
    char digest[48]; // of the folder; 40 digits and zeros
    uint64_t files, audio_bytes, text_bytes;
    uint64_t hash; // of everything behind the header's page, then of this header with hash 0
} stp_cache_header;

typedef struct stp_cache_record {
    int64_t audio, count; // samples from the start of the audio
    int64_t frames;
    int64_t problem; // offset into the texts, or -1
    int32_t rate_hz, channels;
    int64_t reserved[3];
} stp_cache_record;

// A fast check against rot and cut files, not against malice: eight lanes of 64-bit words, each step a
// bijection of the lane, so that no single changed word can go unseen.
typedef struct stp_cache_hash {
    uint64_t lane[STP_HASH_LANES];
} stp_cache_hash;

void stp_cache_hash_start(stp_cache_hash *hash);
void stp_cache_hash_add(stp_cache_hash *hash, const void *data, size_t bytes); // a multiple of 64
uint64_t stp_cache_hash_end(const stp_cache_hash *hash, const stp_cache_header *header);

void stp_cache_header_fill(stp_cache_header *header, const stp_folder *folder, uint64_t audio_bytes,
                           uint64_t text_bytes);
// Maps folder->cache_path and fills the files in. Returns 1 when that worked, 0 when there is no cache of
// this folder in good order.
int stp_cache_map(stp_folder *folder);
stp_status stp_cache_build(stp_folder *folder, stp_err *err);

#endif
