// What the host makes of clips, in the form in which firmware/run_on.c writes what the emulated processor
// makes of them.
#ifndef STP_EMULATE_HOST_ANSWERS_H
#define STP_EMULATE_HOST_ANSWERS_H

#include "runtime/runtime.h"

#include "base/status.h"

// Bytes of one clip's answer: rows of features, a checksum an operation, logits.
size_t stp_answer_bytes(const stapes_model *model);
// answers: [count][stp_answer_bytes].
stp_status stp_host_answers(const stapes_model *model, const int16_t *clips, int count, int clip_samples,
                            uint8_t *answers, stp_err *err);

#endif
