// Golden vectors of a system as C source: a signal that a formula makes, and what the host makes of it.
#ifndef STP_EXPORT_GOLDEN_SOURCE_H
#define STP_EXPORT_GOLDEN_SOURCE_H

#include "base/text.h"
#include "runtime/runtime.h"

// golden.h: golden_sample, GOLDEN_SAMPLES, golden_rows, golden_logits. The host runs the device's own code.
stp_status stp_golden_source(stp_text *text, const stapes_model *model, stp_err *err);

#endif
