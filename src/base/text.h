// A growing text in memory, from which pages, figures and sources are built, and its way out to a file.
#ifndef STP_BASE_TEXT_H
#define STP_BASE_TEXT_H

#include "base/status.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

// Start with {0}. When memory runs out the text stays as it is and `failed` is set; the write functions
// report it, so that the calls between need not be checked one by one.
typedef struct stp_text {
    char *data; // ends with a zero byte that `bytes` does not count; NULL while empty
    size_t bytes, capacity;
    int failed;
} stp_text;

void stp_text_free(stp_text *text);
void stp_text_add(stp_text *text, const void *data, size_t bytes);
void stp_text_puts(stp_text *text, const char *string);
void stp_text_printf(stp_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void stp_text_vprintf(stp_text *text, const char *format, va_list args);
// A number with `decimals` (0 .. 9) places, always with a point, whatever the locale; never "-0". Trailing
// zeros are cut when `trim`. Not finite, or 1e9 and more: "0" (these are coordinates).
void stp_text_number(stp_text *text, double value, int decimals, int trim);
// `string` for XML: markup escaped; bytes that are no UTF-8 and control characters, both forbidden in XML,
// become U+FFFD.
void stp_text_escape(stp_text *text, const char *string);

// Writes everything to a file that is replaced, or a stream (`name` is for the error). STP_ERR_IO names the
// file and the system's reason (a full disk included); a half-written regular file is removed.
stp_status stp_text_write_file(const stp_text *text, const char *path, stp_err *err);
stp_status stp_text_write_stream(const stp_text *text, FILE *stream, const char *name, stp_err *err);

// Columns of a terminal that UTF-8 `string` takes: by code points, combining marks 0, East Asian wide
// characters and emoji 2. A byte that is no UTF-8 counts 1.
int stp_text_columns(const char *string);
// Bytes of the longest beginning of `string` that takes at most `columns`; never cuts a character.
size_t stp_text_prefix(const char *string, int columns);

#endif
