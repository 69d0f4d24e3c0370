#include "export/flatbuffer.h"

#include <string.h>

enum { STP_FLATBUFFER_FIELDS = 15 };

// Pads until what comes `ahead` bytes later is aligned.
static void align_to(stp_flatbuffer *buffer, size_t align, size_t ahead) {
    const size_t over = (buffer->size + ahead) % align;
    if (over)
        stp_bytes_grow(buffer, align - over);
}

static void put(stp_flatbuffer *buffer, size_t place, uint32_t value, int bytes) {
    if (buffer->failed)
        return;
    for (int i = 0; i < bytes; i++)
        buffer->bytes[place + (size_t)i] = (uint8_t)(value >> 8 * i);
}

void stp_flatbuffer_begin(stp_flatbuffer *buffer, const char *identifier) {
    *buffer = (stp_flatbuffer){0};
    stp_bytes_grow(buffer, 8);
    if (!buffer->failed)
        memcpy(buffer->bytes + 4, identifier, 4);
}

size_t stp_flatbuffer_table(stp_flatbuffer *buffer, const char *fields, size_t *slots) {
    const size_t count = strlen(fields), vtable_bytes = 4 + 2 * count;
    uint32_t offset[STP_FLATBUFFER_FIELDS] = {0}, bytes = 4; // the table begins with its vtable's place
    for (size_t i = 0; i < count; i++)
        if (fields[i] == 'i') {
            offset[i] = bytes;
            bytes += 4;
        }
    for (size_t i = 0; i < count; i++) // bytes last, so that nothing needs padding
        if (fields[i] == 'b')
            offset[i] = bytes++;
    align_to(buffer, 4, vtable_bytes);
    const size_t vtable = stp_bytes_grow(buffer, vtable_bytes),
                 table = stp_bytes_grow(buffer, (bytes + 3) & ~3u);
    put(buffer, vtable, (uint32_t)vtable_bytes, 2);
    put(buffer, vtable + 2, bytes, 2);
    put(buffer, table, (uint32_t)(table - vtable), 4);
    for (size_t i = 0; i < count; i++) {
        put(buffer, vtable + 4 + 2 * i, offset[i], 2);
        slots[i] = table + offset[i];
    }
    return table;
}

size_t stp_flatbuffer_vector(stp_flatbuffer *buffer, const void *values, size_t count, size_t element_bytes,
                             size_t align) {
    align_to(buffer, align < 4 ? 4 : align, 4);
    const size_t place = stp_bytes_grow(buffer, 4 + count * element_bytes);
    put(buffer, place, (uint32_t)count, 4);
    if (!buffer->failed && values && count)
        memcpy(buffer->bytes + place + 4, values, count * element_bytes);
    return place;
}

size_t stp_flatbuffer_string(stp_flatbuffer *buffer, const char *text) {
    const size_t place = stp_flatbuffer_vector(buffer, text, strlen(text), 1, 4);
    stp_bytes_grow(buffer, 1); // its zero is not counted
    return place;
}

size_t stp_flatbuffer_element(size_t vector, size_t i) {
    return vector + 4 + 4 * i;
}

void stp_flatbuffer_set_byte(stp_flatbuffer *buffer, size_t slot, uint8_t value) {
    put(buffer, slot, value, 1);
}

void stp_flatbuffer_set_int(stp_flatbuffer *buffer, size_t slot, uint32_t value) {
    put(buffer, slot, value, 4);
}

void stp_flatbuffer_set_reference(stp_flatbuffer *buffer, size_t slot, size_t place) {
    put(buffer, slot, (uint32_t)(place - slot), 4);
}
