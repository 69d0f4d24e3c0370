#include "search/supernet.h"

#include "base/arena.h"

#include <assert.h>
#include <string.h>

static stp_status choose_options(stp_supernet_options *o, const stp_corpus *corpus, const stp_settings *s,
                                 int front, const stp_shape *grid, stp_err *err) {
    *o = (stp_supernet_options){.cells = (int)s->search_cells,
                                .channels = (int)s->search_channels,
                                .partial = (int)s->partial,
                                .classes = corpus->dataset->classes,
                                .fronts = front < 0 ? corpus->fronts : 1,
                                .recompute = (int)s->recompute};
    if (o->channels % o->partial != 0)
        return stp_err_set(err, STP_ERR_USAGE, "--channels %d is no multiple of --partial %d", o->channels,
                           o->partial);
    STP_TRY(stp_align_parse(&o->align, s->align, err));
    for (int i = 0; i < o->fronts; i++) {
        o->front_id[i] = front < 0 ? i : front;
        o->shape[i] = corpus->shape[o->front_id[i]];
    }
    o->grid = stp_align_grid(o->align, corpus->shape, corpus->fronts);
    if (grid)
        o->grid = *grid;
    // What was padded for comparison is trimmed back when it has won.
    if (front >= 0 && o->align == STP_ALIGN_PAD)
        o->grid = o->shape[0];
    return STP_OK;
}

static stp_status make_steppers(stp_supernet *net, const stp_corpus *corpus, const stp_settings *s,
                                const stp_supernet_options *o, int group_samples, int batch, stp_err *err) {
    stp_stepper_options options = {.align = o->align,
                                   .grid = o->grid,
                                   .fronts = o->fronts,
                                   .group_samples = group_samples,
                                   .groups = stp_corpus_groups_held(corpus, s, group_samples, batch),
                                   .training = 1};
    memcpy(options.front, o->front_id, sizeof options.front);
    STP_TRY(stp_stepper_create(&net->stepper, net->graph, corpus, &options, err));
    options.training = 0;
    options.groups = 1;
    options.lender = net->stepper;
    return stp_stepper_create(&net->tester, net->graph, corpus, &options, err);
}

stp_status stp_supernet_create(stp_supernet *net, const stp_corpus *corpus, const stp_settings *settings,
                               int front, const stp_shape *grid, int group_samples, int batch, stp_err *err) {
    stp_supernet_options options;
    *net = (stp_supernet){0};
    STP_TRY(choose_options(&options, corpus, settings, front, grid, err));
    net->arena = stp_arena_create();
    if (!net->arena)
        return stp_err_memory(err, "a supernet", 64);
    stp_status status = stp_supernet_build(&net->graph, &options, err);
    if (status == STP_OK) {
        size_t weights = (size_t)net->graph->weights;
        net->weights = STP_ARENA_ARRAY(net->arena, stp_real, weights);
        net->velocity = STP_ARENA_ARRAY(net->arena, stp_real, weights);
        net->grads = STP_ARENA_ARRAY(net->arena, stp_real, weights);
        net->running = STP_ARENA_ARRAY(net->arena, stp_real, net->graph->states);
        status = net->weights && net->velocity && net->grads && net->running
                     ? make_steppers(net, corpus, settings, &options, group_samples, batch, err)
                     : stp_err_memory(err, "a supernet's weights", sizeof(stp_real) * weights);
    }
    if (status != STP_OK)
        stp_supernet_destroy(net);
    return status;
}

void stp_supernet_destroy(stp_supernet *net) {
    stp_stepper_destroy(net->tester);
    stp_stepper_destroy(net->stepper);
    stp_graph_destroy(net->graph);
    stp_arena_destroy(net->arena);
    *net = (stp_supernet){0};
}

stp_status stp_supernet_keep(stp_supernet *net, stp_supernet_memory *memory, stp_err *err) {
    size_t weights = sizeof(stp_real) * (size_t)net->graph->weights,
           states = sizeof(stp_real) * (size_t)net->graph->states;
    *memory = (stp_supernet_memory){
        .weights = stp_alloc(weights), .velocity = stp_alloc(weights), .running = stp_alloc(states)};
    if (!memory->weights || !memory->velocity || !memory->running) {
        stp_supernet_forget(memory);
        return stp_err_memory(err, "a copy of the weights", 2 * weights + states);
    }
    memcpy(memory->weights, net->weights, weights);
    memcpy(memory->velocity, net->velocity, weights);
    memcpy(memory->running, net->running, states);
    memory->graph = net->graph;
    net->graph = NULL;
    return STP_OK;
}

void stp_supernet_forget(stp_supernet_memory *memory) {
    stp_graph_destroy(memory->graph);
    stp_free(memory->weights);
    stp_free(memory->velocity);
    stp_free(memory->running);
    *memory = (stp_supernet_memory){0};
}

static const stp_param *find(const stp_graph *g, const char *name) {
    for (int i = 0; i < g->params; i++)
        if (strcmp(g->param[i].name, name) == 0)
            return &g->param[i];
    return NULL;
}

void stp_supernet_recall(stp_supernet *net, const stp_supernet_memory *memory) {
    for (int i = 0; i < net->graph->params; i++) {
        const stp_param *p = &net->graph->param[i], *q = find(memory->graph, p->name);
        assert(q && q->count == p->count);
        size_t bytes = sizeof(stp_real) * (size_t)p->count;
        memcpy(net->weights + p->offset, memory->weights + q->offset, bytes);
        memcpy(net->velocity + p->offset, memory->velocity + q->offset, bytes);
    }
    // Alignments have no batch norm, so that the statistics of both are the same list.
    memcpy(net->running, memory->running, sizeof(stp_real) * (size_t)net->graph->states);
}
