#include "export/c_array.h"

#include <string.h>

enum { COLUMNS = 110, INDENT = 4 };

static void open_array(stp_text *text, const char *type, const char *name, size_t count) {
    stp_text_printf(text, "static const %s %s[%zu] = {\n   ", type, name, count);
}

static void close_array(stp_text *text) {
    stp_text_puts(text, "\n};\n");
}

// One value with its comma, on a new line where the old one is full.
static void put(stp_text *text, int *column, const char *value) {
    int width = (int)strlen(value) + 2;
    if (*column + width > COLUMNS) {
        stp_text_puts(text, "\n   ");
        *column = INDENT - 1;
    }
    stp_text_printf(text, " %s,", value);
    *column += width;
}

// As %a, and the same with every C library.
void stp_c_float(char out[STP_C_FLOAT_BYTES], float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const char *sign = bits >> 31 ? "-" : "";
    int exponent = (int)(bits >> 23 & 255) - 127;
    uint32_t mantissa = (bits & 0x7fffff) << 1; // six hex digits
    if ((bits & 0x7fffffff) == 0) {
        snprintf(out, STP_C_FLOAT_BYTES, "%s0.0f", sign);
        return;
    }
    if (exponent == -127) // denormal: value = mantissa * 2^-150
        snprintf(out, STP_C_FLOAT_BYTES, "%s0x%xp-150f", sign, (unsigned)mantissa);
    else if (mantissa == 0)
        snprintf(out, STP_C_FLOAT_BYTES, "%s0x1p%df", sign, exponent);
    else
        snprintf(out, STP_C_FLOAT_BYTES, "%s0x1.%06xp%df", sign, (unsigned)mantissa, exponent);
}

void stp_c_floats(stp_text *text, const char *name, const float *values, size_t count) {
    int column = INDENT - 1;
    open_array(text, "float", name, count);
    for (size_t i = 0; i < count; i++) {
        char value[STP_C_FLOAT_BYTES];
        stp_c_float(value, values[i]);
        put(text, &column, value);
    }
    close_array(text);
}

#define INTEGERS(function, type, type_name)                                                                  \
    void function(stp_text *text, const char *name, const type *values, size_t count) {                      \
        int column = INDENT - 1;                                                                             \
        open_array(text, type_name, name, count);                                                            \
        for (size_t i = 0; i < count; i++) {                                                                 \
            char value[32];                                                                                  \
            if ((int64_t)values[i] == INT32_MIN)                                                             \
                snprintf(value, sizeof value, "-2147483647 - 1");                                            \
            else                                                                                             \
                snprintf(value, sizeof value, "%ld", (long)values[i]);                                       \
            put(text, &column, value);                                                                       \
        }                                                                                                    \
        close_array(text);                                                                                   \
    }

INTEGERS(stp_c_u16, uint16_t, "uint16_t")
INTEGERS(stp_c_i8, int8_t, "int8_t")
INTEGERS(stp_c_i32, int32_t, "int32_t")
