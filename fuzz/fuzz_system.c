// Broken systems: model.json and weights.bin, int8.json and int8.bin. What is not refused is a system that a
// device takes and that can be run.
#include "fuzz.h"

#include "base/file.h"
#include "base/json_memory.h"
#include "broken_json.h"
#include "model/model.h"
#include "quant/device_model.h"
#include "quant/int8_file.h"
#include "quant/lower.h"
#include "quant/quantise.h"

typedef struct part { // a description and the numbers that go with it
    const char *json_name, *numbers_name;
    json_t *json;
    fuzz_file numbers;
} part;

static struct {
    stp_run *run;
    stp_model *model;
    part system, int8;
    fuzz_file broken;
} f = {.system = {"model.json", "weights.bin", NULL, {{0}, 0}},
       .int8 = {"int8.json", "int8.bin", NULL, {{0}, 0}}};

// --- a good one --------------------------------------------------------------------------------------------

static void must(stp_status status, const stp_err *err) {
    fuzz_require(status == STP_OK, err->text);
}

static stp_model *make_model(void) {
    static const char *const labels[] = {"yes", "no", "_unknown_"};
    stp_genotype genotype = {.front = "400/200/16:6", .features = "mfcc"};
    stp_front_spec front;
    stp_model *model;
    stp_err err;
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int k = 0; k < STP_CELL_KEPT_EDGES; k++)
            genotype.edge[kind][k] = (stp_genotype_edge){STP_CELL_MAX_POOL_3X3 + k % 7, k % 2};
    must(stp_front_spec_parse(&front, genotype.front, "mfcc", 16000, 20, 7600, &err), &err);
    stp_model_options options = {.net = STP_NET_FOUND,
                                 .genotype = &genotype,
                                 .cells = 3,
                                 .channels = 1,
                                 .labels = labels,
                                 .classes = 3,
                                 .clip_samples = 1600,
                                 .front = &front};
    must(stp_model_create(&model, &options, &err), &err);
    stp_graph_init(model->graph, 7, model->weights, model->running);
    return model;
}

static void make_int8(void) {
    stp_int8_net *net;
    stp_err err;
    must(stp_int8_lower(&net, f.model->graph, f.model->weights, f.model->running, &err), &err);
    for (int s = 0; s < net->scales; s++)
        stp_int8_set_range(&net->scale[s], net->scale[s].positive ? 0 : -2, 2);
    must(stp_int8_quantise(net, &err), &err);
    must(stp_int8_save(net, f.model, NULL, f.run, &err), &err);
    stp_int8_net_destroy(net);
}

static void join(char path[128], const char *name) {
    snprintf(path, 128, "%s/%s", stp_run_path(f.run), name);
}

static void keep(part *p) {
    char path[128], *data;
    stp_err err;
    must(stp_run_read_json(f.run, p->json_name, &p->json, &err), &err);
    join(path, p->numbers_name);
    must(stp_file_read(path, &data, &p->numbers.bytes, &err), &err);
    fuzz_require(p->numbers.bytes < FUZZ_FILE_BYTES / 2, "the system is too large to break");
    memcpy(p->numbers.data, data, p->numbers.bytes);
    stp_free(data);
}

static void prepare(void) {
    char path[80];
    stp_err err;
    stp_json_memory_init();
    snprintf(path, sizeof path, "%s/system", fuzz_folder());
    must(stp_run_create(&f.run, path, &err), &err);
    f.model = make_model();
    must(stp_model_save(f.model, f.run, &err), &err);
    make_int8();
    keep(&f.system);
    keep(&f.int8);
}

// --- and what becomes of it --------------------------------------------------------------------------------

// Numbers say whose they are (src/run/checkpoint.c).
static void adopt(fuzz_file *numbers, const json_t *json) {
    char digest[41];
    stp_json_digest(json, digest);
    if (numbers->bytes >= 84)
        memcpy(numbers->data + 40, digest, sizeof digest);
}

// A system of many cells and channels is no mistake, but takes its time.
static int is_small(const json_t *json) {
    return json_integer_value(json_object_get(json, "cells")) <= 5 &&
           json_integer_value(json_object_get(json, "channels")) <= 8;
}

// The first two bytes: how many changes to the description, and whether checksums are made right again.
static int write_broken(const part *p, fuzz_input *in) {
    char path[128];
    int changes = (int)(fuzz_take(in, 1) % 4), seal = (int)(fuzz_take(in, 1) % 4);
    json_t *json = fuzz_json_break(p->json, in, changes);
    if (!is_small(json)) {
        json_decref(json);
        return 0;
    }
    fuzz_break(&f.broken, &p->numbers, in);
    if (seal > 0)
        adopt(&f.broken, json);
    if (seal > 1)
        fuzz_seal(&f.broken);
    size_t length;
    char *text = stp_json_text(json, 0, &length);
    join(path, p->json_name);
    fuzz_write(path, text, length);
    join(path, p->numbers_name);
    fuzz_write(path, f.broken.data, f.broken.bytes);
    stp_json_text_free(text);
    json_decref(json);
    return 1;
}

static void run(const stp_int8_net *net) {
    stp_device_model *device;
    stp_err err;
    stp_status status = stp_device_model_create(&device, net, NULL, &err);
    fuzz_require_line(status, &err);
    if (status != STP_OK)
        return;
    stapes s;
    size_t bytes = device->model.arena_bytes;
    void *arena = stp_alloc(bytes);
    fuzz_require(stapes_init(&s, &device->model, arena, bytes, NULL, 0) == STAPES_OK,
                 "a device refuses what the host takes");
    memset(stapes_input(&s), 127, (size_t)f.model->input.h * f.model->input.w);
    stapes_invoke(&s);
    fuzz_require(stapes_best(&s) < f.model->classes, "a class that there is not");
    stp_free(arena);
    stp_device_model_destroy(device);
}

static void read_system(void) {
    stp_model *model = NULL;
    stp_err err;
    stp_status status = stp_model_load(&model, f.run, &err);
    fuzz_require_line(status, &err);
    if (status == STP_OK)
        stp_model_destroy(model);
}

static void read_int8(void) {
    stp_int8_net *net = NULL;
    stp_err err;
    stp_status status = stp_int8_load(&net, f.model, f.run, &err);
    fuzz_require_line(status, &err);
    if (status != STP_OK)
        return;
    run(net);
    stp_int8_net_destroy(net);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size};
    if (!f.run)
        prepare();
    int whole = fuzz_take(&in, 1) % 4 == 0;
    if (!write_broken(whole ? &f.system : &f.int8, &in))
        return 0;
    if (whole)
        read_system();
    else
        read_int8();
    return 0;
}
