// A quantised system as C source: model.h and model.c.
#ifndef STP_EXPORT_MODEL_SOURCE_H
#define STP_EXPORT_MODEL_SOURCE_H

#include "base/text.h"
#include "runtime/runtime.h"

typedef struct stp_system_source {
    const stapes_model *model; // with a front-end
    const char *const *labels; // [classes]
    const char *title;         // what it is, for the first comment: one line
    int rate_hz;
} stp_system_source;

void stp_model_header(stp_text *text, const stp_system_source *system);
void stp_model_source(stp_text *text, const stp_system_source *system);

#endif
