// The sources of device/ and of the emulator kit, as they were when the program was built
// (cmake/embed.cmake).
#ifndef STP_EXPORT_EMBEDDED_H
#define STP_EXPORT_EMBEDDED_H

#include "base/status.h"

#include <stddef.h>

typedef struct stp_embedded_file {
    const char *name; // "device/front/front.c"; NULL after the last
    const unsigned char *data;
    size_t bytes;
} stp_embedded_file;

extern const stp_embedded_file stp_embedded[];

// Writes one file to <folder>/<its name without `prefix`>, making the folders on the way. Scripts can be
// run afterwards.
stp_status stp_embedded_write(const stp_embedded_file *file, const char *prefix, const char *folder,
                              stp_err *err);

#endif
