// stapes bench search: how many steps of the search a second, through the search's own functions.
#include "base/isa.h"
#include "bench.h"
#include "bench_corpus.h"
#include "cli.h"
#include "search/bilevel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

// One pair: an architecture step and a weight step on other clips.
static double seconds_of_pair(stp_bilevel *level, const stp_bench_corpus *r, int ready, int pair) {
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
static double pairs_per_s(stp_bilevel *level, const stp_bench_corpus *r, int ready, int pairs) {
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
           s->search_cells, s->search_channels, s->search_batch, STP_BENCH_CLASSES,
           stp_isa_name(stp_isa_current()), threads, (double)bytes / 1e9);
    printf("ready features             %8.1f pairs/s\n", ready);
    printf("from audio, with augmenting %7.1f pairs/s\n", audio);
    return 0;
}

static stp_status prepare(stp_settings *s, stp_bench_corpus **r, stp_bilevel *level, stp_err *err) {
    choose_sizes(s);
    if (s->bn_group % 16 != 0 || s->search_batch % s->bn_group != 0 || s->search_batch > STP_BENCH_ORDER / 2)
        return stp_err_set(
            err, STP_ERR_USAGE,
            "--batch %lld: give a multiple of --bn-group (%lld, itself a multiple of 16), at most %d",
            s->search_batch, s->bn_group, STP_BENCH_ORDER / 2);
    STP_TRY(stp_bench_corpus_open(r, s, err));
    const stp_corpus *corpus = &(*r)->corpus;
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

int stp_bench_search(stp_settings *settings) {
    enum { PAIRS = 5 };
    stp_bench_corpus *r = NULL;
    stp_bilevel level = {0};
    stp_err err;
    stp_status status = prepare(settings, &r, &level, &err);
    int exit_status;
    if (status == STP_OK) {
        double audio = pairs_per_s(&level, r, 0, PAIRS); // fills the inputs that the other leaves as they are
        double ready = pairs_per_s(&level, r, 1, PAIRS);
        exit_status = print(&level, stp_pool_threads(r->corpus.pool), ready, audio);
    } else {
        exit_status = stp_cli_fail("bench", &err);
    }
    stp_supernet_destroy(&level.net);
    stp_bench_corpus_close(r);
    return exit_status;
}
