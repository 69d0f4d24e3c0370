#include "search/search.h"

#include "base/arena.h"
#include "eval/evaluate.h"
#include "search/bilevel.h"
#include "search/journal.h"
#include "train/loop.h"
#include "train/optim.h"

#include <math.h>
#include <string.h>

// What a checkpoint holds beside the arrays: how gamma stands, and the architecture's half of the epoch.
typedef struct standing {
    int64_t settled;       // index of the configuration, -1: gamma is open
    int64_t settled_epoch; // -1: never
    double front_weight, second_weight;
    stp_loop_sums arch; // of the epoch so far
} standing;

typedef struct search {
    stp_loop loop;
    const stp_settings *settings;
    const stp_corpus *corpus;
    stp_arena *arena;
    stp_bilevel level;
    stp_arch start; // alpha, beta and gamma as they were drawn
    int *weight_clips, *arch_clips, *weight_order, *arch_order, *validation;
    int weight_count, arch_count, validation_count, group, batch, balance;
    standing at;
    char leader[STP_FRONT_TEXT_BYTES]; // for the progress line
} search;

static int list_sections(void *of, stp_section sections[STP_LOOP_SECTIONS]) {
    search *s = of;
    stp_bilevel *b = &s->level;
    size_t weights = sizeof(stp_real) * (size_t)b->net.graph->weights;
    size_t states = sizeof(stp_real) * (size_t)b->net.graph->states;
    sections[0] = (stp_section){"standing", &s->at, sizeof s->at};
    sections[1] = (stp_section){"arch", &b->arch, sizeof b->arch};
    sections[2] = (stp_section){"start", &s->start, sizeof s->start};
    sections[3] = (stp_section){"moment1", &b->moment1, sizeof b->moment1};
    sections[4] = (stp_section){"moment2", &b->moment2, sizeof b->moment2};
    sections[5] = (stp_section){"weights", b->net.weights, weights};
    sections[6] = (stp_section){"velocity", b->net.velocity, weights};
    sections[7] = (stp_section){"running", b->net.running, states};
    sections[8] = (stp_section){"arch_steps", &b->arch_steps, sizeof b->arch_steps};
    return 9;
}

static stp_status make_supernet(search *s, int front, stp_err *err) {
    s->level.front = front;
    return stp_supernet_create(&s->level.net, s->corpus, s->settings, front, NULL, s->group, s->batch, err);
}

// How gamma stands comes first: it says which supernet the rest belongs to.
static stp_status restore(search *s, stp_err *err) {
    STP_TRY(stp_loop_peek(&s->loop, &(stp_section){"standing", &s->at, sizeof s->at}, err));
    if (s->at.settled < -1 || s->at.settled >= s->corpus->fronts)
        return stp_err_set(err, STP_ERR_FORMAT, "%s: its checkpoint is of other front-ends; start a new run",
                           stp_run_path(s->loop.run));
    STP_TRY(make_supernet(s, (int)s->at.settled, err));
    return stp_loop_restore(&s->loop, err);
}

// --- preparing ---------------------------------------------------------------------------------------------

static stp_status choose_clips(search *s, stp_err *err) {
    const stp_dataset *d = s->corpus->dataset;
    int count = stp_dataset_count(d, STP_TRAINING, -1);
    s->validation_count = stp_dataset_count(d, STP_VALIDATION, -1);
    int **lists[] = {&s->weight_clips, &s->arch_clips, &s->weight_order, &s->arch_order};
    for (int i = 0; i < 4; i++)
        if (!(*lists[i] = STP_ARENA_ARRAY(s->arena, int, count)))
            return stp_err_memory(err, "the order of clips", sizeof(int) * (unsigned long long)count);
    if (!(s->validation = STP_ARENA_ARRAY(s->arena, int, s->validation_count)))
        return stp_err_memory(err, "the order of clips", sizeof(int) * (unsigned long long)count);
    stp_batch_halves(d, (uint64_t)s->settings->seed, s->weight_clips, &s->weight_count, s->arch_clips,
                     &s->arch_count);
    stp_dataset_select(d, STP_VALIDATION, s->validation);
    int least = s->weight_count < s->arch_count ? s->weight_count : s->arch_count;
    if (least < 16)
        return stp_err_set(err, STP_ERR_DATA,
                           "%s: a search needs at least 32 training clips, here are %d; add recordings",
                           s->settings->data, count);
    STP_TRY(stp_corpus_group(s->settings, least, s->settings->search_batch, &s->group, &s->batch, err));
    s->loop.steps = s->weight_count / s->batch;
    return stp_corpus_balance(s->corpus, s->settings, s->weight_clips, s->weight_count, &s->balance, err);
}

