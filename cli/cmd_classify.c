// stapes classify RUN FILE...: what a trained system hears in recordings.
#include "audio/audio.h"
#include "base/arena.h"
#include "cli.h"
#include "commands.h"
#include "eval/classify.h"
#include "trained.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct hearing {
    stp_settings settings;
    stp_cli_trained trained;
    stp_pool *pool;
    stp_classifier *classifier;
    int16_t *audio;        // [STP_CLASSIFY_MOST][clip_samples]
    double *probabilities; // [STP_CLASSIFY_MOST][classes]
    const char *file[STP_CLASSIFY_MOST];
    int count;    // files waiting
    json_t *list; // with --json
    int failed;   // files that could not be read
} hearing;

static stp_status begin(hearing *h, const char *path, stp_err *err) {
    STP_TRY(stp_cli_trained_open(&h->trained, path, err));
    const stp_model *model = h->trained.model;
    STP_TRY(stp_pool_create(&h->pool, (int)h->settings.threads, err));
    STP_TRY(stp_classifier_create(&h->classifier, model, h->pool, err));
    h->audio = STP_ARENA_ARRAY(model->arena, int16_t, STP_CLASSIFY_MOST * (size_t)model->clip_samples);
    h->probabilities = STP_ARENA_ARRAY(model->arena, double, STP_CLASSIFY_MOST *(size_t)model->classes);
    h->list = json_array();
    if (!h->audio || !h->probabilities || !h->list)
        return stp_err_memory(err, "recordings", 2ull * STP_CLASSIFY_MOST * (unsigned)model->clip_samples);
    return STP_OK;
}

static void end(hearing *h) {
    json_decref(h->list);
    stp_classifier_destroy(h->classifier);
    stp_pool_destroy(h->pool);
    stp_cli_trained_close(&h->trained);
}

// A name that keeps to its column and its line.
static void print_name(const char *name) {
    for (; *name; name++)
        putchar((unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name);
}

static void report(hearing *h, const char *file, const double *probabilities) {
    const stp_model *model = h->trained.model;
    int best = 0;
    for (int c = 1; c < model->classes; c++)
        if (probabilities[c] > probabilities[best])
            best = c;
    if (!h->settings.json) {
        print_name(file);
        printf("\t%s\t%.4f\n", model->labels[best], probabilities[best]);
        return;
    }
    json_t *all = json_object();
    for (int c = 0; c < model->classes; c++)
        json_object_set_new(all, model->labels[c], json_real(probabilities[c]));
    json_array_append_new(h->list,
                          json_pack("{s:o*, s:s, s:f, s:o*}", "file", stp_cli_json_text(file), "label",
                                    model->labels[best], "score", probabilities[best], "probabilities", all));
}

static void answer(hearing *h) {
    const stp_model *model = h->trained.model;
    const int16_t *clips[STP_CLASSIFY_MOST];
    for (int i = 0; i < h->count; i++)
        clips[i] = h->audio + (size_t)i * (size_t)model->clip_samples;
    if (h->count > 0)
        stp_classify(h->classifier, clips, h->count, h->probabilities);
    for (int i = 0; i < h->count; i++)
        report(h, h->file[i], h->probabilities + (size_t)i * (size_t)model->classes);
    h->count = 0;
}

// A bad file is told and counted; the others are still heard.
static void hear(hearing *h, const char *file) {
    const stp_model *model = h->trained.model;
    stp_sound sound;
    stp_err err;
    if (stp_sound_read(&sound, file, model->rate_hz, (uint64_t)h->settings.max_clip_mb << 20, &err) !=
        STP_OK) {
        answer(h); // what came before is told before
        stp_cli_fail("classify", &err);
        h->failed++;
        return;
    }
    stp_sound_clip(sound.samples, sound.count, model->clip_samples,
                   h->audio + (size_t)h->count * (size_t)model->clip_samples);
    stp_sound_free(&sound);
    h->file[h->count++] = file;
    if (h->count == STP_CLASSIFY_MOST)
        answer(h);
}

static json_t *whole_json(const hearing *h) {
    return json_pack("{s:o*, s:O, s:i}", "run", stp_cli_json_text(stp_run_path(h->trained.run)), "files",
                     h->list, "failed", h->failed);
}

static int run(hearing *h, int argc, char **argv, const char **files) {
    const char *path;
    int count;
    stp_err err;
    stp_status status =
        stp_cli_parse_run(&h->settings, STP_CMD_CLASSIFY, argc, argv, &path, files, &count, &err);
    if (status == STP_OK)
        status = begin(h, path, &err);
    if (status != STP_OK)
        return stp_cli_fail("classify", &err);
    for (int i = 0; i < count; i++)
        hear(h, files[i]);
    answer(h);
    if (h->settings.json && stp_cli_print_json("classify", whole_json(h)) != 0)
        return 1;
    return h->failed > 0;
}

int stp_cmd_classify(int argc, char **argv) {
    hearing h = {.count = 0};
    const char **files = malloc(sizeof *files * (size_t)(argc + 1));
    stp_err err;
    if (!files) {
        stp_err_memory(&err, "the arguments", sizeof *files * (unsigned long long)argc);
        return stp_cli_fail("classify", &err);
    }
    int status = run(&h, argc, argv, files);
    end(&h);
    free(files);
    return status;
}
