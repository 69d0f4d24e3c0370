// A model on disk: what comes back is what went in, and everything damaged is refused in one line.
#include "base/arena.h"
#include "base/file.h"
#include "model/model.h"
#include "testing.h"

static const stp_genotype genotype = {.front = "400/200/20:10",
                                      .features = "mfcc",
                                      .edge = {{{STP_CELL_SEP_CONV_3X3, 0},
                                                {STP_CELL_DIL_CONV_5X5, 1},
                                                {STP_CELL_SKIP_CONNECT, 0},
                                                {STP_CELL_MAX_POOL_3X3, 2},
                                                {STP_CELL_AVG_POOL_3X3, 1},
                                                {STP_CELL_SEP_CONV_5X5, 3},
                                                {STP_CELL_DIL_CONV_3X3, 2},
                                                {STP_CELL_SKIP_CONNECT, 1}},
                                               {{STP_CELL_MAX_POOL_3X3, 0},
                                                {STP_CELL_SKIP_CONNECT, 1},
                                                {STP_CELL_SEP_CONV_3X3, 0},
                                                {STP_CELL_SEP_CONV_5X5, 2},
                                                {STP_CELL_SKIP_CONNECT, 2},
                                                {STP_CELL_AVG_POOL_3X3, 1},
                                                {STP_CELL_DIL_CONV_3X3, 3},
                                                {STP_CELL_DIL_CONV_5X5, 0}}}};

static const char *const labels[] = {"ja", "n\xc3\xa4", "_unknown_", "_silence_"};

typedef struct place {
    char folder[64];
    stp_run *run;
} place;

static int make_place(void **state) {
    static place p;
    stp_err err;
    testing_make_folder(p.folder);
    char path[128];
    snprintf(path, sizeof path, "%s/run", p.folder);
    assert_int_equal(stp_run_create(&p.run, path, &err), STP_OK);
    *state = &p;
    return 0;
}

static int remove_place(void **state) {
    place *p = *state;
    stp_run_close(p->run);
    testing_remove_folder(p->folder);
    return 0;
}

static stp_model *make_model(stp_model_net net, uint64_t seed) {
    stp_front_spec front;
    stp_model *model;
    stp_err err;
    assert_int_equal(stp_front_spec_parse(&front, genotype.front, "mfcc", 16000, 20, 7600.5, &err), STP_OK);
    stp_model_options options = {.net = net,
                                 .genotype = net == STP_NET_FOUND ? &genotype : NULL,
                                 .cells = 3,
                                 .channels = 4,
                                 .drop_path = 1,
                                 .labels = labels,
                                 .classes = 4,
                                 .clip_samples = 4000,
                                 .front = &front};
    assert_int_equal(stp_model_create(&model, &options, &err), STP_OK);
    stp_graph_init(model->graph, seed, model->weights, model->running);
    for (int i = 0; i < model->graph->states; i++)
        model->running[i] += (stp_real)(0.001 * i);
    for (int i = 0; i < front.coefficients; i++) {
        model->norm_mean[i] = 0.1f * (float)i - 3;
        model->norm_inv[i] = 1 / (1 + 0.1f * (float)i);
    }
    return model;
}

static void expect_equal(const stp_model *a, const stp_model *b) {
    assert_int_equal(a->net, b->net);
    assert_int_equal(a->classes, b->classes);
    for (int i = 0; i < a->classes; i++)
        assert_string_equal(a->labels[i], b->labels[i]);
    assert_int_equal(a->clip_samples, b->clip_samples);
    assert_int_equal(a->rate_hz, b->rate_hz);
    assert_memory_equal(&a->front, &b->front, sizeof a->front);
    assert_int_equal(a->input.h, b->input.h);
    assert_int_equal(a->input.w, b->input.w);
    assert_int_equal(a->graph->weights, b->graph->weights);
    assert_memory_equal(a->weights, b->weights, sizeof(stp_real) * (size_t)a->graph->weights);
    assert_memory_equal(a->running, b->running, sizeof(stp_real) * (size_t)a->graph->states);
    assert_memory_equal(a->norm_mean, b->norm_mean, sizeof(float) * (size_t)a->front.coefficients);
    assert_memory_equal(a->norm_inv, b->norm_inv, sizeof(float) * (size_t)a->front.coefficients);
}

