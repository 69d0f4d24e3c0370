// FNV-1a over 32-bit words, whatever the order of bytes in memory is.
#ifndef STAPES_RUNTIME_CHECKSUM_H
#define STAPES_RUNTIME_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

// What runs once, in init, and shall be small.
#if defined(__GNUC__)
#define STAPES_COLD __attribute__((cold))
#else
#define STAPES_COLD
#endif

enum { STAPES_CHECKSUM_START = 0x1234567 };

static inline uint32_t stapes_mix(uint32_t sum, uint32_t word) {
    return (sum ^ word) * 16777619u;
}

// Four bytes a word; what is left at the end, a byte a word.
uint32_t stapes_mix_bytes(uint32_t sum, const int8_t *bytes, size_t count);

#endif
