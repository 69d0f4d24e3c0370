#include "base/text.h"

#include "base/arena.h"
#include "base/file.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

void stp_text_free(stp_text *text) {
    stp_free(text->data);
    *text = (stp_text){0};
}

// Room for `more` bytes and the final zero.
static int text_reserve(stp_text *text, size_t more) {
    if (text->failed)
        return 0;
    if (text->capacity - text->bytes > more)
        return 1;
    size_t capacity = 2 * (text->bytes + more) + 1024;
    char *data = stp_alloc(capacity);
    if (!data) {
        text->failed = 1;
        return 0;
    }
    if (text->data)
        memcpy(data, text->data, text->bytes);
    stp_free(text->data);
    text->data = data;
    text->capacity = capacity;
    return 1;
}

void stp_text_add(stp_text *text, const void *data, size_t bytes) {
    if (!text_reserve(text, bytes))
        return;
    if (bytes)
        memcpy(text->data + text->bytes, data, bytes);
    text->bytes += bytes;
    text->data[text->bytes] = '\0';
}

void stp_text_puts(stp_text *text, const char *string) {
    stp_text_add(text, string, strlen(string));
}

void stp_text_printf(stp_text *text, const char *format, ...) {
    va_list args;
    va_start(args, format);
    stp_text_vprintf(text, format, args);
    va_end(args);
}

void stp_text_vprintf(stp_text *text, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int bytes = vsnprintf(NULL, 0, format, args);
    if (bytes < 0)
        text->failed = 1;
    else if (text_reserve(text, (size_t)bytes)) {
        vsnprintf(text->data + text->bytes, (size_t)bytes + 1, format, again);
        text->bytes += (size_t)bytes;
    }
    va_end(again);
}

void stp_text_number(stp_text *text, double value, int decimals, int trim) {
    static const long long tens[] = {1,      10,      100,      1000,      10000,
                                     100000, 1000000, 10000000, 100000000, 1000000000};
    decimals = decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
    // printf writes the locale's decimal sign, so only whole numbers go through it.
    long long scaled = fabs(value) < 1e9 ? llround(value * (double)tens[decimals]) : 0;
    long long size = scaled < 0 ? -scaled : scaled;
    long long whole = size / tens[decimals], part = size % tens[decimals];
    stp_text_printf(text, "%s%lld", scaled < 0 ? "-" : "", whole);
    if (trim)
        for (; decimals > 0 && part % 10 == 0; decimals--)
            part /= 10;
    if (decimals > 0)
        stp_text_printf(text, ".%0*lld", decimals, part);
}

// The code point at `s` (not at its end) and its bytes; -1 and one byte where there is no UTF-8: cut,
// overlong, surrogate or beyond U+10FFFF.
static int utf8_decode(const char *string, int *bytes) {
    const unsigned char *s = (const unsigned char *)string;
    *bytes = 1;
    if (s[0] < 0x80)
        return s[0];
    int more = s[0] >= 0xf0 && s[0] < 0xf8 ? 3 : s[0] >= 0xe0 ? 2 : 1;
    if (s[0] < 0xc2 || s[0] >= 0xf8)
        return -1;
    int code = s[0] & (0x3f >> more);
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) // also at the string's end
            return -1;
        code = code << 6 | (s[i] & 0x3f);
    }
    static const int least[] = {0, 0x80, 0x800, 0x10000};
    if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return -1;
    *bytes = more + 1;
    return code;
}

void stp_text_escape(stp_text *text, const char *string) {
    for (int bytes; *string; string += bytes) {
        int code = utf8_decode(string, &bytes);
        if (code == '&')
            stp_text_puts(text, "&amp;");
        else if (code == '<')
            stp_text_puts(text, "&lt;");
        else if (code == '>')
            stp_text_puts(text, "&gt;");
        else if (code == '"')
            stp_text_puts(text, "&quot;");
        else if (code == '\'')
            stp_text_puts(text, "&#39;");
        else if (code < 0x20 || code == 0x7f || code == 0xfffe || code == 0xffff)
            stp_text_puts(text, "\xef\xbf\xbd");
        else
            stp_text_add(text, string, (size_t)bytes);
    }
}

// --- widths ------------------------------------------------------------------------------------------

typedef struct code_range {
    int first, last;
} code_range;

static int in_ranges(int code, const code_range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return 1;
    return 0;
}

// The blocks that matter for labels; wcwidth would depend on the locale.
static int code_columns(int code) {
    static const code_range marks[] = {
        {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
        {0x900, 0x902},   {0x93c, 0x93c},   {0x941, 0x948},   {0x94d, 0x94d},   {0xe31, 0xe31},
        {0xe34, 0xe3a},   {0xe47, 0xe4e},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
        {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    };
    static const code_range wide[] = {
        {0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
        {0xa000, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
        {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
    };
    if (code < 0x300)
        return 1;
    if (in_ranges(code, marks, sizeof marks / sizeof *marks))
        return 0;
    return in_ranges(code, wide, sizeof wide / sizeof *wide) ? 2 : 1;
}

int stp_text_columns(const char *string) {
    int columns = 0;
    for (int bytes; *string; string += bytes)
        columns += code_columns(utf8_decode(string, &bytes));
    return columns;
}

size_t stp_text_prefix(const char *string, int columns) {
    const char *at = string;
    for (int bytes; *at; at += bytes) {
        columns -= code_columns(utf8_decode(at, &bytes));
        if (columns < 0)
            break;
    }
    return (size_t)(at - string);
}

// --- out ---------------------------------------------------------------------------------------------

stp_status stp_text_write_stream(const stp_text *text, FILE *stream, const char *name, stp_err *err) {
    if (text->failed)
        return stp_err_memory(err, name, text->bytes);
    errno = 0;
    if (fwrite(text->data, 1, text->bytes, stream) != text->bytes || fflush(stream))
        return stp_file_error(name, "write it", errno, err);
    return STP_OK;
}

stp_status stp_text_write_file(const stp_text *text, const char *path, stp_err *err) {
    if (text->failed)
        return stp_err_memory(err, path, text->bytes);
    errno = 0;
    FILE *file = fopen(path, "wb");
    if (!file)
        return stp_file_error(path, "write it", errno, err);
    stp_status status = stp_text_write_stream(text, file, path, err);
    errno = 0;
    if (fclose(file) && status == STP_OK) // some file systems report a full disk here only
        status = stp_file_error(path, "write it", errno, err);
    struct stat info;
    if (status != STP_OK && stat(path, &info) == 0 && S_ISREG(info.st_mode))
        remove(path);
    return status;
}
