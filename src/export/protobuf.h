// A Protocol Buffers writer: fields of a message, messages within messages. A message's length stands before
// it and is known only after it: one byte is kept free for it, and what is longer moves its content up.
// Source: protobuf.dev, "Encoding".
#ifndef STP_EXPORT_PROTOBUF_H
#define STP_EXPORT_PROTOBUF_H

#include "export/bytes.h"

typedef stp_bytes stp_protobuf; // begins as zeros; stp_bytes_free when done

// Fields by their number in the message: a whole number, bytes, a text.
void stp_protobuf_int(stp_protobuf *to, int field, int64_t value);
void stp_protobuf_bytes(stp_protobuf *to, int field, const void *data, size_t bytes);
void stp_protobuf_text(stp_protobuf *to, int field, const char *text);

// A field that is a message: fields written before its end are its own. end takes what begin returned;
// messages end in the reverse order of their beginnings.
size_t stp_protobuf_begin(stp_protobuf *to, int field);
void stp_protobuf_end(stp_protobuf *to, size_t message);

#endif
