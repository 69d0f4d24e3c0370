// Constant data as C source: arrays whose every bit is the host's. Floats are written as hex floats, which
// every C99 compiler reads exactly (C++ from 17, and gcc and clang before).
#ifndef STP_EXPORT_C_ARRAY_H
#define STP_EXPORT_C_ARRAY_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

enum { STP_C_FLOAT_BYTES = 32 };
// One value, with its suffix: "0x1.8p1f".
void stp_c_float(char out[STP_C_FLOAT_BYTES], float value);

// "static const float NAME[COUNT] = {..};", lines of at most 110 columns. At least one value.
void stp_c_floats(stp_text *text, const char *name, const float *values, size_t count);
void stp_c_u16(stp_text *text, const char *name, const uint16_t *values, size_t count);
void stp_c_i8(stp_text *text, const char *name, const int8_t *values, size_t count);
void stp_c_i32(stp_text *text, const char *name, const int32_t *values, size_t count);

#endif