static void what_went_in_comes_back(void **state) {
    place *p = *state;
    for (int net = STP_NET_FOUND; net <= STP_NET_DS_CNN; net++) {
        stp_err err = {0};
        stp_model *model = make_model((stp_model_net)net, 7), *back = NULL;
        assert_int_equal(stp_model_save(model, p->run, &err), STP_OK);
        if (stp_model_load(&back, p->run, &err) != STP_OK)
            fail_msg("%s", err.text);
        expect_equal(model, back);
        if (net == STP_NET_FOUND) {
            assert_int_equal(back->cells, 3);
            assert_int_equal(back->channels, 4);
            assert_int_equal(back->drop_path, 1);
            assert_memory_equal(back->genotype.edge, genotype.edge, sizeof genotype.edge);
        }
        stp_model_destroy(model);
        stp_model_destroy(back);
    }
}

static void nothing_there_is_said(void **state) {
    place *p = *state;
    stp_model *model = NULL;
    stp_err err;
    assert_refused(stp_model_load(&model, p->run, &err), STP_ERR_USAGE, &err, "holds no trained system");
    assert_null(model);
}

// Changes one key of model.json; the answer must be a refusal that says so.
static void refuse_changed(place *p, const json_t *good, const char *key, json_t *value, const char *said) {
    stp_err err = {0};
    stp_model *model = NULL;
    json_t *object = json_deep_copy(good);
    if (value)
        json_object_set_new(object, key, value);
    else
        json_object_del(object, key);
    assert_int_equal(stp_run_write_json(p->run, "model.json", object, &err), STP_OK);
    json_decref(object);
    stp_status status = stp_model_load(&model, p->run, &err);
    if (status != STP_ERR_FORMAT && status != STP_ERR_MISMATCH)
        fail_msg("%s changed: status %d, '%s'", key, (int)status, err.text);
    if (!strstr(err.text, said))
        fail_msg("%s changed: '%s' does not say '%s'", key, err.text, said);
    assert_null(strchr(err.text, '\n'));
    assert_null(model);
}

static void a_damaged_description_is_refused(void **state) {
    place *p = *state;
    stp_err err = {0};
    stp_model *model = make_model(STP_NET_FOUND, 7);
    json_t *good;
    assert_int_equal(stp_model_save(model, p->run, &err), STP_OK);
    assert_int_equal(stp_run_read_json(p->run, "model.json", &good, &err), STP_OK);
    static const char *const needed[] = {"net",      "front",     "features",     "rate_hz",
                                         "low_hz",   "high_hz",   "clip_samples", "cells",
                                         "channels", "drop_path", "labels",       "genotype"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        refuse_changed(p, good, needed[i], NULL, "model.json");
        refuse_changed(p, good, needed[i], json_pack("{s:i}", "x", 1), "model.json");
    }
    refuse_changed(p, good, "net", json_string("transformer"), "net is unknown");
    refuse_changed(p, good, "front", json_string("8/0/0"), "model.json");
    refuse_changed(p, good, "features", json_string("cochlea"), "model.json");
    refuse_changed(p, good, "rate_hz", json_integer(-1), "model.json");
    refuse_changed(p, good, "high_hz", json_real(1e9), "model.json");
    refuse_changed(p, good, "clip_samples", json_integer(0), "clip_samples is out of range");
    refuse_changed(p, good, "clip_samples", json_integer(2000000000), "clip_samples is out of range");
    refuse_changed(p, good, "cells", json_integer(2), "cells or channels is out of range");
    refuse_changed(p, good, "channels", json_integer(100000), "cells or channels is out of range");
    refuse_changed(p, good, "labels", json_pack("[s]", "one"), "two names or more");
    refuse_changed(p, good, "labels", json_pack("[s, i]", "one", 2), "a label is no text");
    // All in order by itself, but not what the weights were trained for.
    refuse_changed(p, good, "channels", json_integer(8), "weights.bin");
    refuse_changed(p, good, "clip_samples", json_integer(4001), "weights.bin");
    refuse_changed(p, good, "labels", json_pack("[s, s, s, s]", "a", "b", "c", "d"), "weights.bin");
    json_decref(good);
    stp_model_destroy(model);
}

