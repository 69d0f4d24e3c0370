#include "search/search.h"

#include "base/arena.h"
#include "eval/evaluate.h"
#include "search/bilevel.h"
#include "search/journal.h"
#include "train/optim.h"

#include <math.h>
#include <string.h>

// Where a search is; what a checkpoint holds beside the arrays.
typedef struct place {
    int64_t epoch, step; // the next to do
    int64_t journal_bytes;
    int64_t settled;       // index of the configuration, -1: gamma is open
    int64_t settled_epoch; // -1: never
    double front_weight, second_weight;
    stp_search_sums weights, arch; // of the epoch so far
} place;

typedef struct search {
    const stp_settings *settings;
    const stp_corpus *corpus;
    const stp_observer *observer;
    stp_run *run;
    stp_arena *arena;
    stp_bilevel level;
    stp_arch start; // alpha, beta and gamma as they were drawn
    int *weight_clips, *arch_clips, *weight_order, *arch_order, *validation;
    int weight_count, arch_count, validation_count, group, batch, balance;
    long steps; // an epoch
    place at;
    double validation_accuracy;
    char digest[41];
} search;

// --- checkpoints
// ---------------------------------------------------------------------------------------------

enum { SECTIONS = 9 };

static void list_sections(search *s, stp_section sections[SECTIONS]) {
    stp_bilevel *b = &s->level;
    size_t weights = b->net.graph ? sizeof(stp_real) * (size_t)b->net.graph->weights : 0;
    size_t states = b->net.graph ? sizeof(stp_real) * (size_t)b->net.graph->states : 0;
    sections[0] = (stp_section){"place", &s->at, sizeof s->at};
    sections[1] = (stp_section){"arch", &b->arch, sizeof b->arch};
    sections[2] = (stp_section){"start", &s->start, sizeof s->start};
    sections[3] = (stp_section){"moment1", &b->moment1, sizeof b->moment1};
    sections[4] = (stp_section){"moment2", &b->moment2, sizeof b->moment2};
    sections[5] = (stp_section){"weights", b->net.weights, weights};
    sections[6] = (stp_section){"velocity", b->net.velocity, weights};
    sections[7] = (stp_section){"running", b->net.running, states};
    sections[8] = (stp_section){"arch_steps", &b->arch_steps, sizeof b->arch_steps};
}

static stp_status save(search *s, stp_err *err) {
    stp_section sections[SECTIONS];
    s->at.journal_bytes = stp_run_size(s->run, "journal.jsonl");
    list_sections(s, sections);
    return stp_checkpoint_write(s->run, "checkpoint.bin", s->digest, sections, SECTIONS, err);
}

// The place first: it says which supernet the rest belongs to.
static stp_status restore(search *s, stp_err *err) {
    stp_section sections[SECTIONS];
    list_sections(s, sections);
    STP_TRY(stp_checkpoint_read(s->run, "checkpoint.bin", s->digest, s->settings->force, sections, 1, err));
    s->level.front = (int)s->at.settled;
    STP_TRY(stp_supernet_create(&s->level.net, s->corpus, s->settings, (int)s->at.settled, NULL, s->group,
                                s->batch, err));
    list_sections(s, sections);
    STP_TRY(stp_checkpoint_read(s->run, "checkpoint.bin", s->digest, s->settings->force, sections, SECTIONS,
                                err));
    return stp_run_truncate(s->run, "journal.jsonl", s->at.journal_bytes, err);
}

// --- preparing
// ------------------------------------------------------------------------------------------------

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
    s->steps = s->weight_count / s->batch;
    return stp_corpus_balance(s->corpus, s->settings, s->weight_clips, s->weight_count, &s->balance, err);
}

static stp_status begin(search *s, int resume, stp_err *err) {
    s->arena = stp_arena_create();
    json_t *identity = s->arena ? stp_settings_identity(s->settings, STP_CMD_SEARCH) : NULL;
    if (!identity)
        return stp_err_memory(err, "a search", 1024);
    stp_json_digest(identity, s->digest);
    json_decref(identity);
    STP_TRY(choose_clips(s, err));
    s->level.settings = s->settings;
    s->level.corpus = s->corpus;
    if (resume)
        return restore(s, err);
    int only = s->corpus->fronts == 1 ? 0 : -1;
    s->at = (place){.settled = only, .settled_epoch = -1, .front_weight = only < 0 ? 0 : 1};
    STP_TRY(stp_supernet_create(&s->level.net, s->corpus, s->settings, only, NULL, s->group, s->batch, err));
    stp_bilevel_init(&s->level, only);
    s->start = s->level.arch;
    return save(s, err); // from here on the run can be resumed
}

