#include "export/about.h"

#include "base/json_memory.h"

#include <stdio.h>

enum { FLOAT_DIGITS = 9 }; // which give every float back

void stp_about_title(const stp_model *model, char title[STP_ABOUT_TITLE_BYTES]) {
    char front[STP_FRONT_TEXT_BYTES];
    stp_front_spec_format(&model->front, front);
    snprintf(title, STP_ABOUT_TITLE_BYTES,
             "A keyword spotter: %s network, %d classes, front-end %s at %d Hz.",
             stp_model_net_name(model->net), model->classes, front, model->rate_hz);
}

static json_t *floats_json(const float *values, int count) {
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_real((double)values[i]));
    return list;
}

// In the words of front/front.h, which says what is computed.
static json_t *front_json(const stp_model *model) {
    const stp_front_spec *spec = &model->front;
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:o, s:o}", "features",
                     spec->kind == STP_FRONT_MFCC ? "mfcc" : "logmel", "rate_hz", spec->rate_hz,
                     "window_samples", spec->window_samples, "hop_samples", spec->hop_samples, "fft_samples",
                     stp_front_spec_fft(spec), "frames", model->input.h, "filters", spec->filters,
                     "coefficients", spec->coefficients, "low_hz", spec->low_hz, "high_hz", spec->high_hz,
                     "mean", floats_json(model->norm_mean, spec->coefficients), "inv_deviation",
                     floats_json(model->norm_inv, spec->coefficients));
}

char *stp_about_text(const stp_model *model, size_t *length) {
    json_t *labels = json_array();
    for (int i = 0; i < model->classes; i++)
        json_array_append_new(labels, json_string(model->labels[i]));
    json_t *object =
        json_pack("{s:i, s:s, s:i, s:o, s:o}", "format", 1, "net", stp_model_net_name(model->net),
                  "clip_samples", model->clip_samples, "front", front_json(model), "labels", labels);
    char *text = stp_json_text(object, JSON_INDENT(1) | JSON_REAL_PRECISION(FLOAT_DIGITS), length);
    json_decref(object);
    return text;
}
