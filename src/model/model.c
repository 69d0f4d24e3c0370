#include "model/model.h"

#include <string.h>

static const char *const net_names[] = {[STP_NET_FOUND] = "found", [STP_NET_DS_CNN] = "ds-cnn"};

const char *stp_model_net_name(stp_model_net net) {
    return net_names[net];
}

stp_status stp_model_net_parse(stp_model_net *net, const char *text, stp_err *err) {
    if (strcmp(text, net_names[STP_NET_DS_CNN]) != 0)
        return stp_err_set(err, STP_ERR_USAGE, "--net %s: the known networks are ds-cnn", text);
    *net = STP_NET_DS_CNN;
    return STP_OK;
}

static stp_status build(stp_model *model, stp_err *err) {
    if (model->net == STP_NET_DS_CNN)
        return stp_ds_cnn_build(&model->graph, model->input, model->classes, err);
    stp_network_options options = {.cells = model->cells,
                                   .channels = model->channels,
                                   .classes = model->classes,
                                   .input = model->input,
                                   .drop_path = model->drop_path};
    return stp_network_build(&model->graph, &model->genotype, &options, err);
}

static int take_memory(stp_model *model, const stp_model_options *o) {
    stp_arena *arena = model->arena;
    model->labels = STP_ARENA_ARRAY(arena, char *, o->classes);
    model->norm_mean = STP_ARENA_ARRAY(arena, float, o->front->coefficients);
    model->norm_inv = STP_ARENA_ARRAY(arena, float, o->front->coefficients);
    model->weights = STP_ARENA_ARRAY(arena, stp_real, model->graph->weights);
    model->running = STP_ARENA_ARRAY(arena, stp_real, model->graph->states);
    if (!model->labels || !model->norm_mean || !model->norm_inv || !model->weights || !model->running)
        return 0;
    for (int i = 0; i < o->classes; i++)
        if (!(model->labels[i] = stp_arena_strdup(arena, o->labels[i])))
            return 0;
    for (int i = 0; i < o->front->coefficients; i++)
        model->norm_inv[i] = 1;
    return 1;
}

stp_status stp_model_create(stp_model **out, const stp_model_options *o, stp_err *err) {
    stp_arena *arena = stp_arena_create();
    stp_model *model = arena ? stp_arena_alloc(arena, sizeof *model) : NULL;
    if (!model) {
        stp_arena_destroy(arena);
        return stp_err_memory(err, "a model", sizeof *model);
    }
    model->arena = arena;
    model->net = o->net;
    if (o->genotype)
        model->genotype = *o->genotype;
    model->cells = o->cells;
    model->channels = o->channels;
    model->drop_path = o->drop_path;
    model->classes = o->classes;
    model->clip_samples = o->clip_samples;
    model->front = *o->front;
    model->rate_hz = o->front->rate_hz;
    model->input = (stp_shape){stp_front_spec_frames(o->front, o->clip_samples), o->front->coefficients};
    stp_status status = model->input.h > 0
                            ? build(model, err)
                            : stp_err_set(err, STP_ERR_USAGE,
                                          "the front-end's window is longer than a clip; take a "
                                          "shorter window or a larger --clip-ms");
    if (status == STP_OK && !take_memory(model, o))
        status = stp_err_memory(err, "a model's weights",
                                sizeof(stp_real) * (unsigned long long)model->graph->weights);
    if (status != STP_OK) {
        stp_model_destroy(model);
        return status;
    }
    *out = model;
    return STP_OK;
}

void stp_model_destroy(stp_model *model) {
    if (!model)
        return;
    stp_graph_destroy(model->graph);
    stp_arena_destroy(model->arena);
}

stp_status stp_model_measure(const stp_genotype *genotype, int cells, int channels, stp_shape input,
                             int classes, long long *params, long long *macs, stp_err *err) {
    stp_graph *g;
    stp_network_options options = {.cells = cells, .channels = channels, .classes = classes, .input = input};
    STP_TRY(stp_network_build(&g, genotype, &options, err));
    *params = stp_graph_deployed_weights(g);
    *macs = stp_graph_macs(g);
    stp_graph_destroy(g);
    return STP_OK;
}
