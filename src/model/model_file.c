// model.json and weights.bin.
#include "model/model.h"
#include "run/run_settings.h"

#include "base/json_memory.h"
#include "base/path.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static json_t *describe(const stp_model *model) {
    char front[STP_FRONT_TEXT_BYTES];
    stp_front_spec_format(&model->front, front);
    json_t *labels = json_array();
    for (int i = 0; i < model->classes; i++)
        json_array_append_new(labels, json_string(model->labels[i]));
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:i, s:f, s:f, s:i, s:o}", "net", stp_model_net_name(model->net), "front",
                  front, "features", model->front.kind == STP_FRONT_MFCC ? "mfcc" : "logmel", "rate_hz",
                  model->rate_hz, "low_hz", model->front.low_hz, "high_hz", model->front.high_hz,
                  "clip_samples", model->clip_samples, "labels", labels);
    if (object && model->net == STP_NET_FOUND) {
        json_object_set_new(object, "cells", json_integer(model->cells));
        json_object_set_new(object, "channels", json_integer(model->channels));
        json_object_set_new(object, "drop_path", json_boolean(model->drop_path));
        json_object_set_new(object, "genotype", stp_genotype_to_json(&model->genotype));
    }
    if (object) {
        json_object_set_new(object, "parameters", json_integer(stp_graph_deployed_weights(model->graph)));
        json_object_set_new(object, "macs", json_integer(stp_graph_macs(model->graph)));
    }
    return object;
}

enum { SECTIONS = 4 };

static void list_sections(const stp_model *m, stp_section sections[SECTIONS]) {
    sections[0] = (stp_section){"weights", m->weights, sizeof(stp_real) * (size_t)m->graph->weights};
    sections[1] = (stp_section){"running", m->running, sizeof(stp_real) * (size_t)m->graph->states};
    sections[2] = (stp_section){"norm_mean", m->norm_mean, sizeof(float) * (size_t)m->front.coefficients};
    sections[3] = (stp_section){"norm_inv", m->norm_inv, sizeof(float) * (size_t)m->front.coefficients};
}

stp_status stp_model_save(const stp_model *model, stp_run *run, stp_err *err) {
    json_t *object = describe(model);
    if (!object)
        return stp_err_memory(err, "model.json", 1024);
    char digest[41];
    stp_json_digest(object, digest);
    stp_section sections[SECTIONS];
    list_sections(model, sections);
    stp_status status = stp_checkpoint_write(run, "weights.bin", digest, sections, SECTIONS, err);
    if (status == STP_OK)
        status = stp_run_write_json(run, "model.json", object, err);
    json_decref(object);
    return status;
}

static stp_status malformed(stp_run *run, const char *what, stp_err *err) {
    if (stp_json_memory_lost()) // unpacking takes some, too
        return stp_err_memory(err, "model.json", 0);
    return stp_err_set(err, STP_ERR_FORMAT, "%s/model.json: %s; train the system again or restore the file",
                       stp_run_path(run), what);
}

static stp_status read_front(const json_t *object, stp_run *run, stp_front_spec *front, stp_err *err) {
    const char *text, *kind;
    int rate;
    double low, high;
    if (json_unpack((json_t *)object, "{s:s, s:s, s:i, s:F, s:F}", "front", &text, "features", &kind,
                    "rate_hz", &rate, "low_hz", &low, "high_hz", &high) != 0)
        return malformed(run, "front, features, rate_hz, low_hz or high_hz is missing or of another type",
                         err);
    stp_err problem;
    if (stp_front_spec_parse(front, text, kind, rate, low, high, &problem) != STP_OK)
        return malformed(run, problem.text, err);
    return STP_OK;
}

