#include "fw.h"

#include <stdarg.h>

enum { LINE_BYTES = 256 };

typedef struct text {
    char *at, *end;
} text;

static void put(text *t, char c) {
    if (t->at < t->end)
        *t->at++ = c;
}

static void put_number(text *t, unsigned value, unsigned base, int negative, int width, char fill) {
    char digits[12];
    int count = 0;
    do
        digits[count++] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    if (negative && fill == '0')
        put(t, '-');
    else if (negative)
        digits[count++] = '-';
    for (int i = count + (negative && fill == '0'); i < width; i++)
        put(t, fill);
    while (count > 0)
        put(t, digits[--count]);
}

// One directive after its %; returns where it ends.
static const char *put_directive(text *t, const char *format, va_list *args) {
    int width = 0;
    char fill = *format == '0' ? '0' : ' ';
    for (; *format >= '0' && *format <= '9'; format++)
        width = 10 * width + *format - '0';
    switch (*format) {
    case 'd': {
        int value = va_arg(*args, int);
        put_number(t, value < 0 ? 0u - (unsigned)value : (unsigned)value, 10, value < 0, width, fill);
        break;
    }
    case 'u':
        put_number(t, va_arg(*args, unsigned), 10, 0, width, fill);
        break;
    case 'x':
        put_number(t, va_arg(*args, unsigned), 16, 0, width, fill);
        break;
    case 'c':
        put(t, (char)va_arg(*args, int));
        break;
    case 's': {
        const char *string = va_arg(*args, const char *);
        int length = 0;
        while (string[length])
            length++;
        for (; width > length; width--)
            put(t, ' ');
        while (*string)
            put(t, *string++);
        break;
    }
    default:
        put(t, *format);
    }
    return *format ? format + 1 : format;
}

void fw_print(const char *format, ...) {
    static int out = -1;
    char line[LINE_BYTES];
    text t = {line, line + sizeof line};
    va_list args;
    va_start(args, format);
    while (*format) {
        if (*format == '%')
            format = put_directive(&t, format + 1, &args);
        else
            put(&t, *format++);
    }
    va_end(args);
    if (out < 0)
        out = fw_open(":tt", "w"); // the console
    fw_write(out, line, (size_t)(t.at - line));
}
