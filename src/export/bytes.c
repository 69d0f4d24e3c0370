#include "export/bytes.h"

#include "base/arena.h"

#include <string.h>

size_t stp_bytes_grow(stp_bytes *to, size_t bytes) {
    if (to->failed)
        return 0;
    if (to->size + bytes > to->capacity) {
        const size_t capacity = 2 * (to->size + bytes) + 256;
        uint8_t *larger = stp_alloc(capacity);
        if (!larger) {
            to->failed = true;
            return 0;
        }
        if (to->size)
            memcpy(larger, to->bytes, to->size);
        stp_free(to->bytes);
        to->bytes = larger;
        to->capacity = capacity;
    }
    const size_t place = to->size;
    to->size += bytes;
    return place;
}

void stp_bytes_free(stp_bytes *bytes) {
    stp_free(bytes->bytes);
    *bytes = (stp_bytes){0};
}
