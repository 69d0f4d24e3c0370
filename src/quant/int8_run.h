// Clips through the code that ships: features as the device makes them, int8 rows, int8 operations.
#ifndef STP_QUANT_INT8_RUN_H
#define STP_QUANT_INT8_RUN_H

#include "quant/device_model.h"
#include "step/corpus.h"

// Answers for dataset clips as they were recorded, on all threads of the corpus, which has the model's
// front-end and norm. predicted: [count] class of each (the first of equal logits); logits: [count][classes]
// int8, NULL: not wanted. Results do not depend on threads. STP_ERR_MISMATCH when init refuses the model.
stp_status stp_int8_run(const stp_device_model *device, const stp_corpus *corpus, const int *clips, int count,
                        int *predicted, int8_t *logits, stp_err *err);

#endif
