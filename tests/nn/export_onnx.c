// Exported .onnx files against the system they were made of, over the recordings of a folder: the clips'
// features, as the system's front-end makes them, go through onnxruntime; decisions must be those of the code
// that ships and of the trained network, for 99.5 % of clips.   export_onnx PACKAGE RUN INT8_FILE FLOAT_FILE
// DATA [SPLIT]
#include "base/arena.h"
#include "base/file.h"
#include "base/json_memory.h"
#include "eval/examine.h"
#include "onnx.h"
#include "quant/int8_file.h"
#include "quant/int8_run.h"
#include "trained.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 };

typedef struct system_of {
    stp_cli_trained trained;
    stp_int8_net *net;
    stp_corpus corpus;
    stp_device_model *device;
    stp_answers in_float, in_int8; // of the host
    int *decision;                 // onnxruntime's, of each clip
    int16_t *clip;
    float *features, *logits; // of a block
} system_of;

static void must(stp_status status, const stp_err *err) {
    if (status != STP_OK) {
        fprintf(stderr, "%s\n", err->text);
        exit(1);
    }
}

static void *room(size_t count, size_t bytes) {
    void *memory = stp_alloc(count * bytes);
    if (!memory) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    return memory;
}

static void open_system(system_of *y, const char *run, const char *data, const char *split_name) {
    stp_err err;
    stp_split split;
    const stp_observer quiet = {0};
    must(stp_split_parse(&split, split_name, &err), &err);
    must(stp_cli_trained_open(&y->trained, run, &err), &err);
    const stp_model *model = y->trained.model;
    snprintf(y->trained.settings.data, sizeof y->trained.settings.data, "%s", data);
    must(stp_int8_load(&y->net, model, y->trained.run, &err), &err);
    must(stp_examine_open(&y->corpus, model, &y->trained.settings, &quiet, &err), &err);
    must(stp_device_model_create(&y->device, y->net, stp_front_bank_config(y->corpus.bank, 0), &err), &err);
    must(stp_answers_begin(&y->in_float, &y->corpus, model, split, data, &err), &err);
    must(stp_answers_begin(&y->in_int8, &y->corpus, model, split, data, &err), &err);
    must(stp_answers_float(&y->in_float, &y->corpus, model, &err), &err);
    must(stp_int8_run(y->device, &y->corpus, y->in_int8.clips, y->in_int8.count, y->in_int8.predicted, NULL,
                      &err),
         &err);
    y->decision = room((size_t)y->in_int8.count, sizeof *y->decision);
    y->clip = room((size_t)model->clip_samples, sizeof *y->clip);
    y->features = room(BLOCK * (size_t)(model->input.h * model->input.w), sizeof *y->features);
    y->logits = room(BLOCK * (size_t)model->classes, sizeof *y->logits);
}

static void close_system(system_of *y) {
    stp_free(y->logits);
    stp_free(y->features);
    stp_free(y->clip);
    stp_free(y->decision);
    stp_answers_free(&y->in_int8);
    stp_answers_free(&y->in_float);
    stp_device_model_destroy(y->device);
    stp_corpus_close(&y->corpus);
    stp_int8_net_destroy(y->net);
    stp_cli_trained_close(&y->trained);
}

static int best_of(const float *logits, int classes) {
    int best = 0;
    for (int c = 1; c < classes; c++)
        best = logits[c] > logits[best] ? c : best;
    return best;
}

static void answer_block(system_of *y, int first, int count) {
    const stp_model *model = y->trained.model;
    const size_t values = (size_t)(model->input.h * model->input.w), classes = (size_t)model->classes;
    stp_err err;
    for (int i = 0; i < count; i++) {
        stp_batch_clip(y->corpus.dataset, y->in_int8.clips[first + i], NULL, 0, 0, 0, y->clip);
        must(stp_front_scalar(y->corpus.bank, 0, y->clip, y->features + (size_t)i * values, &err), &err);
    }
    if (!onnx_run(y->features, (size_t)count * values, y->logits, (size_t)count * classes))
        exit(1);
    for (int i = 0; i < count; i++)
        y->decision[first + i] = best_of(y->logits + (size_t)i * classes, model->classes);
}

// Answers with a file; returns how many decisions are the host's.
static int answer(system_of *y, const char *path, const stp_answers *host, int may_leave_floats) {
    char *file;
    size_t bytes;
    stp_err err;
    int in_floats, same = 0;
    must(stp_file_read(path, &file, &bytes, &err), &err);
    if (!onnx_load(file, bytes, &in_floats))
        exit(1);
    if (in_floats > 0 && !may_leave_floats) {
        fprintf(stderr, "%s: onnxruntime leaves %d operators in floats\n", path, in_floats);
        exit(1);
    }
    for (int first = 0; first < host->count; first += BLOCK)
        answer_block(y, first, host->count - first < BLOCK ? host->count - first : BLOCK);
    for (int i = 0; i < host->count; i++)
        same += y->decision[i] == host->predicted[i];
    stp_free(file);
    return same;
}

static int right(const stp_answers *a, const int *decision) {
    int hits = 0;
    for (int i = 0; i < a->count; i++)
        hits += decision[i] == a->truth[i];
    return hits;
}

// Classes that were ever decided for: a system that always says the same agrees with anything.
static int classes_said(const system_of *y) {
    int said = 0;
    for (int c = 0; c < y->trained.model->classes; c++) {
        int i = 0;
        while (i < y->in_int8.count && y->in_int8.predicted[i] != c)
            i++;
        said += i < y->in_int8.count;
    }
    return said;
}

static void tell(const char *form, const stp_answers *host, int same, const int *decision) {
    const double all = 100.0 / host->count;
    printf("  %-5s  same decision for %d of %d clips, %.2f %%; right: host %.2f %%, onnxruntime %.2f %%\n",
           form, same, host->count, all * same, all * right(host, host->predicted),
           all * right(host, decision));
}

int main(int count, char **arguments) {
    system_of y = {0};
    stp_json_memory_init();
    if (count < 6 || !onnx_open(arguments[1])) {
        printf("onnxruntime is there and cannot be started\n");
        return 1;
    }
    open_system(&y, arguments[2], arguments[5], count > 6 ? arguments[6] : "all");
    printf("%s\n", arguments[2]);
    const int in_int8 = answer(&y, arguments[3], &y.in_int8, 0);
    tell("int8", &y.in_int8, in_int8, y.decision);
    const int in_float = answer(&y, arguments[4], &y.in_float, 1);
    tell("float", &y.in_float, in_float, y.decision);
    const int all = y.in_int8.count, said = classes_said(&y);
    if (said < 2)
        printf("  only one class was ever said: that proves nothing\n");
    close_system(&y);
    onnx_close();
    return 1000L * in_int8 < 995L * all || 1000L * in_float < 995L * all || said < 2;
}
