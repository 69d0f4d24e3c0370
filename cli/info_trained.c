#include "cli.h"
#include "graph/census.h"
#include "info.h"
#include "report/table.h"

#include <stdio.h>

enum { MOST_KINDS = 64 };

typedef struct costs {
    long long parameters, macs;
    stp_footprint footprint;
    double frame_mults, frames_a_second;
    size_t front_memory; // bytes
    long front_tables;   // bytes
    long long flash;     // bytes: int8 weights, int32 biases, the front-end's tables
    int kinds;
    stp_layer_kind kind[MOST_KINDS];
} costs;

static stp_status reckon(costs *c, const stp_model *model, stp_err *err) {
    c->parameters = stp_graph_deployed_weights(model->graph);
    c->macs = stp_graph_macs(model->graph);
    STP_TRY(stp_graph_footprint(model->graph, &c->footprint, err));
    STP_TRY(stp_front_spec_memory_bytes(&model->front, &c->front_memory, err));
    c->frame_mults = stp_front_spec_frame_mults(&model->front);
    c->frames_a_second = (double)model->rate_hz / model->front.hop_samples;
    c->front_tables = stp_front_spec_table_bytes(&model->front);
    c->flash = c->footprint.weights + 4 * c->footprint.biases + c->front_tables;
    c->kinds = stp_graph_layers(model->graph, c->kind, MOST_KINDS);
    return STP_OK;
}

// --- as text --------------------------------------------------------------------------------------------

static double kib(double bytes) {
    return bytes / 1024;
}

static void print_layers(const costs *c) {
    stp_table table = {0};
    stp_table_column(&table, "layer", STP_TABLE_LEFT);
    stp_table_column(&table, "count", STP_TABLE_RIGHT);
    stp_table_column(&table, "parameters", STP_TABLE_RIGHT);
    stp_table_column(&table, "MMAC", STP_TABLE_RIGHT);
    stp_table_column(&table, "% of MACs", STP_TABLE_RIGHT);
    int layers = 0;
    for (int i = 0; i < c->kinds; i++) {
        const stp_layer_kind *kind = &c->kind[i];
        layers += kind->count;
        stp_table_cell(&table, "%s", kind->name);
        stp_table_cell(&table, "%d", kind->count);
        stp_table_cell(&table, "%lld", kind->parameters);
        stp_table_number(&table, (double)kind->macs / 1e6, 3);
        stp_table_number(&table, 100.0 * (double)kind->macs / (double)c->macs, 1);
    }
    stp_table_rule(&table);
    stp_table_cell(&table, "all");
    stp_table_cell(&table, "%d", layers);
    stp_table_cell(&table, "%lld", c->parameters);
    stp_table_number(&table, (double)c->macs / 1e6, 3);
    stp_table_number(&table, 100, 1);
    printf("\n");
    stp_cli_print_table(&table);
}

static void print_labels(const stp_model *model) {
    printf("%-12s %d:", "classes", model->classes);
    for (int i = 0; i < model->classes; i++)
        printf("%s %s", i ? "," : "", model->labels[i]);
    printf("\n");
}

static void print_front(const stp_model *model, const costs *c) {
    char front[STP_FRONT_TEXT_BYTES];
    stp_front_spec_format(&model->front, front);
    stp_info_line("front-end", "%s %s at %d Hz: %d frames of %d for a clip of %.0f ms",
                  model->front.kind == STP_FRONT_MFCC ? "mfcc" : "logmel", front, model->rate_hz,
                  model->input.h, model->input.w, 1000.0 * model->clip_samples / model->rate_hz);
    stp_info_line("", "%.0f multiplications a frame, %.0f frames: %.2f M a second", c->frame_mults,
                  c->frames_a_second, c->frame_mults * c->frames_a_second / 1e6);
    stp_info_line("", "%.1f KiB of tables, %.1f KiB of working memory (float)", kib((double)c->front_tables),
                  kib((double)c->front_memory));
}

static void print_text(const stp_info *info, const stp_model *model, const costs *c, const json_t *last) {
    stp_info_line("run", "%s, a trained system", stp_run_path(info->run));
    print_labels(model);
    print_front(model, c);
    if (model->net == STP_NET_FOUND)
        stp_info_line("network", "found: %d cells, %d channels", model->cells, model->channels);
    else
        stp_info_line("network", "%s", stp_model_net_name(model->net));
    stp_info_line("parameters", "%lld as deployed", c->parameters);
    stp_info_line("MACs", "%.3f M a clip", (double)c->macs / 1e6);
    stp_info_line("activations", "%.1f KiB of RAM in int8, %.1f KiB in float32 (%zu values at the peak)",
                  kib((double)c->footprint.activations), kib(4.0 * (double)c->footprint.activations),
                  c->footprint.activations);
    stp_info_line(
        "flash",
        "%.1f KiB in int8: weights %.1f, biases %.1f, front-end %.1f (the program's code not counted)",
        kib((double)c->flash), kib((double)c->footprint.weights), kib(4.0 * (double)c->footprint.biases),
        kib((double)c->front_tables));
    int epochs = 1 + (int)json_number_value(json_object_get(last, "epoch"));
    if (last)
        stp_info_line("validation", "%.1f %% after %d epoch%s",
                      json_number_value(json_object_get(last, "validation_accuracy")), epochs,
                      epochs == 1 ? "" : "s");
    stp_info_print_figures(info);
    print_layers(c);
}