static stp_status begin(search *s, int resume, stp_err *err) {
    STP_TRY(stp_loop_begin(&s->loop, err));
    if (!(s->arena = stp_arena_create()))
        return stp_err_memory(err, "a search", 1024);
    STP_TRY(choose_clips(s, err));
    s->level.settings = s->settings;
    s->level.corpus = s->corpus;
    if (resume)
        return restore(s, err);
    int only = s->corpus->fronts == 1 ? 0 : -1;
    s->at = (standing){.settled = only, .settled_epoch = -1, .front_weight = only < 0 ? 0 : 1};
    STP_TRY(make_supernet(s, only, err));
    stp_bilevel_init(&s->level, only);
    s->start = s->level.arch;
    return stp_loop_save(&s->loop, err);
}

// --- steps -------------------------------------------------------------------------------------------------

static stp_batch batch_of(const search *s, const int *order, int first, const stp_augment *augment) {
    return (stp_batch){.clips = order + first,
                       .count = s->batch,
                       .augment = augment,
                       .seed = (uint64_t)s->settings->seed,
                       .epoch = (int)s->loop.at.epoch,
                       .first_slot = first};
}

static double progress_of(const search *s) {
    return (double)s->loop.at.epoch / (double)s->settings->search_epochs;
}

static void arch_step(search *s) {
    stp_augment augment = stp_corpus_augment(s->settings);
    int batches = s->arch_count / s->batch;
    stp_batch batch = batch_of(s, s->arch_order, (int)(s->loop.at.step % batches) * s->batch, &augment);
    stp_step_result result;
    stp_bilevel_arch_step(&s->level, &batch, progress_of(s), &result);
    stp_loop_add(&s->at.arch, result.loss, result.correct, result.count);
}

static void weight_step(search *s) {
    stp_augment augment = stp_corpus_augment(s->settings);
    stp_batch batch = batch_of(s, s->weight_order, (int)s->loop.at.step * s->batch, &augment);
    double rate = stp_cosine(s->settings->search_lr, s->settings->search_lr_min, progress_of(s));
    stp_step_result result;
    stp_bilevel_weight_step(&s->level, &batch, rate, &result);
    stp_loop_add(&s->loop.at.sums, result.loss, result.correct, result.count);
}

// Running statistics were taken under the mixed input; a cumulative mean over some batches of the one that is
// left replaces them.
static void estimate_statistics(search *s) {
    enum { BATCHES = 16 };
    stp_augment augment = stp_corpus_augment(s->settings);
    for (int i = 0; i < BATCHES && i < s->loop.steps; i++) {
        stp_batch batch = batch_of(s, s->weight_order, i * s->batch, &augment);
        stp_bilevel_estimate(&s->level, &batch, i);
    }
}

// The supernet is built again for one configuration. What it has learned is kept aside meanwhile, so that two
// of them never are in memory at once.
static stp_status settle(search *s, int front, double first, double second, stp_err *err) {
    stp_supernet_memory kept;
    STP_TRY(stp_supernet_keep(&s->level.net, &kept, err));
    stp_supernet_destroy(&s->level.net);
    stp_status status = make_supernet(s, front, err);
    if (status == STP_OK)
        stp_supernet_recall(&s->level.net, &kept);
    stp_supernet_forget(&kept);
    STP_TRY(status);
    s->at.settled = front;
    s->at.settled_epoch = s->loop.at.epoch;
    s->at.front_weight = first;
    s->at.second_weight = second;
    estimate_statistics(s);
    return STP_OK;
}

static stp_status settle_if_decided(search *s, stp_err *err) {
    int first, second;
    stp_arch weights;
    if (s->at.settled >= 0)
        return STP_OK;
    stp_arch_leaders(&s->level.arch, s->corpus->fronts, &first, &second);
    stp_arch_softmax(&s->level.arch, s->corpus->fronts, &weights);
    if (!(weights.gamma[first] >=
          s->settings->gamma_ratio * weights.gamma[second])) // false for no number, too
        return STP_OK;
    return settle(s, first, weights.gamma[first], weights.gamma[second], err);
}

static stp_status one_step(void *of, stp_err *err) {
    search *s = of;
    if (s->loop.at.epoch >= s->settings->warmup_epochs) {
        arch_step(s);
        STP_TRY(settle_if_decided(s, err));
    }
    weight_step(s);
    return STP_OK;
}

// --- epochs ------------------------------------------------------------------------------------------------

static const char *phase(const search *s) {
    return s->loop.at.epoch < s->settings->warmup_epochs ? "warm-up" : "search";
}

