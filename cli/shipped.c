#include "shipped.h"

#include "quant/int8_file.h"

#include <string.h>

static void describe(stp_cli_shipped *s) {
    const stp_model *model = s->trained.model;
    stp_about_title(model, s->title);
    s->source = (stp_system_source){.model = &s->device->model,
                                    .labels = (const char *const *)model->labels,
                                    .title = s->title,
                                    .rate_hz = model->rate_hz};
}

stp_status stp_cli_shipped_open(stp_cli_shipped *s, const char *path, stp_err *err) {
    memset(s, 0, sizeof *s);
    STP_TRY(stp_cli_trained_open(&s->trained, path, err));
    const stp_model *model = s->trained.model;
    STP_TRY(stp_int8_load(&s->net, model, s->trained.run, err));
    STP_TRY(stp_front_bank_create(&s->bank, &model->front, 1, model->clip_samples, err));
    stp_front_bank_set_norm(s->bank, 0, model->norm_mean, model->norm_inv);
    STP_TRY(stp_device_model_create(&s->device, s->net, stp_front_bank_config(s->bank, 0), err));
    describe(s);
    return STP_OK;
}

void stp_cli_shipped_close(stp_cli_shipped *s) {
    stp_device_model_destroy(s->device);
    stp_front_bank_destroy(s->bank);
    stp_int8_net_destroy(s->net);
    stp_cli_trained_close(&s->trained);
}
