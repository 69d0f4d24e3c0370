// A DS-CNN of three classes with random weights, and its int8 form with ranges set by hand: what writers and
// readers of files are tried on.
#ifndef STP_TESTS_SMALL_SYSTEM_H
#define STP_TESTS_SMALL_SYSTEM_H

#include "int8_problem.h"

static const char *const small_labels[] = {"ja", "n\xc3\xa4", "_unknown_"};

static inline stp_model *small_system_model(void) {
    stp_front_spec front;
    stp_model *model;
    stp_err err;
    problem_must(stp_front_spec_parse(&front, "400/200/20:10", "mfcc", 16000, 20, 7600, &err), &err);
    stp_model_options options = {
        .net = STP_NET_DS_CNN, .labels = small_labels, .classes = 3, .clip_samples = 4000, .front = &front};
    problem_must(stp_model_create(&model, &options, &err), &err);
    stp_graph_init(model->graph, 7, model->weights, model->running);
    for (int i = 0; i < front.coefficients; i++) {
        model->norm_mean[i] = 0.1f * (float)(i - 3);
        model->norm_inv[i] = 1.0f / (float)(i + 3);
    }
    return model;
}

static inline stp_int8_net *small_system_net(const stp_model *model) {
    stp_int8_net *net;
    stp_err err;
    problem_must(stp_int8_lower(&net, model->graph, model->weights, model->running, &err), &err);
    for (int s = 0; s < net->scales; s++)
        stp_int8_set_range(&net->scale[s], net->scale[s].positive ? 0 : -1.0 - s, 2.0 + 0.1 * s);
    problem_must(stp_int8_quantise(net, &err), &err);
    return net;
}

typedef stp_status (*small_system_write)(const stp_int8_net *net, const stp_model *model, const char *path,
                                         stp_err *err);

// Every request for memory is refused once while a file is written: a status each time, and nothing is lost.
static inline void small_system_memory_runs_out(const char *name, small_system_write write) {
    char folder[64], path[128];
    stp_err err;
    stp_model *model = small_system_model();
    stp_int8_net *net = small_system_net(model);
    testing_make_folder(folder);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    stp_status status = STP_ERR_MEMORY;
    int failures = 0;
    for (long n = 0; status != STP_OK; n++, failures++) {
        long live = stp_alloc_live();
        stp_alloc_fail_after(n);
        status = write(net, model, path, &err);
        stp_alloc_fail_after(-1);
        assert_true(status == STP_OK || status == STP_ERR_MEMORY);
        assert_int_equal(stp_alloc_live(), live);
    }
    assert_true(failures > 20);
    stp_int8_net_destroy(net);
    stp_model_destroy(model);
    testing_remove_folder(folder);
}

#endif
