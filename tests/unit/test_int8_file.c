// An int8 form on disk: what comes back is what went in, and everything damaged is refused in one line that
// says what to do.
#include "base/file.h"
#include "quant/int8_file.h"
#include "small_system.h"

typedef struct place {
    char folder[64];
    stp_run *run;
    stp_model *model;
    stp_int8_net *net;
} place;

static void save(place *p) {
    stp_err err;
    json_t *made = json_pack("{s:i}", "calibration", 64);
    problem_must(stp_int8_save(p->net, p->model, made, p->run, &err), &err);
    json_decref(made);
}

static int make_place(void **state) {
    static place p;
    stp_err err;
    char path[128];
    testing_make_folder(p.folder);
    snprintf(path, sizeof path, "%s/run", p.folder);
    problem_must(stp_run_create(&p.run, path, &err), &err);
    p.model = small_system_model();
    p.net = small_system_net(p.model);
    *state = &p;
    return 0;
}

static int remove_place(void **state) {
    place *p = *state;
    stp_int8_net_destroy(p->net);
    stp_model_destroy(p->model);
    stp_run_close(p->run);
    testing_remove_folder(p->folder);
    return 0;
}

// Refused with a status of damaged files and a line that names the remedy.
static void expect_refused(place *p, const char *part) {
    stp_int8_net *net = NULL;
    stp_err err = {0};
    stp_status status = stp_int8_load(&net, p->model, p->run, &err);
    if (status != STP_ERR_FORMAT && status != STP_ERR_MISMATCH && status != STP_ERR_IO)
        fail_msg("status %d: '%s'", (int)status, err.text);
    if (!strstr(err.text, part) || !strstr(err.text, "make it again: stapes quantize "))
        fail_msg("'%s' does not say '%s' and what to do", err.text, part);
    assert_null(strchr(err.text, '\n'));
    assert_null(net);
}

static void what_went_in_comes_back(void **state) {
    place *p = *state;
    stp_int8_net *back = NULL;
    stp_err err = {0};
    assert_refused(stp_int8_load(&back, p->model, p->run, &err), STP_ERR_USAGE, &err,
                   "has no int8 form yet; make it: stapes quantize ");
    save(p);
    if (stp_int8_load(&back, p->model, p->run, &err) != STP_OK)
        fail_msg("%s", err.text);
    const stp_int8_net *net = p->net;
    size_t channels = (size_t)net->channels;
    for (int s = 0; s < net->scales; s++)
        assert_memory_equal(&net->scale[s], &back->scale[s], sizeof net->scale[s]);
    assert_memory_equal(net->weight_q, back->weight_q, (size_t)net->weights);
    assert_memory_equal(net->weight_scale, back->weight_scale, sizeof(float) * channels);
    assert_memory_equal(net->bias_q, back->bias_q, sizeof(int32_t) * channels);
    assert_memory_equal(net->multiplier, back->multiplier, sizeof(int32_t) * channels);
    assert_memory_equal(net->shift, back->shift, channels);
    stp_int8_net_destroy(back);
}

static void damaged_numbers_are_refused(void **state) {
    place *p = *state;
    char path[160], *data;
    size_t bytes;
    stp_err err;
    save(p);
    snprintf(path, sizeof path, "%s/int8.bin", stp_run_path(p->run));
    problem_must(stp_file_read(path, &data, &bytes, &err), &err);
    for (size_t cut = 0; cut < bytes; cut += 1 + bytes / 37) {
        testing_write_file(path, data, cut);
        expect_refused(p, "int8.bin");
    }
    for (size_t at = 0; at < bytes; at += 1 + bytes / 53) {
        data[at] ^= 0x10;
        testing_write_file(path, data, bytes);
        expect_refused(p, "int8.bin");
        data[at] ^= 0x10;
    }
    remove(path);
    expect_refused(p, "int8.bin");
    stp_free(data);
}

