// int8.json (what it is, for people) and int8.bin (the numbers, a checkpoint file) beside a trained model.
#ifndef STP_QUANT_INT8_FILE_H
#define STP_QUANT_INT8_FILE_H

#include "model/model.h"
#include "quant/int8_net.h"

// Written atomically, the numbers first: a break between the two leaves a pair that loading refuses. made:
// how the numbers came about and what they are worth (an object, kept as "made"; NULL: nothing).
stp_status stp_int8_save(const stp_int8_net *net, const stp_model *model, const json_t *made, stp_run *run,
                         stp_err *err);

int stp_int8_exists(stp_run *run); // whether there is an int8 form
// The model's int8 form as it was saved. STP_ERR_USAGE when the run has none; STP_ERR_FORMAT or _MISMATCH,
// with what to do, for files that are cut, corrupted, of another pair, of other weights than the model's, or
// whose numbers no device counts.
stp_status stp_int8_load(stp_int8_net **net, const stp_model *model, stp_run *run, stp_err *err);

#endif
