#include "int8.h"

#include "quant/device_model.h"
#include "quant/int8_run.h"

stp_status stp_cli_int8_answer_again(stp_cli_int8_answers *a, const stp_int8_net *net,
                                     const stp_corpus *corpus, stp_err *err) {
    stp_device_model *device;
    STP_TRY(stp_device_model_create(&device, net, stp_front_bank_config(corpus->bank, 0), err));
    stp_status status =
        stp_int8_run(device, corpus, a->in_int8.clips, a->in_int8.count, a->in_int8.predicted, NULL, err);
    stp_device_model_destroy(device);
    return status;
}

stp_status stp_cli_int8_answer(stp_cli_int8_answers *a, const stp_int8_net *net, const stp_corpus *corpus,
                               const stp_model *model, stp_split split, const char *data, stp_err *err) {
    *a = (stp_cli_int8_answers){.in_float = {.count = 0}};
    stp_status status = stp_answers_begin(&a->in_float, corpus, model, split, data, err);
    if (status == STP_OK)
        status = stp_answers_begin(&a->in_int8, corpus, model, split, data, err);
    if (status == STP_OK)
        status = stp_answers_float(&a->in_float, corpus, model, err);
    if (status == STP_OK)
        status = stp_cli_int8_answer_again(a, net, corpus, err);
    if (status != STP_OK)
        stp_cli_int8_free(a);
    return status;
}

void stp_cli_int8_free(stp_cli_int8_answers *a) {
    stp_answers_free(&a->in_float);
    stp_answers_free(&a->in_int8);
}

stp_rate stp_cli_right(const stp_answers *a) {
    long long hits = 0;
    for (int i = 0; i < a->count; i++)
        hits += a->predicted[i] == a->truth[i];
    return stp_rate_of(hits, a->count);
}

stp_rate stp_cli_agreement(const stp_cli_int8_answers *a) {
    long long hits = 0;
    for (int i = 0; i < a->in_float.count; i++)
        hits += a->in_float.predicted[i] == a->in_int8.predicted[i];
    return stp_rate_of(hits, a->in_float.count);
}

json_t *stp_cli_rate_json(stp_rate rate) {
    if (rate.total == 0)
        return json_null();
    return json_pack("{s:f, s:f, s:f, s:I, s:I}", "value", 100 * rate.value, "low", 100 * rate.low, "high",
                     100 * rate.high, "hits", (json_int_t)rate.hits, "n", (json_int_t)rate.total);
}
