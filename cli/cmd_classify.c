// stapes classify RUN FILE...: what a trained system hears in recordings.
#include "audio/audio.h"
#include "base/arena.h"
#include "cli.h"
#include "commands.h"
#include "stapes/stapes.h"
#include "trained.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct hearing {
    stp_settings settings;
    const char *run;
    stapes_spotter *spotter;
    int labels, clip_samples;
    int16_t *audio;        // [STAPES_CLIPS_MOST][clip_samples]
    double *probabilities; // [STAPES_CLIPS_MOST][labels]
    const char *file[STAPES_CLIPS_MOST];
    int count;    // files waiting
    json_t *list; // with --json
    int failed;   // files that could not be read
} hearing;

// Returns the exit status.
static int begin(hearing *h) {
    stp_err err;
    int status = stapes_spotter_open(&h->spotter, h->run, (int)h->settings.threads, err.text);
    if (status != 0) {
        err.status = status == 2 ? STP_ERR_USAGE : STP_ERR_IO;
        return stp_cli_fail("classify", &err);
    }
    h->labels = stapes_spotter_labels(h->spotter);
    h->clip_samples = stapes_spotter_clip_samples(h->spotter);
    h->audio = stp_alloc(sizeof *h->audio * STAPES_CLIPS_MOST * (size_t)h->clip_samples);
    h->probabilities = stp_alloc(sizeof *h->probabilities * STAPES_CLIPS_MOST * (size_t)h->labels);
    h->list = json_array();
    if (h->audio && h->probabilities && h->list)
        return 0;
    stp_err_memory(&err, "recordings", 2ull * STAPES_CLIPS_MOST * (unsigned)h->clip_samples);
    return stp_cli_fail("classify", &err);
}

static void end(hearing *h) {
    json_decref(h->list);
    stp_free(h->audio);
    stp_free(h->probabilities);
    stapes_spotter_close(h->spotter);
}

static void report(hearing *h, const char *file, const double *probabilities) {
    int best = 0;
    for (int c = 1; c < h->labels; c++)
        if (probabilities[c] > probabilities[best])
            best = c;
    if (!h->settings.json) {
        stp_cli_print_name(file);
        printf("\t%s\t%.4f\n", stapes_spotter_label(h->spotter, best), probabilities[best]);
        return;
    }
    json_t *all = json_object();
    for (int c = 0; c < h->labels; c++)
        json_object_set_new(all, stapes_spotter_label(h->spotter, c), json_real(probabilities[c]));
    json_array_append_new(h->list, json_pack("{s:o*, s:s, s:f, s:o*}", "file", stp_cli_json_text(file),
                                             "label", stapes_spotter_label(h->spotter, best), "score",
                                             probabilities[best], "probabilities", all));
}

static void answer(hearing *h) {
    const int16_t *clips[STAPES_CLIPS_MOST];
    for (int i = 0; i < h->count; i++)
        clips[i] = h->audio + (size_t)i * (size_t)h->clip_samples;
    if (h->count > 0)
        stapes_spotter_hear(h->spotter, clips, h->count, h->probabilities);
    for (int i = 0; i < h->count; i++)
        report(h, h->file[i], h->probabilities + (size_t)i * (size_t)h->labels);
    h->count = 0;
}

// A bad file is told and counted; the others are still heard.
static void hear(hearing *h, const char *file) {
    stp_sound sound;
    stp_err err;
    if (stp_sound_read(&sound, file, stapes_spotter_rate_hz(h->spotter),
                       (uint64_t)h->settings.max_clip_mb << 20, &err) != STP_OK) {
        answer(h); // what came before is told before
        stp_cli_fail("classify", &err);
        h->failed++;
        return;
    }
    stapes_spotter_cut(h->spotter, sound.samples, sound.count,
                       h->audio + (size_t)h->count * (size_t)h->clip_samples);
    stp_sound_free(&sound);
    h->file[h->count++] = file;
    if (h->count == STAPES_CLIPS_MOST)
        answer(h);
}

static json_t *whole_json(const hearing *h) {
    return json_pack("{s:o*, s:O, s:i}", "run", stp_cli_json_text(h->run), "files", h->list, "failed",
                     h->failed);
}

static int run(hearing *h, int argc, char **argv, const char **files) {
    int count;
    stp_err err;
    if (stp_cli_parse_run(&h->settings, STP_CMD_CLASSIFY, argc, argv, &h->run, files, &count, &err) != STP_OK)
        return stp_cli_fail("classify", &err);
    int status = begin(h);
    if (status != 0)
        return status;
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