// --- as JSON ---------------------------------------------------------------------------------------------

static json_t *front_json(const stp_model *model, const costs *c) {
    char front[STP_FRONT_TEXT_BYTES];
    stp_front_spec_format(&model->front, front);
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:f, s:f, s:f, s:I, s:I}", "spec", front, "features",
                     model->front.kind == STP_FRONT_MFCC ? "mfcc" : "logmel", "rate_hz", model->rate_hz,
                     "frames", model->input.h, "coefficients", model->input.w, "frame_multiplications",
                     c->frame_mults, "frames_a_second", c->frames_a_second, "multiplications_a_second",
                     c->frame_mults * c->frames_a_second, "table_bytes", (json_int_t)c->front_tables,
                     "memory_bytes", (json_int_t)c->front_memory);
}

static json_t *layers_json(const costs *c) {
    json_t *list = json_array();
    for (int i = 0; i < c->kinds; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:i, s:I, s:I}", "layer", c->kind[i].name, "count",
                                        c->kind[i].count, "parameters", (json_int_t)c->kind[i].parameters,
                                        "macs", (json_int_t)c->kind[i].macs));
    return list;
}

static json_t *whole_json(const stp_info *info, const stp_model *model, const costs *c, const json_t *last) {
    json_t *labels = json_array();
    for (int i = 0; i < model->classes; i++)
        json_array_append_new(labels, json_string(model->labels[i]));
    const stp_footprint *f = &c->footprint;
    json_t *object = json_pack(
        "{s:s, s:o*, s:s, s:o, s:o, s:i, s:I, s:I, s:{s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I}, s:o, s:o}",
        "command", "train", "run", stp_cli_json_text(stp_run_path(info->run)), "net",
        stp_model_net_name(model->net), "labels", labels, "front", front_json(model, c), "clip_samples",
        model->clip_samples, "parameters", (json_int_t)c->parameters, "macs", (json_int_t)c->macs,
        "activations", "values", (json_int_t)f->activations, "int8_bytes", (json_int_t)f->activations,
        "float32_bytes", (json_int_t)(4 * f->activations), "flash", "weight_bytes", (json_int_t)f->weights,
        "bias_bytes", (json_int_t)(4 * f->biases), "front_bytes", (json_int_t)c->front_tables, "bytes",
        (json_int_t)c->flash, "layers", layers_json(c), "figures", stp_info_figures_json(info));
    if (last)
        json_object_set(object, "validation_accuracy", json_object_get(last, "validation_accuracy"));
    if (model->net == STP_NET_FOUND) {
        json_object_set_new(object, "cells", json_integer(model->cells));
        json_object_set_new(object, "channels", json_integer(model->channels));
        json_object_set_new(object, "genotype", stp_genotype_to_json(&model->genotype));
    }
    return object;
}

static stp_status show(stp_info *info, const stp_model *model, stp_err *err) {
    costs c;
    json_t *last = NULL;
    STP_TRY(reckon(&c, model, err));
    if (model->net == STP_NET_FOUND)
        STP_TRY(stp_info_draw_cells(info, &model->genotype, err));
    else if (info->settings.out[0])
        return stp_err_set(err, STP_ERR_USAGE, "--out %s: a %s has no cells to draw; leave --out away",
                           info->settings.out, stp_model_net_name(model->net));
    STP_TRY(stp_info_draw_curves(info, "Training", err));
    STP_TRY(stp_run_last_line(info->run, "journal.jsonl", &last, err));
    if (info->settings.json)
        info->exit_status = stp_cli_print_json("info", whole_json(info, model, &c, last));
    else
        print_text(info, model, &c, last);
    json_decref(last);
    return STP_OK;
}

stp_status stp_info_trained(stp_info *info, stp_err *err) {
    stp_cli_trained trained;
    STP_TRY(stp_cli_trained_open(&trained, stp_run_path(info->run), err));
    stp_status status = show(info, trained.model, err);
    stp_cli_trained_close(&trained);
    return status;
}
