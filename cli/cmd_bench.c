// stapes bench search: how many steps of the search a second, through the search's own functions.
#include "base/arena.h"
#include "base/isa.h"
#include "base/rng.h"
#include "cli.h"
#include "commands.h"
#include "search/bilevel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 35, CLIPS = 256, NOISE_SECONDS = 20 };

// Recordings that no disk holds: tones in noise. The arithmetic does not depend on what is said.
typedef struct studio {
    stp_dataset dataset;
    stp_clip clip[CLIPS];
    stp_noise noise;
    char labels_text[CLASSES][8];
    const char *labels[CLASSES];
    int16_t *audio;
    int order[CLIPS * 64];
} studio;

static stp_status record(studio *r, const stp_settings *s, stp_err *err) {
    int samples = (int)(s->rate_hz * s->clip_ms / 1000);
    int64_t noise = NOISE_SECONDS * s->rate_hz, count = (int64_t)CLIPS * samples + noise;
    r->audio = stp_alloc(sizeof *r->audio * (size_t)count);
    if (!r->audio)
        return stp_err_memory(err, "recordings to time", sizeof *r->audio * (unsigned long long)count);
    stp_rng rng = stp_rng_at((uint64_t)s->seed, STP_RNG_TEST, 0, 0);
    for (int64_t i = 0; i < count; i++)
        r->audio[i] =
            (int16_t)(3000 * sin(0.05 * (double)(i % samples)) + 2000 * (stp_rng_uniform(&rng) - 0.5));
    for (int i = 0; i < CLASSES; i++) {
        snprintf(r->labels_text[i], sizeof r->labels_text[i], "w%d", i);
        r->labels[i] = r->labels_text[i];
    }
    for (int i = 0; i < CLIPS; i++)
        r->clip[i] = (stp_clip){.path = "",
                                .speaker = "",
                                .class_index = i % CLASSES,
                                .split = STP_TRAINING,
                                .audio = (int64_t)i * samples,
                                .stored = samples};
    for (int i = 0; i < CLIPS * 64; i++)
        r->order[i] = i % CLIPS;
    r->noise = (stp_noise){.path = "", .audio = (int64_t)CLIPS * samples, .count = noise};
    r->dataset = (stp_dataset){.classes = CLASSES,
                               .labels = r->labels,
                               .clips = CLIPS,
                               .clip = r->clip,
                               .noises = 1,
                               .noise = &r->noise,
                               .rate_hz = (int)s->rate_hz,
                               .clip_samples = samples,
                               .audio = r->audio};
    return STP_OK;
}

static void choose_sizes(stp_settings *s) {
    // The published search, but for the batch: what others are timed at.
    const struct {
        const char *flag;
        long long *value, paper;
    } size[] = {{"cells", &s->search_cells, 8},
                {"channels", &s->search_channels, 16},
                {"batch", &s->search_batch, 64}};
    for (int i = 0; i < 3; i++)
        if (!stp_settings_given(s, STP_CMD_BENCH, size[i].flag))
            *size[i].value = size[i].paper;
}

static stp_status open_corpus(stp_corpus *c, studio *r, const stp_settings *s, stp_err *err) {
    stp_front_spec specs[STP_FRONT_MAX];
    STP_TRY(stp_front_list_parse(specs, &c->fronts, s->fronts, s->features, (int)s->rate_hz, s->low_hz,
                                 s->high_hz, err));
    STP_TRY(record(r, s, err));
    c->dataset = &r->dataset;
    STP_TRY(stp_front_bank_create(&c->bank, specs, c->fronts, r->dataset.clip_samples, err));
    for (int i = 0; i < c->fronts; i++)
        c->shape[i] = (stp_shape){stp_front_bank_frames(c->bank, i), specs[i].coefficients};
    return stp_pool_create(&c->pool, (int)s->threads, err);
}

