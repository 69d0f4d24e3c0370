// stapes bench search: how many steps of the search a second, through the search's own functions.
#include "base/isa.h"
#include "bench.h"
#include "bench_corpus.h"
#include "bench_profile.h"
#include "cli.h"
#include "search/bilevel.h"

#include <stdio.h>

// One pair: an architecture step and a weight step on other clips.
static double seconds_of_pair(stp_bilevel *level, const stp_bench_corpus *r, int ready, int pair) {
    int batch_size = (int)level->settings->search_batch;
    stp_augment augment = {.shift_samples = 1600, .noise_chance = 0.8, .noise_volume = 0.1};
    stp_batch batch = {.count = batch_size, .augment = &augment, .epoch = pair, .ready = ready};
    stp_step_result result;
    double start = stp_step_clock();
    batch.clips = stp_bench_corpus_batch(r, 2 * pair, batch_size);
    stp_bilevel_arch_step(level, &batch, 0.5, &result);
    batch.clips = stp_bench_corpus_batch(r, 2 * pair + 1, batch_size);
    batch.first_slot = batch_size;
    stp_bilevel_weight_step(level, &batch, 0.01, &result);
    return stp_step_clock() - start;
}

// Pairs a second in the median step and in the fastest.
typedef struct pace {
    double median, best;
} pace;

// Of `pairs` pairs of steps, after one that is not counted.
static pace measure(stp_bilevel *level, const stp_bench_corpus *r, int ready, int pairs,
                    stp_bench_profile *profile) {
    double seconds[64];
    seconds_of_pair(level, r, ready, 0);
    level->profile = &profile->of_operations;
    for (int i = 0; i < pairs; i++) {
        seconds[i] = seconds_of_pair(level, r, ready, i + 1);
        profile->seconds += seconds[i];
    }
    profile->steps = pairs;
    level->profile = NULL;
    const double batch = (double)level->settings->search_batch, median = stp_bench_median(seconds, pairs);
    return (pace){batch / median, batch / seconds[0]}; // sorted now
}

static int print_json(const stp_bilevel *level, stp_shape grid, int threads, pace ready, pace audio,
                      const stp_bench_profile *profile) {
    const stp_settings *s = level->settings;
    size_t bytes = stp_stepper_bytes(level->net.stepper);
    return stp_cli_print_json(
        "bench",
        json_pack("{s:f, s:f, s:f, s:f, s:s, s:i, s:I, s:I, s:I, s:i, s:i, s:I, s:I, s:o}", "pairs_per_s",
                  ready.median, "pairs_per_s_best", ready.best, "pairs_per_s_audio", audio.median,
                  "pairs_per_s_audio_best", audio.best, "isa", stp_isa_name(stp_isa_current()), "threads",
                  threads, "cells", (json_int_t)s->search_cells, "channels", (json_int_t)s->search_channels,
                  "batch", (json_int_t)s->search_batch, "frames", grid.h, "coefficients", grid.w, "bytes",
                  (json_int_t)bytes, "peak_bytes", (json_int_t)stp_bench_peak_bytes(), "operations",
                  stp_bench_profile_json(profile)));
}

static int print(const stp_bilevel *level, stp_shape grid, int threads, pace ready, pace audio,
                 const stp_bench_profile *profile) {
    const stp_settings *s = level->settings;
    if (s->json)
        return print_json(level, grid, threads, ready, audio, profile);
    printf("search step  %lld cells, %lld channels, batch %lld, %d classes, %dx%d, %s, %d threads, %.2f GB\n",
           s->search_cells, s->search_channels, s->search_batch, STP_BENCH_CLASSES, grid.h, grid.w,
           stp_isa_name(stp_isa_current()), threads, (double)stp_stepper_bytes(level->net.stepper) / 1e9);
    printf("ready features             %8.1f pairs/s, %8.1f in the fastest pair of steps\n", ready.median,
           ready.best);
    printf("from audio, with augmenting %7.1f pairs/s, %8.1f in the fastest pair of steps\n", audio.median,
           audio.best);
    printf("memory of the process      %8.2f GB at most\n", (double)stp_bench_peak_bytes() / 1e9);
    stp_bench_profile_print(profile, "a pair of steps");
    return 0;
}

// 48x40 is what others are timed at; front-ends that were asked for meet where a search of them would.
static stp_status choose_grid(const stp_settings *s, const stp_corpus *corpus, stp_shape *grid,
                              stp_err *err) {
    stp_align align;
    STP_TRY(stp_align_parse(&align, s->align, err));
    *grid = (stp_shape){48, 40};
    if (stp_settings_given(s, STP_CMD_BENCH, "fronts"))
        *grid = stp_align_grid(align, corpus->shape, corpus->fronts);
    return STP_OK;
}

static stp_status prepare(stp_settings *s, stp_bench_corpus **r, stp_bilevel *level, stp_shape *grid,
                          stp_err *err) {
    STP_TRY(stp_bench_sizes(s, 64, err)); // the published search, but for the batch: what others are timed at
    STP_TRY(stp_bench_corpus_open(r, s, STP_BENCH_CLASSES, (int)s->search_batch, err));
    const stp_corpus *corpus = &(*r)->corpus;
    level->settings = s;
    level->corpus = corpus;
    STP_TRY(choose_grid(s, corpus, grid, err));
    STP_TRY(
        stp_supernet_create(&level->net, corpus, s, -1, grid, (int)s->bn_group, (int)s->search_batch, err));
    stp_bilevel_init(level, -1);
    return STP_OK;
}

int stp_bench_search(stp_settings *settings, const char *const *words, int count) {
    enum { PAIRS = 5 };
    stp_bench_corpus *r = NULL;
    stp_bilevel level = {0};
    stp_shape grid;
    stp_err err;
    (void)words, (void)count; // takes none
    stp_status status = prepare(settings, &r, &level, &grid, &err);
    int exit_status;
    if (status == STP_OK) {
        stp_bench_profile not_told = {.of_operations.clock = stp_step_clock}, profile = not_told;
        // fills the inputs that the other leaves as they are
        pace audio = measure(&level, r, 0, PAIRS, &not_told);
        pace ready = measure(&level, r, 1, PAIRS, &profile);
        exit_status = print(&level, grid, stp_pool_threads(r->corpus.pool), ready, audio, &profile);
    } else {
        exit_status = stp_cli_fail("bench", &err);
    }
    stp_supernet_destroy(&level.net);
    stp_bench_corpus_close(r);
    return exit_status;
}