static stp_status read_net(const json_t *object, stp_run *run, stp_model_options *o, stp_genotype *genotype,
                           stp_err *err) {
    const char *net;
    if (json_unpack((json_t *)object, "{s:s, s:i}", "net", &net, "clip_samples", &o->clip_samples) != 0)
        return malformed(run, "net or clip_samples is missing or of another type", err);
    if (strcmp(net, stp_model_net_name(STP_NET_FOUND)) != 0)
        return stp_model_net_parse(&o->net, net, NULL) == STP_OK ? STP_OK
                                                                 : malformed(run, "net is unknown", err);
    o->net = STP_NET_FOUND;
    o->genotype = genotype;
    if (json_unpack((json_t *)object, "{s:i, s:i, s:b}", "cells", &o->cells, "channels", &o->channels,
                    "drop_path", &o->drop_path) != 0)
        return malformed(run, "cells, channels or drop_path is missing or of another type", err);
    if (o->cells < 3 || o->cells > 64 || o->channels < 1 || o->channels > 512)
        return malformed(run, "cells or channels is out of range", err);
    char brief[STP_PATH_BRIEF_BYTES], where[STP_TEXT_BYTES];
    snprintf(where, sizeof where, "%s/model.json: genotype", stp_path_brief(brief, stp_run_path(run)));
    return stp_genotype_from_json(genotype, json_object_get(object, "genotype"), where, err);
}

static stp_status create_labelled(const json_t *object, stp_run *run, stp_model_options *options,
                                  stp_model **model, stp_err *err) {
    const json_t *list = json_object_get(object, "labels");
    const size_t classes = json_array_size(list);
    if (classes < 2 || classes > INT_MAX)
        return malformed(run, "labels is no list of two names or more", err);
    const char **labels = stp_alloc(classes * sizeof *labels);
    if (!labels)
        return stp_err_memory(err, "labels", classes * sizeof *labels);
    stp_status status = STP_OK;
    for (size_t i = 0; i < classes && status == STP_OK; i++)
        if (!(labels[i] = json_string_value(json_array_get(list, i))))
            status = malformed(run, "a label is no text", err);
    options->labels = labels;
    options->classes = (int)classes;
    if (status == STP_OK)
        status = stp_model_create(model, options, err);
    stp_free(labels);
    return status;
}

static stp_status build_from(const json_t *object, stp_run *run, stp_model **model, stp_err *err) {
    stp_front_spec front;
    stp_genotype genotype;
    stp_model_options options = {.front = &front};
    STP_TRY(read_front(object, run, &front, err));
    STP_TRY(read_net(object, run, &options, &genotype, err));
    if (options.clip_samples < 1 || options.clip_samples > 10 * 48000)
        return malformed(run, "clip_samples is out of range", err);
    return create_labelled(object, run, &options, model, err);
}

stp_status stp_model_load(stp_model **out, stp_run *run, stp_err *err) {
    if (!stp_run_has(run, "model.json"))
        return stp_run_lacks(run, "holds no trained system; train one first", "train", " --out DIR", err);
    json_t *object;
    STP_TRY(stp_run_read_json(run, "model.json", &object, err));
    stp_model *model = NULL;
    stp_status status = build_from(object, run, &model, err);
    if (status == STP_OK) {
        char digest[41];
        stp_json_digest(object, digest);
        stp_section sections[SECTIONS];
        list_sections(model, sections);
        // Weights are the same numbers on every instruction set.
        status = stp_checkpoint_read(run, "weights.bin", digest, 1, sections, SECTIONS, err);
    }
    json_decref(object);
    if (status != STP_OK) {
        stp_model_destroy(model);
        return status;
    }
    *out = model;
    return STP_OK;
}

stp_status stp_model_load_finished(stp_model **model, stp_run *run, stp_err *err) {
    stp_command command;
    STP_TRY(stp_run_command(run, &command, err));
    if (command == STP_CMD_TRAIN && !stp_run_has(run, "model.json"))
        return stp_run_lacks(run, "has not finished its training; go on with", "train --resume", "", err);
    return stp_model_load(model, run, err);
}