// --- steps
// -----------------------------------------------------------------------------------------------------

static void add(stp_search_sums *sums, const stp_step_result *result) {
    sums->loss += result->loss;
    sums->correct += result->correct;
    sums->count += result->count;
}

static stp_batch batch_of(const search *s, const int *order, int first, const stp_augment *augment) {
    return (stp_batch){.clips = order + first,
                       .count = s->batch,
                       .augment = augment,
                       .seed = (uint64_t)s->settings->seed,
                       .epoch = (int)s->at.epoch,
                       .first_slot = first};
}

static void arch_step(search *s) {
    stp_augment augment = stp_corpus_augment(s->settings);
    int batches = s->arch_count / s->batch;
    stp_batch batch = batch_of(s, s->arch_order, (int)(s->at.step % batches) * s->batch, &augment);
    stp_step_result result;
    stp_bilevel_arch_step(&s->level, &batch, (double)s->at.epoch / (double)s->settings->search_epochs,
                          &result);
    add(&s->at.arch, &result);
}

static void weight_step(search *s) {
    stp_augment augment = stp_corpus_augment(s->settings);
    stp_batch batch = batch_of(s, s->weight_order, (int)s->at.step * s->batch, &augment);
    double progress = (double)s->at.epoch / (double)s->settings->search_epochs;
    stp_step_result result;
    stp_bilevel_weight_step(
        &s->level, &batch, stp_cosine(s->settings->search_lr, s->settings->search_lr_min, progress), &result);
    add(&s->at.weights, &result);
}