// The configuration that stands first, its weight and the next one's. Settled: as they were at that moment.
static int leader(const search *s, double *first_weight, double *second_weight) {
    int first = (int)s->at.settled, second;
    *first_weight = s->at.front_weight;
    *second_weight = s->at.second_weight;
    if (first < 0) {
        stp_arch weights;
        stp_arch_leaders(&s->level.arch, s->corpus->fronts, &first, &second);
        stp_arch_softmax(&s->level.arch, s->corpus->fronts, &weights);
        *first_weight = weights.gamma[first];
        *second_weight = weights.gamma[second];
    }
    return first;
}

static void describe(void *of, stp_progress *progress) {
    search *s = of;
    double weight, second;
    int first = leader(s, &weight, &second);
    stp_front_spec_format(stp_front_bank_spec(s->corpus->bank, first), s->leader);
    progress->phase = phase(s);
    progress->leader = s->leader;
    progress->leader_weight = s->at.settled < 0 ? weight : 1;
}

static void order_clips(void *of) {
    search *s = of;
    uint64_t seed = (uint64_t)s->settings->seed;
    int epoch = (int)s->loop.at.epoch;
    stp_batch_order(s->corpus->dataset, s->weight_clips, s->weight_count, s->balance, seed, epoch, 0,
                    s->weight_order);
    stp_batch_order(s->corpus->dataset, s->arch_clips, s->arch_count, s->balance, seed, epoch, 1,
                    s->arch_order);
}

static double validate(void *of) {
    search *s = of;
    double coefs[STP_ARCH_COEFS];
    stp_evaluation e = {0};
    stp_supernet *net = &s->level.net;
    stp_bilevel_coefs(&s->level, coefs);
    stp_evaluate(net->tester, s->corpus, net->weights, net->running, coefs, s->validation,
                 s->validation_count, &e);
    return 100.0 * (double)e.correct / (double)e.count;
}

static stp_status end_epoch(void *of, stp_err *err) {
    search *s = of;
    const stp_supernet *net = &s->level.net;
    if (!isfinite(s->loop.at.sums.loss) || !isfinite(s->at.arch.loss) ||
        !stp_are_numbers(net->weights, net->graph->weights))
        return stp_err_set(err, STP_ERR_DATA,
                           "the loss or a weight is no number any more in epoch %d; take a smaller --lr (now "
                           "%g) in a new run",
                           (int)s->loop.at.epoch + 1, s->settings->search_lr);
    stp_search_line line = {.epoch = (int)s->loop.at.epoch,
                            .phase = phase(s),
                            .weights = s->loop.at.sums,
                            .arch = s->at.arch,
                            .validation_accuracy = s->loop.validation_accuracy,
                            .parameters = &s->level.arch,
                            .bank = s->corpus->bank,
                            .settled = (int)s->at.settled};
    s->at.arch = (stp_loop_sums){0};
    return stp_search_journal(s->loop.run, &line, err);
}

static const stp_loop_work work = {.sections = list_sections,
                                   .order = order_clips,
                                   .step = one_step,
                                   .describe = describe,
                                   .validate = validate,
                                   .end_epoch = end_epoch};

// --- the end -----------------------------------------------------------------------------------------------

static stp_status conclude(search *s, stp_search_result *result, stp_err *err) {
    char front[STP_FRONT_TEXT_BYTES];
    result->settled_epoch = (int)s->at.settled_epoch;
    result->front = leader(s, &result->front_weight, &result->second_weight);
    result->fronts = s->corpus->fronts;
    result->arch = s->level.arch;
    result->start = s->start;
    result->validation_accuracy = s->loop.validation_accuracy;
    stp_front_spec_format(stp_front_bank_spec(s->corpus->bank, result->front), front);
    stp_arch_derive(&s->level.arch, (int)s->settings->max_skips, front, s->settings->features,
                    &result->genotype, &result->capped_skips);
    return stp_search_write(s->loop.run, result, s->corpus->bank, err);
}

stp_status stp_search(const stp_corpus *corpus, const stp_settings *settings, stp_run *run, int resume,
                      const stp_observer *observer, stp_search_result *result, stp_err *err) {
    search s = {.settings = settings,
                .corpus = corpus,
                .loop = {.command = STP_CMD_SEARCH,
                         .settings = settings,
                         .run = run,
                         .observer = observer,
                         .work = &work,
                         .of = &s,
                         .epochs = (long)settings->search_epochs}};
    stp_status status = begin(&s, resume, err);
    if (status == STP_OK)
        status = stp_loop_run(&s.loop, err);
    if (status == STP_OK)
        status = conclude(&s, result, err);
    stp_supernet_destroy(&s.level.net);
    stp_arena_destroy(s.arena);
    result->seconds = stp_loop_seconds(&s.loop);
    return status;
}
