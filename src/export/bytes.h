// Bytes that grow at their end: what a file is written into before it is one.
#ifndef STP_EXPORT_BYTES_H
#define STP_EXPORT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct stp_bytes {
    uint8_t *bytes; // stp_alloc
    size_t size, capacity;
    bool failed; // memory was out; everything after does nothing
} stp_bytes;

// Appends zeros and returns where they begin; when memory is out it marks that, and nothing is appended.
size_t stp_bytes_grow(stp_bytes *to, size_t bytes);
void stp_bytes_free(stp_bytes *bytes);

#endif
