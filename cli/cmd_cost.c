// stapes cost RUN, stapes cost --net NAME: instructions, flash and RAM on a microcontroller, predicted from
// what single operations were measured to take, before anything is built.
#include "base/arena.h"
#include "cli.h"
#include "commands.h"
#include "cost.h"
#include "model/found.h"
#include "quant/int8_file.h"
#include "run/run_settings.h"

#include <stdio.h>
#include <string.h>

enum { USUAL_CLASSES = 12 };

typedef struct costing {
    stp_settings settings;
    const char *path; // NULL with --net
    stp_run *run;
    stp_model *model;
    stp_int8_net *net; // NULL where there is no int8 form yet
    stp_cost_plan *plan;
    stp_cli_cost result;
} costing;

static stp_status parse(costing *x, int argc, char **argv, stp_err *err) {
    const char *words[1];
    int count = 0, known;
    STP_TRY(stp_settings_parse(&x->settings, STP_CMD_COST, argc, argv, words, 1, &count, err));
    known = x->settings.net[0] != 0;
    if (count + known != 1)
        return stp_err_set(err, STP_ERR_USAGE,
                           "name a run folder or a known network, as in: stapes cost RUN, "
                           "stapes cost --net ds-cnn");
    x->path = known ? NULL : words[0];
    return STP_OK;
}

static stp_status refuse_given(const costing *x, const char *const *flags, int count, const char *why,
                               stp_err *err) {
    for (int i = 0; i < count; i++)
        if (stp_settings_given(&x->settings, STP_CMD_COST, flags[i]))
            return stp_err_set(err, STP_ERR_USAGE, "--%s: %s", flags[i], why);
    return STP_OK;
}

// --- a network that is not trained: labels are only counted ----------------------------------------------

static stp_status create_model(costing *x, stp_model_net net, const stp_genotype *genotype, const char *front,
                               int cells, int channels, int classes, stp_err *err) {
    const stp_settings *o = &x->settings;
    stp_front_spec spec;
    STP_TRY(stp_front_spec_parse(&spec, front, o->features, (int)o->rate_hz, o->low_hz, o->high_hz, err));
    const char **labels = stp_alloc((size_t)classes * sizeof *labels);
    if (!labels)
        return stp_err_memory(err, "labels", (size_t)classes * sizeof *labels);
    for (int i = 0; i < classes; i++)
        labels[i] = "";
    stp_model_options options = {.net = net,
                                 .genotype = genotype,
                                 .cells = cells,
                                 .channels = channels,
                                 .labels = labels,
                                 .classes = classes,
                                 .clip_samples = (int)(o->rate_hz * o->clip_ms / 1000),
                                 .front = &spec};
    stp_status status = stp_model_create(&x->model, &options, err);
    stp_free(labels);
    return status;
}

static stp_status open_known(costing *x, stp_err *err) {
    static const char *const of_cells[] = {"cells", "channels"};
    stp_model_net net;
    STP_TRY(stp_model_net_parse(&net, x->settings.net, err));
    STP_TRY(refuse_given(x, of_cells, 2, "a known network has one size", err));
    int classes = (int)x->settings.classes;
    if (classes == 0) {
        classes = USUAL_CLASSES;
        x->result.note = "12 classes are assumed; --classes gives another number";
    }
    return create_model(x, net, NULL, x->settings.front, 0, 0, classes, err);
}

static stp_status open_found(costing *x, stp_err *err) {
    stp_found found;
    json_t *options;
    STP_TRY(stp_found_load(&found, x->run, err));
    STP_TRY(stp_run_read_options(x->run, STP_CMD_SEARCH, &options, err));
    stp_settings *o = &x->settings;
    stp_status status = stp_settings_inherit(o, options, x->path, err);
    int cells = (int)json_integer_value(json_object_get(options, "cells"));
    int channels = (int)json_integer_value(json_object_get(options, "channels"));
    json_decref(options);
    STP_TRY(status);
    int classes = (int)o->classes;
    if (classes == 0)
        STP_TRY(stp_run_classes(x->run, &classes, err));
    snprintf(o->features, sizeof o->features, "%s", found.genotype.features);
    cells = o->train_cells > 0 ? (int)o->train_cells : cells;
    channels = o->train_channels > 0 ? (int)o->train_channels : channels;
    if (cells < 3 || cells > STP_SUPERNET_MAX_CELLS || channels < 1)
        return stp_err_set(err, STP_ERR_USAGE, "%d cells of %d channels: give --cells from 3 to %d", cells,
                           channels, STP_SUPERNET_MAX_CELLS);
    return create_model(x, STP_NET_FOUND, &found.genotype, found.genotype.front, cells, channels, classes,
                        err);
}

// --- a trained one ---------------------------------------------------------------------------------------

static stp_status open_trained(costing *x, stp_err *err) {
    static const char *const its_own[] = {"cells", "channels", "classes"};
    STP_TRY(refuse_given(x, its_own, 3, "a trained system has its own", err));
    STP_TRY(stp_model_load_finished(&x->model, x->run, err));
    return stp_int8_exists(x->run) ? stp_int8_load(&x->net, x->model, x->run, err) : STP_OK;
}

static stp_status open_run(costing *x, stp_err *err) {
    static const char *const its_own[] = {"front", "features", "rate", "clip-ms", "low-hz", "high-hz"};
    stp_command made_by;
    STP_TRY(refuse_given(x, its_own, 6, "goes with --net only: a run has its own", err));
    STP_TRY(stp_run_open(&x->run, x->path, err));
    STP_TRY(stp_run_command(x->run, &made_by, err));
    return made_by == STP_CMD_SEARCH ? open_found(x, err) : open_trained(x, err);
}

// --- the whole -------------------------------------------------------------------------------------------

static void reckon(costing *x) {
    stp_processor one;
    int all = stp_processor_parse(&one, x->settings.target) != 0;
    for (int i = all ? 0 : (int)one; i < (all ? STP_PROCESSORS : (int)one + 1); i++)
        stp_system_cost_of(&x->result.cost[x->result.processors++], (stp_processor)i, x->plan);
}

static stp_status run(costing *x, int argc, char **argv, stp_err *err) {
    STP_TRY(parse(x, argc, argv, err));
    STP_TRY(x->path ? open_run(x, err) : open_known(x, err));
    if (x->net)
        STP_TRY(stp_cost_plan_create(&x->plan, x->net, &x->model->front, err));
    else
        STP_TRY(stp_cost_plan_of_model(&x->plan, x->model, err));
    reckon(x);
    x->result.run = x->run ? stp_run_path(x->run) : NULL;
    x->result.model = x->model;
    x->result.plan = x->plan;
    return STP_OK;
}

int stp_cmd_cost(int argc, char **argv) {
    costing x = {.path = NULL};
    stp_err err;
    stp_status status = run(&x, argc, argv, &err);
    int exit_status = status == STP_OK ? 0 : stp_cli_fail("cost", &err);
    if (status == STP_OK && x.settings.json)
        exit_status = stp_cli_print_json("cost", stp_cli_cost_json(&x.result));
    else if (status == STP_OK)
        stp_cli_cost_print(&x.result);
    stp_cost_plan_destroy(x.plan);
    stp_int8_net_destroy(x.net);
    stp_model_destroy(x.model);
    stp_run_close(x.run);
    return exit_status;
}