// Whole files whose numbers cannot be: their checksum is right.
static void impossible_numbers_are_refused(void **state) {
    place *p = *state;
    stp_int8_net *net = p->net;
    const stp_int8_op *op = &net->op[2];
    float scale = net->scale[1].scale, weight_scale = net->weight_scale[op->channel];
    int zero = net->scale[1].zero, bias = net->bias_q[op->channel];
    int8_t weight = net->weight_q[op->weight];
    static const float bad[] = {0, -1, NAN, INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        net->scale[1].scale = bad[i];
        save(p);
        expect_refused(p, "a scale or zero point is out of range");
        net->scale[1].scale = scale;
        net->weight_scale[op->channel] = bad[i];
        save(p);
        expect_refused(p, "weights or biases are out of range");
        net->weight_scale[op->channel] = weight_scale;
    }
    net->scale[1].scale = 1e-38f; // shifts beyond what 32 bits hold
    save(p);
    expect_refused(p, "weights or biases are out of range");
    net->scale[1].scale = scale;
    net->weight_scale[op->channel] = 3e38f;
    save(p);
    expect_refused(p, "weights or biases are out of range");
    net->weight_scale[op->channel] = weight_scale;
    net->scale[1].zero = 128;
    save(p);
    expect_refused(p, "a scale or zero point is out of range");
    net->scale[1].zero = zero;
    net->bias_q[op->channel] = INT32_MIN;
    save(p);
    expect_refused(p, "weights or biases are out of range");
    net->bias_q[op->channel] = bias;
    net->weight_q[op->weight] = -128;
    save(p);
    expect_refused(p, "weights or biases are out of range");
    net->weight_q[op->weight] = weight;
    save(p);
    stp_int8_net *back;
    stp_err err;
    problem_must(stp_int8_load(&back, p->model, p->run, &err), &err);
    stp_int8_net_destroy(back);
}

static void change_json(place *p, const char *key, json_t *value, const char *part) {
    json_t *object;
    stp_err err;
    save(p);
    problem_must(stp_run_read_json(p->run, "int8.json", &object, &err), &err);
    if (value)
        json_object_set_new(object, key, value);
    else
        json_object_del(object, key);
    problem_must(stp_run_write_json(p->run, "int8.json", object, &err), &err);
    json_decref(object);
    expect_refused(p, part);
}

static void files_that_do_not_belong_together_are_refused(void **state) {
    place *p = *state;
    change_json(p, "format", json_integer(2), "format version 2, and this program reads 1");
    change_json(p, "format", json_string("one"), "format or of_weights is missing or of another type");
    change_json(p, "of_weights", NULL, "format or of_weights is missing or of another type");
    change_json(p, "of_weights", json_string("00000000"), "it is of other weights");
    change_json(p, "operations", json_array(), "int8.bin"); // not the text that the numbers were written with
    char path[160];
    snprintf(path, sizeof path, "%s/int8.json", stp_run_path(p->run));
    testing_write_file(path, "{\"format\": 1,", 13);
    expect_refused(p, "int8.json");
    save(p);
    p->model->weights[3] += 1; // trained again since
    expect_refused(p, "it is of other weights than those in weights.bin");
    p->model->weights[3] -= 1;
    p->model->norm_mean[0] += 1;
    expect_refused(p, "it is of other weights");
}

static void memory_can_run_out(void **state) {
    place *p = *state;
    stp_int8_net *back = NULL;
    stp_err err;
    save(p);
    stp_status status = STP_ERR_MEMORY;
    int failures = 0;
    for (long n = 0; status != STP_OK; n++, failures++) {
        stp_alloc_fail_after(n);
        status = stp_int8_load(&back, p->model, p->run, &err);
        stp_alloc_fail_after(-1);
        assert_true(status == STP_OK || status == STP_ERR_MEMORY);
    }
    assert_true(failures > 10);
    stp_int8_net_destroy(back);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_PLACE(what_went_in_comes_back),
        WITH_PLACE(damaged_numbers_are_refused),
        WITH_PLACE(impossible_numbers_are_refused),
        WITH_PLACE(files_that_do_not_belong_together_are_refused),
        WITH_PLACE(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
