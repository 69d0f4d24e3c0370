// What the commands share that run a system's int8 form.
#ifndef STP_CLI_INT8_H
#define STP_CLI_INT8_H

#include "eval/examine.h"
#include "eval/metrics.h"
#include "quant/int8_net.h"

// A split answered twice: in floats, and by the code that ships.
typedef struct stp_cli_int8_answers {
    stp_answers in_float, in_int8;
} stp_cli_int8_answers;

// Answers a split of `corpus` both ways; `data` names its folder.
stp_status stp_cli_int8_answer(stp_cli_int8_answers *answers, const stp_int8_net *net,
                               const stp_corpus *corpus, const stp_model *model, stp_split split,
                               const char *data, stp_err *err);
// Answers again in int8, after `net` changed.
stp_status stp_cli_int8_answer_again(stp_cli_int8_answers *answers, const stp_int8_net *net,
                                     const stp_corpus *corpus, stp_err *err);
void stp_cli_int8_free(stp_cli_int8_answers *answers);

stp_rate stp_cli_right(const stp_answers *answers);              // of all clips
stp_rate stp_cli_agreement(const stp_cli_int8_answers *answers); // same decision both ways
json_t *stp_cli_rate_json(stp_rate rate);                        // per cent; null when nothing was measured

#endif
