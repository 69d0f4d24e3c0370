// stapes bench train: training steps a second of a known network, or of one such as searches find, with what
// a training step has: forward, backward, clipping, SGD with momentum and weight decay.
#include "base/arena.h"
#include "base/isa.h"
#include "bench.h"
#include "bench_corpus.h"
#include "bench_profile.h"
#include "cli.h"
#include "step/step.h"
#include "train/optim.h"

#include <stdio.h>
#include <string.h>

enum { MOST_STEPS = 15, FEWEST_STEPS = 5 };

// The cells that PC-DARTS found on CIFAR-10 (Xu et al., ICLR 2020): mostly separable convolutions, as what we
// find.
static const stp_genotype found = {.edge = {[STP_CELL_NORMAL] = {{STP_CELL_SEP_CONV_3X3, 1},
                                                                 {STP_CELL_SKIP_CONNECT, 0},
                                                                 {STP_CELL_SEP_CONV_3X3, 0},
                                                                 {STP_CELL_DIL_CONV_3X3, 1},
                                                                 {STP_CELL_SEP_CONV_5X5, 0},
                                                                 {STP_CELL_SEP_CONV_3X3, 1},
                                                                 {STP_CELL_AVG_POOL_3X3, 0},
                                                                 {STP_CELL_DIL_CONV_3X3, 1}},
                                            [STP_CELL_REDUCTION] = {{STP_CELL_SEP_CONV_5X5, 1},
                                                                    {STP_CELL_MAX_POOL_3X3, 0},
                                                                    {STP_CELL_SEP_CONV_5X5, 1},
                                                                    {STP_CELL_SEP_CONV_5X5, 2},
                                                                    {STP_CELL_SEP_CONV_3X3, 0},
                                                                    {STP_CELL_SEP_CONV_3X3, 3},
                                                                    {STP_CELL_SEP_CONV_3X3, 1},
                                                                    {STP_CELL_SEP_CONV_3X3, 2}}}};

// What a network is timed at unless options say otherwise: as others are.
typedef struct bench_net {
    const char *name, *fronts; // 640/194/40: 80 frames
    int classes, batch;
    double drop_path;
} bench_net;

static const bench_net nets[] = {{"ds-cnn", "640/320/40:10", 12, 128, 0},
                                 {"found", "640/194/40", 35, 64, 0.15}};

typedef struct training {
    const stp_settings *settings;
    const bench_net *net;
    stp_bench_corpus *r;
    stp_arena *arena;
    stp_graph *graph;
    stp_stepper *stepper;
    stp_real *weights, *velocity, *grads, *running;
} training;

static stp_status choose(training *t, stp_settings *s, stp_err *err) {
    const char *name = s->net[0] ? s->net : nets[0].name;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        if (strcmp(nets[i].name, name) == 0)
            t->net = &nets[i];
    if (!t->net)
        return stp_err_set(err, STP_ERR_USAGE, "--net %s: give ds-cnn or found", name);
    if (!stp_settings_given(s, STP_CMD_BENCH, "fronts"))
        snprintf(s->fronts, sizeof s->fronts, "%s", t->net->fronts);
    t->settings = s;
    return stp_bench_sizes(s, t->net->batch, err);
}

static stp_status build(training *t, stp_err *err) {
    const stp_corpus *corpus = &t->r->corpus;
    const stp_settings *s = t->settings;
    if (corpus->fronts != 1)
        return stp_err_set(err, STP_ERR_USAGE, "--fronts %s: a network is trained on one front-end; give one",
                           s->fronts);
    if (t->net == &nets[0])
        return stp_ds_cnn_build(&t->graph, corpus->shape[0], t->net->classes, err);
    stp_network_options options = {.cells = (int)s->search_cells,
                                   .channels = (int)s->search_channels,
                                   .classes = t->net->classes,
                                   .input = corpus->shape[0],
                                   .drop_path = 1};
    return stp_network_build(&t->graph, &found, &options, err);
}

static stp_status prepare(training *t, stp_settings *s, stp_err *err) {
    STP_TRY(choose(t, s, err));
    STP_TRY(stp_bench_corpus_open(&t->r, s, t->net->classes, (int)s->search_batch, err));
    STP_TRY(build(t, err));
    t->arena = stp_arena_create();
    if (!t->arena)
        return stp_err_memory(err, "training", sizeof *t);
    const size_t weights = (size_t)t->graph->weights;
    t->weights = STP_ARENA_ARRAY(t->arena, stp_real, weights);
    t->velocity = STP_ARENA_ARRAY(t->arena, stp_real, weights);
    t->grads = STP_ARENA_ARRAY(t->arena, stp_real, weights);
    t->running = STP_ARENA_ARRAY(t->arena, stp_real, t->graph->states);
    if (!t->weights || !t->velocity || !t->grads || !t->running)
        return stp_err_memory(err, "weights", sizeof(stp_real) * weights);
    stp_graph_init(t->graph, (uint64_t)s->seed, t->weights, t->running);
    const int group = (int)s->bn_group, batch = (int)s->search_batch;
    stp_stepper_options options = {.align = STP_ALIGN_CONV,
                                   .grid = t->r->corpus.shape[0],
                                   .fronts = 1,
                                   .group_samples = group,
                                   .groups = stp_corpus_groups_held(&t->r->corpus, s, group, batch),
                                   .training = 1};
    return stp_stepper_create(&t->stepper, t->graph, &t->r->corpus, &options, err);
}