// One pair: an architecture step and a weight step on other clips.
static double seconds_of_pair(stp_bilevel *level, const studio *r, int ready, int pair) {
    int batch_size = (int)level->settings->search_batch;
    stp_augment augment = {.shift_samples = 1600, .noise_chance = 0.8, .noise_volume = 0.1};
    stp_batch batch = {
        .clips = r->order, .count = batch_size, .augment = &augment, .epoch = pair, .ready = ready};
    stp_step_result result;
    double start = stp_step_clock();
    stp_bilevel_arch_step(level, &batch, 0.5, &result);
    batch.first_slot = batch_size;
    stp_bilevel_weight_step(level, &batch, 0.01, &result);
    return stp_step_clock() - start;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Median of `pairs` pairs, after one that is not counted.
static double pairs_per_s(stp_bilevel *level, const studio *r, int ready, int pairs) {
    double seconds[64];
    seconds_of_pair(level, r, ready, 0);
    for (int i = 0; i < pairs; i++)
        seconds[i] = seconds_of_pair(level, r, ready, i + 1);
    qsort(seconds, (size_t)pairs, sizeof seconds[0], by_size);
    return (double)level->settings->search_batch / seconds[pairs / 2];
}

static int print(const stp_bilevel *level, int threads, double ready, double audio) {
    const stp_settings *s = level->settings;
    size_t bytes = stp_stepper_bytes(level->net.stepper);
    if (s->json)
        return stp_cli_print_json(
            "bench",
            json_pack("{s:f, s:f, s:s, s:i, s:I, s:I, s:I, s:I}", "pairs_per_s", ready, "pairs_per_s_audio",
                      audio, "isa", stp_isa_name(stp_isa_current()), "threads", threads, "cells",
                      (json_int_t)s->search_cells, "channels", (json_int_t)s->search_channels, "batch",
                      (json_int_t)s->search_batch, "bytes", (json_int_t)bytes));
    printf("search step  %lld cells, %lld channels, batch %lld, %d classes, 48x40, %s, %d threads, %.2f GB\n",
           s->search_cells, s->search_channels, s->search_batch, CLASSES, stp_isa_name(stp_isa_current()),
           threads, (double)bytes / 1e9);
    printf("ready features             %8.1f pairs/s\n", ready);
    printf("from audio, with augmenting %7.1f pairs/s\n", audio);
    return 0;
}

static stp_status run(stp_settings *s, stp_corpus *corpus, studio *r, stp_bilevel *level, int argc,
                      char **argv, stp_err *err) {
    const char *words[1] = {NULL};
    int count = 0;
    STP_TRY(stp_settings_parse(s, STP_CMD_BENCH, argc, argv, words, 1, &count, err));
    if (count == 0 || strcmp(words[0], "search") != 0)
        return stp_err_set(err, STP_ERR_USAGE, "say what to time: stapes bench search");
    STP_TRY(stp_isa_select(s->isa, err));
    choose_sizes(s);
    if (s->bn_group % 16 != 0 || s->search_batch % s->bn_group != 0 || s->search_batch > CLIPS * 32)
        return stp_err_set(
            err, STP_ERR_USAGE,
            "--batch %lld: give a multiple of --bn-group (%lld, itself a multiple of 16), at most %d",
            s->search_batch, s->bn_group, CLIPS * 32);
    STP_TRY(open_corpus(corpus, r, s, err));
    level->settings = s;
    level->corpus = corpus;
    stp_shape grid = {48, 40};
    for (int i = 0; i < corpus->fronts; i++)
        if (corpus->shape[i].h < grid.h || corpus->shape[i].w < grid.w)
            return stp_err_set(err, STP_ERR_USAGE,
                               "--fronts: a front-end of %d frames and %d coefficients is under 48x40",
                               corpus->shape[i].h, corpus->shape[i].w);
    STP_TRY(
        stp_supernet_create(&level->net, corpus, s, -1, &grid, (int)s->bn_group, (int)s->search_batch, err));
    stp_bilevel_init(level, -1);
    return STP_OK;
}

int stp_cmd_bench(int argc, char **argv) {
    enum { PAIRS = 5 };
    stp_settings settings;
    stp_corpus corpus = {0};
    stp_bilevel level = {0};
    stp_err err;
    studio *r = stp_alloc(sizeof *r);
    stp_status status = r ? run(&settings, &corpus, r, &level, argc, argv, &err)
                          : stp_err_memory(&err, "recordings to time", sizeof *r);
    int exit_status;
    if (status == STP_OK) {
        double audio = pairs_per_s(&level, r, 0, PAIRS); // fills the inputs that the other leaves as they are
        double ready = pairs_per_s(&level, r, 1, PAIRS);
        exit_status = print(&level, stp_pool_threads(corpus.pool), ready, audio);
    } else {
        exit_status = stp_cli_fail("bench", &err);
    }
    stp_supernet_destroy(&level.net);
    stp_front_bank_destroy(corpus.bank);
    stp_pool_destroy(corpus.pool);
    if (r)
        stp_free(r->audio);
    stp_free(r);
    return exit_status;
}
