// A FlatBuffers writer: tables, vectors, strings. It writes forward: a parent first, with empty slots, then
// its children, whose places are put into the slots. Offsets in FlatBuffers point forward, so this gives
// valid files, and nothing need be kept but the bytes. Source: the FlatBuffers binary format
// (flatbuffers.dev, "FlatBuffer Internals").
#ifndef STP_EXPORT_FLATBUFFER_H
#define STP_EXPORT_FLATBUFFER_H

#include "export/bytes.h"

typedef stp_bytes stp_flatbuffer; // stp_bytes_free when done

// Begins a file whose root's place goes into slot 0. identifier: four characters.
void stp_flatbuffer_begin(stp_flatbuffer *buffer, const char *identifier);

// A table. fields: a character a field, 'b' a byte, 'i' four bytes or a reference, '-' not there; at most 15.
// slots: receives where each field's value goes. Returns the table's place.
size_t stp_flatbuffer_table(stp_flatbuffer *buffer, const char *fields, size_t *slots);

// A vector of `count` values of element_bytes each, the first one aligned to `align`. values: may be NULL
// (zeros, for references: see stp_flatbuffer_element). Returns its place.
size_t stp_flatbuffer_vector(stp_flatbuffer *buffer, const void *values, size_t count, size_t element_bytes,
                             size_t align);
size_t stp_flatbuffer_string(stp_flatbuffer *buffer, const char *text);
// The slot of reference i in a vector of references.
size_t stp_flatbuffer_element(size_t vector, size_t i);

void stp_flatbuffer_set_byte(stp_flatbuffer *buffer, size_t slot, uint8_t value);
void stp_flatbuffer_set_int(stp_flatbuffer *buffer, size_t slot, uint32_t value);
void stp_flatbuffer_set_reference(stp_flatbuffer *buffer, size_t slot, size_t place);

#endif