// Running statistics were taken under the mixed input; a cumulative mean over some batches of the one that is
// left replaces them.
static void estimate_statistics(search *s) {
    enum { BATCHES = 16 };
    stp_augment augment = stp_corpus_augment(s->settings);
    for (int i = 0; i < BATCHES && i < s->steps; i++) {
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
    stp_status status =
        stp_supernet_create(&s->level.net, s->corpus, s->settings, front, NULL, s->group, s->batch, err);
    if (status == STP_OK)
        stp_supernet_recall(&s->level.net, &kept);
    stp_supernet_forget(&kept);
    STP_TRY(status);
    s->level.front = front;
    s->at.settled = front;
    s->at.settled_epoch = s->at.epoch;
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

static stp_status one_step(search *s, stp_err *err) {
    if (s->at.epoch >= s->settings->warmup_epochs) {
        arch_step(s);
        STP_TRY(settle_if_decided(s, err));
    }
    weight_step(s);
    s->at.step++;
    return STP_OK;
}

// --- epochs
// ------------------------------------------------------------------------------------------------------

static const char *phase(const search *s) {
    return s->at.epoch < s->settings->warmup_epochs ? "warm-up" : "search";
}

static void leader(const search *s, char text[STP_FRONT_TEXT_BYTES], double *weight) {
    int first = (int)s->at.settled, second;
    *weight = 1;
    if (first < 0) {
        stp_arch weights;
        stp_arch_leaders(&s->level.arch, s->corpus->fronts, &first, &second);
        stp_arch_softmax(&s->level.arch, s->corpus->fronts, &weights);
        *weight = weights.gamma[first];
    }
    stp_front_spec_format(stp_front_bank_spec(s->corpus->bank, first), text);
}

static void report(const search *s, int epoch_done) {
    if (!s->observer->progress)
        return;
    char front[STP_FRONT_TEXT_BYTES];
    double n = s->at.weights.count > 0 ? (double)s->at.weights.count : 1;
    stp_progress progress = {.phase = phase(s),
                             .epoch = (int)s->at.epoch,
                             .epochs = (int)s->settings->search_epochs,
                             .step = (long)s->at.step,
                             .steps = s->steps,
                             .loss = s->at.weights.loss / n,
                             .accuracy = 100.0 * (double)s->at.weights.correct / n,
                             .leader = front,
                             .epoch_done = epoch_done,
                             .validation_accuracy = epoch_done ? s->validation_accuracy : -1};
    leader(s, front, &progress.leader_weight);
    s->observer->progress(s->observer->context, &progress);
}

static double validate(search *s) {
    double coefs[STP_ARCH_COEFS];
    stp_evaluation e = {0};
    stp_supernet *net = &s->level.net;
    stp_bilevel_coefs(&s->level, coefs);
    stp_evaluate(net->tester, s->corpus, net->weights, net->running, coefs, s->validation,
                 s->validation_count, &e);
    return 100.0 * (double)e.correct / (double)e.count;
}

static stp_status end_epoch(search *s, double start, stp_err *err) {
    if (!isfinite(s->at.weights.loss) || !isfinite(s->at.arch.loss))
        return stp_err_set(err, STP_ERR_DATA,
                           "the loss is no number any more in epoch %d; take a smaller --lr (now %g)",
                           (int)s->at.epoch + 1, s->settings->search_lr);
    s->validation_accuracy = validate(s);
    report(s, 1);
    stp_search_line line = {.epoch = (int)s->at.epoch,
                            .phase = phase(s),
                            .weights = s->at.weights,
                            .arch = s->at.arch,
                            .validation_accuracy = s->validation_accuracy,
                            .parameters = &s->level.arch,
                            .bank = s->corpus->bank,
                            .settled = (int)s->at.settled};
    STP_TRY(stp_search_journal(s->run, &line, err));
    s->at.epoch++;
    s->at.step = 0;
    s->at.weights = s->at.arch = (stp_search_sums){0};
    STP_TRY(save(s, err));
    return stp_search_time(s->run, (int)s->at.epoch - 1, stp_step_clock() - start, err);
}

static stp_status one_epoch(search *s, stp_err *err) {
    double start = stp_step_clock();
    uint64_t seed = (uint64_t)s->settings->seed;
    stp_batch_order(s->corpus->dataset, s->weight_clips, s->weight_count, s->balance, seed, (int)s->at.epoch,
                    0, s->weight_order);
    stp_batch_order(s->corpus->dataset, s->arch_clips, s->arch_count, s->balance, seed, (int)s->at.epoch, 1,
                    s->arch_order);
    while (s->at.step < s->steps) {
        STP_TRY(one_step(s, err));
        report(s, 0);
        if (s->observer->stop && *s->observer->stop) {
            STP_TRY(save(s, err));
            return stp_err_set(err, STP_ERR_INTERRUPTED, "stopped; go on with: stapes search --resume %s",
                               stp_run_path(s->run));
        }
        if (s->at.step % s->settings->checkpoint_steps == 0 && s->at.step < s->steps)
            STP_TRY(save(s, err));
    }
    return end_epoch(s, start, err);
}

static stp_status conclude(search *s, stp_search_result *result, stp_err *err) {
    char front[STP_FRONT_TEXT_BYTES];
    int first = (int)s->at.settled, second;
    result->settled_epoch = (int)s->at.settled_epoch;
    result->front_weight = s->at.front_weight;
    result->second_weight = s->at.second_weight;
    if (first < 0) {
        stp_arch weights;
        stp_arch_leaders(&s->level.arch, s->corpus->fronts, &first, &second);
        stp_arch_softmax(&s->level.arch, s->corpus->fronts, &weights);
        result->front_weight = weights.gamma[first];
        result->second_weight = weights.gamma[second];
    }
    result->front = first;
    result->fronts = s->corpus->fronts;
    result->arch = s->level.arch;
    result->start = s->start;
    result->validation_accuracy = s->validation_accuracy;
    stp_front_spec_format(stp_front_bank_spec(s->corpus->bank, first), front);
    stp_arch_derive(&s->level.arch, (int)s->settings->max_skips, front, s->settings->features,
                    &result->genotype, &result->capped_skips);
    return stp_search_write(s->run, result, s->corpus->bank, err);
}

stp_status stp_search(const stp_corpus *corpus, const stp_settings *settings, stp_run *run, int resume,
                      const stp_observer *observer, stp_search_result *result, stp_err *err) {
    search s = {
        .settings = settings, .corpus = corpus, .observer = observer, .run = run, .validation_accuracy = -1};
    double start = stp_step_clock();
    stp_status status = begin(&s, resume, err);
    while (status == STP_OK && s.at.epoch < settings->search_epochs)
        status = one_epoch(&s, err);
    if (status == STP_OK && s.validation_accuracy < 0) // resumed after the last epoch
        s.validation_accuracy = validate(&s);
    if (status == STP_OK)
        status = conclude(&s, result, err);
    stp_supernet_destroy(&s.level.net);
    stp_arena_destroy(s.arena);
    result->seconds = stp_step_clock() - start;
    return status;
}
