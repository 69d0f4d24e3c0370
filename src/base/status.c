#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

stp_status stp_err_set(stp_err *err, stp_status status, const char *format, ...) {
    if (!err)
        return status;
    err->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    // One line, whatever a file name or label holds; bytes from 0x80 up are UTF-8 and stay.
    for (char *p = err->text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    return status;
}

stp_status stp_err_memory(stp_err *err, const char *what, unsigned long long bytes) {
    char size[40] = "";
    if (bytes > 0)
        snprintf(size, sizeof size, " (%llu bytes)", bytes);
    return stp_err_set(err, STP_ERR_MEMORY, "not enough memory for %s%s; free some or ask for less", what,
                       size);
}

int stp_status_exit_code(stp_status status) {
    switch (status) {
    case STP_OK:
        return 0;
    case STP_ERR_USAGE:
        return 2;
    case STP_ERR_INTERRUPTED:
        return 130;
    default:
        return 1;
    }
}
