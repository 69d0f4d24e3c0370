// jansson's memory. JSON documents are built value by value without asking after each one whether there was
// memory for it; who writes, prints or has read one asks once, here, and so nothing is ever left out
// unnoticed.
#ifndef STP_BASE_JSON_MEMORY_H
#define STP_BASE_JSON_MEMORY_H

#include <jansson.h>
#include <stddef.h>

// Once, before anything of jansson is used: its memory comes from stp_alloc from then on.
void stp_json_memory_init(void);
// Whether jansson was refused memory since this was last asked.
int stp_json_memory_lost(void);

// A document from memory, as json_loadb makes it; NULL when it is none or memory ran out, which
// stp_json_memory_lost tells apart. (jansson's own reader aborts where the buffer of a token cannot grow.)
json_t *stp_json_read(const char *data, size_t bytes, size_t flags, json_error_t *problem);
// The document as text, as json_dumps makes it, with its length; NULL when memory ran out for it or for any
// value meant to be in it. Free with stp_json_text_free.
char *stp_json_text(const json_t *object, size_t flags, size_t *length);
void stp_json_text_free(char *text);

#endif