static void finish(training *t) {
    stp_stepper_destroy(t->stepper);
    stp_graph_destroy(t->graph);
    stp_arena_destroy(t->arena);
    stp_bench_corpus_close(t->r);
}

static double seconds_of_step(training *t, int ready, int step, stp_profile *profile) {
    const int batch_size = (int)t->settings->search_batch, weights = t->graph->weights;
    stp_augment augment = {.shift_samples = 1600, .noise_chance = 0.8, .noise_volume = 0.1};
    stp_step_result result;
    double start = stp_step_clock();
    stp_batch batch = {.clips = stp_bench_corpus_batch(t->r, step, batch_size),
                       .count = batch_size,
                       .augment = &augment,
                       .epoch = step,
                       .ready = ready};
    stp_exec_state state = {.weights = t->weights,
                            .grads = t->grads,
                            .running = t->running,
                            .batch_stats = 1,
                            .momentum = 0.1,
                            .drop_rate = t->net->drop_path,
                            .drop_step = (uint64_t)step,
                            .profile = profile};
    memset(t->grads, 0, sizeof *t->grads * (size_t)weights);
    stp_step_run(t->stepper, &batch, &state, &result, NULL, NULL);
    stp_clip_gradient(t->grads, weights, 5);
    stp_sgd_step(t->weights, t->grads, t->velocity, weights, 0.025, 0.9, 3e-4);
    return stp_step_clock() - start;
}

// Samples a second in the median step and in the fastest.
typedef struct pace {
    double median, best;
} pace;

static pace measure(training *t, int ready, stp_bench_profile *profile) {
    double seconds[MOST_STEPS];
    int steps = 0;
    seconds_of_step(t, ready, 0, NULL);
    for (; steps < MOST_STEPS && (steps < FEWEST_STEPS || profile->seconds < 5); steps++) {
        seconds[steps] = seconds_of_step(t, ready, steps + 1, &profile->of_operations);
        profile->seconds += seconds[steps];
    }
    profile->steps = steps;
    const double batch = (double)t->settings->search_batch, median = stp_bench_median(seconds, steps);
    return (pace){batch / median, batch / seconds[0]}; // sorted now
}

static int print_json(const training *t, pace ready, pace audio, const stp_bench_profile *profile) {
    const stp_settings *s = t->settings;
    const stp_shape input = t->r->corpus.shape[0];
    return stp_cli_print_json(
        "bench",
        json_pack("{s:s, s:f, s:f, s:f, s:f, s:s, s:i, s:I, s:i, s:i, s:I, s:I, s:I, s:o}", "net",
                  t->net->name, "samples_per_s", ready.median, "samples_per_s_best", ready.best,
                  "samples_per_s_audio", audio.median, "samples_per_s_audio_best", audio.best, "isa",
                  stp_isa_name(stp_isa_current()), "threads", stp_pool_threads(t->r->corpus.pool), "batch",
                  (json_int_t)s->search_batch, "frames", input.h, "coefficients", input.w, "macs",
                  (json_int_t)stp_graph_macs(t->graph), "bytes", (json_int_t)stp_stepper_bytes(t->stepper),
                  "peak_bytes", (json_int_t)stp_bench_peak_bytes(), "operations",
                  stp_bench_profile_json(profile)));
}

static int print(const training *t, pace ready, pace audio, const stp_bench_profile *profile) {
    const stp_settings *s = t->settings;
    const stp_shape input = t->r->corpus.shape[0];
    if (s->json)
        return print_json(t, ready, audio, profile);
    printf("training step  %s, %dx%d, batch %lld, %.2f M MACs, %s, %d threads, %.2f GB\n", t->net->name,
           input.h, input.w, s->search_batch, (double)stp_graph_macs(t->graph) * 1e-6,
           stp_isa_name(stp_isa_current()), stp_pool_threads(t->r->corpus.pool),
           (double)stp_stepper_bytes(t->stepper) / 1e9);
    printf("ready features             %8.1f samples/s, %8.1f in the fastest step\n", ready.median,
           ready.best);
    printf("from audio, with augmenting %7.1f samples/s, %8.1f in the fastest step\n", audio.median,
           audio.best);
    stp_bench_profile_print(profile, "a step");
    return 0;
}

int stp_bench_train(stp_settings *settings, const char *const *words, int count) {
    training t = {0};
    stp_err err;
    (void)words, (void)count; // takes none
    stp_status status = prepare(&t, settings, &err);
    int exit_status;
    if (status == STP_OK) {
        stp_bench_profile not_told = {.of_operations.clock = stp_step_clock}, profile = not_told;
        pace audio = measure(&t, 0, &not_told); // fills the inputs that the other leaves as they are
        pace ready = measure(&t, 1, &profile);
        exit_status = print(&t, ready, audio, &profile);
    } else {
        exit_status = stp_cli_fail("bench", &err);
    }
    finish(&t);
    return exit_status;
}
