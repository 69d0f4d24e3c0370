#include "export/protobuf.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_LENGTH = 2, MOST_VARINT_BYTES = 10 };

// Seven bits a byte, the lowest first; all but the last byte have their top bit set.
static size_t encode(uint64_t value, uint8_t bytes[MOST_VARINT_BYTES]) {
    size_t count = 0;
    for (; value > 127; value >>= 7)
        bytes[count++] = (uint8_t)(value | 128);
    bytes[count++] = (uint8_t)value;
    return count;
}

static void put(stp_protobuf *to, const void *data, size_t bytes) {
    const size_t place = stp_bytes_grow(to, bytes);
    if (!to->failed && bytes)
        memcpy(to->bytes + place, data, bytes);
}

static void put_varint(stp_protobuf *to, uint64_t value) {
    uint8_t bytes[MOST_VARINT_BYTES];
    put(to, bytes, encode(value, bytes));
}

static void put_key(stp_protobuf *to, int field, int wire) {
    put_varint(to, (uint64_t)field << 3 | (uint64_t)wire);
}

void stp_protobuf_int(stp_protobuf *to, int field, int64_t value) {
    put_key(to, field, WIRE_VARINT);
    put_varint(to, (uint64_t)value);
}

void stp_protobuf_bytes(stp_protobuf *to, int field, const void *data, size_t bytes) {
    put_key(to, field, WIRE_LENGTH);
    put_varint(to, bytes);
    put(to, data, bytes);
}

void stp_protobuf_text(stp_protobuf *to, int field, const char *text) {
    stp_protobuf_bytes(to, field, text, strlen(text));
}

size_t stp_protobuf_begin(stp_protobuf *to, int field) {
    put_key(to, field, WIRE_LENGTH);
    return stp_bytes_grow(to, 1) + 1;
}

void stp_protobuf_end(stp_protobuf *to, size_t message) {
    uint8_t length[MOST_VARINT_BYTES];
    const size_t bytes = to->size - message, count = encode(bytes, length);
    stp_bytes_grow(to, count - 1);
    if (to->failed)
        return;
    memmove(to->bytes + message + count - 1, to->bytes + message, bytes);
    memcpy(to->bytes + message - 1, length, count);
}