static void any_number_of_labels_is_loaded(void **state) {
    enum { MANY = 1500 };
    place *p = *state;
    static const char *many[MANY];
    stp_front_spec front;
    stp_model *model, *loaded;
    stp_err err = {0};
    for (int i = 0; i < MANY; i++)
        many[i] = labels[i % 4];
    assert_int_equal(stp_front_spec_parse(&front, genotype.front, "mfcc", 16000, 20, 7600.5, &err), STP_OK);
    stp_model_options options = {
        .net = STP_NET_DS_CNN, .labels = many, .classes = MANY, .clip_samples = 4000, .front = &front};
    assert_int_equal(stp_model_create(&model, &options, &err), STP_OK);
    assert_int_equal(stp_model_save(model, p->run, &err), STP_OK);
    if (stp_model_load(&loaded, p->run, &err) != STP_OK)
        fail_msg("%s", err.text);
    assert_int_equal(loaded->classes, MANY);
    assert_string_equal(loaded->labels[MANY - 1], many[MANY - 1]);
    stp_model_destroy(loaded);
    stp_model_destroy(model);
}

static void refuse_weights(place *p, const char *data, size_t bytes) {
    char path[160];
    stp_model *model = NULL;
    stp_err err = {0};
    snprintf(path, sizeof path, "%s/weights.bin", stp_run_path(p->run));
    testing_write_file(path, data, bytes);
    stp_status status = stp_model_load(&model, p->run, &err);
    assert_true(status == STP_ERR_FORMAT || status == STP_ERR_MISMATCH);
    assert_non_null(strstr(err.text, "weights.bin"));
    assert_null(strchr(err.text, '\n'));
    assert_null(model);
}

static void damaged_weights_are_refused(void **state) {
    place *p = *state;
    char path[160], *data;
    size_t bytes;
    stp_err err = {0};
    stp_model *model = make_model(STP_NET_FOUND, 7), *back = NULL;
    assert_int_equal(stp_model_save(model, p->run, &err), STP_OK);
    snprintf(path, sizeof path, "%s/weights.bin", stp_run_path(p->run));
    assert_int_equal(stp_file_read(path, &data, &bytes, &err), STP_OK);
    for (size_t cut = 0; cut < bytes; cut += 1 + bytes / 37)
        refuse_weights(p, data, cut);
    for (size_t at = 0; at < bytes; at += 1 + bytes / 53) {
        data[at] ^= 0x10;
        refuse_weights(p, data, bytes);
        data[at] ^= 0x10;
    }
    remove(path);
    assert_refused(stp_model_load(&back, p->run, &err), STP_ERR_IO, &err, "weights.bin");
    // Another system's weights.
    stp_model *other = make_model(STP_NET_DS_CNN, 7);
    char *description;
    size_t length;
    char json[160];
    snprintf(json, sizeof json, "%s/model.json", stp_run_path(p->run));
    assert_int_equal(stp_file_read(json, &description, &length, &err), STP_OK);
    assert_int_equal(stp_model_save(other, p->run, &err), STP_OK);
    testing_write_file(json, description, length);
    assert_refused(stp_model_load(&back, p->run, &err), STP_ERR_MISMATCH, &err, "weights.bin");
    // And whole again.
    testing_write_file(path, data, bytes);
    assert_int_equal(stp_model_load(&back, p->run, &err), STP_OK);
    expect_equal(model, back);
    stp_free(data);
    stp_free(description);
    stp_model_destroy(model);
    stp_model_destroy(other);
    stp_model_destroy(back);
}

static void memory_can_run_out(void **state) {
    place *p = *state;
    stp_err err = {0};
    stp_model *model = make_model(STP_NET_FOUND, 7), *back = NULL;
    assert_int_equal(stp_model_save(model, p->run, &err), STP_OK);
    stp_status status = STP_ERR_MEMORY;
    int failures = 0;
    for (long n = 0; status != STP_OK; n++, failures++) {
        stp_alloc_fail_after(n);
        status = stp_model_load(&back, p->run, &err);
        stp_alloc_fail_after(-1);
        assert_true(status == STP_OK || status == STP_ERR_MEMORY);
    }
    assert_true(failures > 5);
    expect_equal(model, back);
    stp_model_destroy(model);
    stp_model_destroy(back);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_PLACE(what_went_in_comes_back),          WITH_PLACE(nothing_there_is_said),
        WITH_PLACE(a_damaged_description_is_refused), WITH_PLACE(any_number_of_labels_is_loaded),
        WITH_PLACE(damaged_weights_are_refused),      WITH_PLACE(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
