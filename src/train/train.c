#include "train/train.h"

#include "base/arena.h"
#include "eval/evaluate.h"
#include "step/step.h"
#include "train/optim.h"

#include <math.h>
#include <string.h>

// Where a training is; what a checkpoint holds beside the arrays.
typedef struct place {
    int64_t epoch, step; // the next to do
    int64_t journal_bytes;
    double loss; // sums of the epoch so far
    int64_t correct, count;
} place;

typedef struct training {
    const stp_settings *settings;
    const stp_corpus *corpus;
    const stp_observer *observer;
    stp_run *run;
    stp_model *model;
    stp_arena *arena;
    stp_stepper *stepper, *tester;
    stp_real *velocity, *grads;
    int *clips, *order, *validation;
    int clip_count, validation_count, group, batch, balance;
    long steps; // an epoch
    place at;
    double validation_accuracy;
    char digest[41];
} training;

// --- checkpoints
// ---------------------------------------------------------------------------------------------

enum { SECTIONS = 4 };

static void list_sections(training *t, stp_section sections[SECTIONS]) {
    size_t weights = sizeof(stp_real) * (size_t)t->model->graph->weights;
    sections[0] = (stp_section){"place", &t->at, sizeof t->at};
    sections[1] = (stp_section){"weights", t->model->weights, weights};
    sections[2] = (stp_section){"velocity", t->velocity, weights};
    sections[3] =
        (stp_section){"running", t->model->running, sizeof(stp_real) * (size_t)t->model->graph->states};
}

static stp_status save(training *t, stp_err *err) {
    stp_section sections[SECTIONS];
    t->at.journal_bytes = stp_run_size(t->run, "journal.jsonl");
    list_sections(t, sections);
    return stp_checkpoint_write(t->run, "checkpoint.bin", t->digest, sections, SECTIONS, err);
}

static stp_status restore(training *t, stp_err *err) {
    stp_section sections[SECTIONS];
    list_sections(t, sections);
    STP_TRY(stp_checkpoint_read(t->run, "checkpoint.bin", t->digest, t->settings->force, sections, SECTIONS,
                                err));
    return stp_run_truncate(t->run, "journal.jsonl", t->at.journal_bytes, err);
}

// --- preparing
// ------------------------------------------------------------------------------------------------

static stp_status choose_clips(training *t, stp_err *err) {
    const stp_dataset *d = t->corpus->dataset;
    t->clip_count = stp_dataset_count(d, STP_TRAINING, -1);
    t->validation_count = stp_dataset_count(d, STP_VALIDATION, -1);
    STP_TRY(
        stp_corpus_group(t->settings, t->clip_count, t->settings->train_batch, &t->group, &t->batch, err));
    // Fewer clips than a group: they are drawn again to fill one.
    int drawn = t->clip_count > t->group ? t->clip_count : t->group;
    t->clips = STP_ARENA_ARRAY(t->arena, int, drawn);
    t->order = STP_ARENA_ARRAY(t->arena, int, drawn);
    t->validation = STP_ARENA_ARRAY(t->arena, int, t->validation_count);
    if (!t->clips || !t->order || !t->validation)
        return stp_err_memory(err, "the order of clips", sizeof(int) * (unsigned long long)drawn);
    stp_dataset_select(d, STP_TRAINING, t->clips);
    stp_dataset_select(d, STP_VALIDATION, t->validation);
    for (int i = t->clip_count; i < drawn; i++)
        t->clips[i] = t->clips[i % t->clip_count];
    t->clip_count = drawn;
    t->steps = t->clip_count / t->batch;
    return stp_corpus_balance(t->corpus, t->settings, t->clips, t->clip_count, &t->balance, err);
}

static stp_status make_steppers(training *t, stp_err *err) {
    int held = t->batch / t->group;
    if (t->settings->micro_batch > 0 && t->settings->micro_batch < held)
        held = (int)t->settings->micro_batch;
    stp_stepper_options options = {.align = STP_ALIGN_CONV,
                                   .grid = t->model->input,
                                   .fronts = 1,
                                   .group_samples = t->group,
                                   .groups = held,
                                   .training = 1};
    STP_TRY(stp_stepper_create(&t->stepper, t->model->graph, t->corpus, &options, err));
    return stp_evaluate_stepper(&t->tester, t->model, t->corpus, t->group, err);
}

static stp_status prepare(training *t, stp_err *err) {
    t->arena = stp_arena_create();
    if (!t->arena)
        return stp_err_memory(err, "training", 64);
    t->velocity = STP_ARENA_ARRAY(t->arena, stp_real, t->model->graph->weights);
    t->grads = STP_ARENA_ARRAY(t->arena, stp_real, t->model->graph->weights);
    if (!t->velocity || !t->grads)
        return stp_err_memory(err, "gradients",
                              sizeof(stp_real) * (unsigned long long)t->model->graph->weights);
    STP_TRY(choose_clips(t, err));
    STP_TRY(make_steppers(t, err));
    json_t *identity = stp_settings_identity(t->settings, STP_CMD_TRAIN);
    if (!identity)
        return stp_err_memory(err, "settings", 1024);
    stp_json_digest(identity, t->digest);
    json_decref(identity);
    return STP_OK;
}

static void finish(training *t) {
    stp_stepper_destroy(t->stepper);
    stp_stepper_destroy(t->tester);
    stp_arena_destroy(t->arena);
}

// --- steps
// -----------------------------------------------------------------------------------------------------

static double learning_rate(const training *t) {
    const stp_settings *s = t->settings;
    double epoch = (double)t->at.epoch + (double)t->at.step / (double)t->steps;
    if (epoch < s->train_warmup)
        return s->train_lr * (epoch * (double)t->steps + 1) / (s->train_warmup * (double)t->steps + 1);
    double rest = (double)s->train_epochs - s->train_warmup;
    return stp_cosine(s->train_lr, s->train_lr_min, rest > 0 ? (epoch - s->train_warmup) / rest : 1);
}

static void one_step(training *t) {
    const stp_settings *s = t->settings;
    stp_augment augment = stp_corpus_augment(s);
    int first = (int)t->at.step * t->batch;
    stp_batch batch = {.clips = t->order + first,
                       .count = t->batch,
                       .augment = &augment,
                       .seed = (uint64_t)s->seed,
                       .epoch = (int)t->at.epoch,
                       .first_slot = first,
                       .smoothing = s->label_smoothing};
    stp_exec_state state = {.weights = t->model->weights,
                            .grads = t->grads,
                            .running = t->model->running,
                            .batch_stats = 1,
                            .momentum = 0.1,
                            .drop_rate = s->drop_path * (double)t->at.epoch / (double)s->train_epochs,
                            .drop_seed = (uint64_t)s->seed,
                            .drop_step = (uint64_t)(t->at.epoch * t->steps + t->at.step)};
    int weights = t->model->graph->weights;
    memset(t->grads, 0, sizeof *t->grads * (size_t)weights);
    stp_step_result result;
    stp_step_run(t->stepper, &batch, &state, &result, NULL, NULL);
    stp_clip_gradient(t->grads, weights, s->clip_norm);
    stp_sgd_step(t->model->weights, t->grads, t->velocity, weights, learning_rate(t), s->train_momentum,
                 s->train_decay);
    t->at.loss += result.loss;
    t->at.correct += result.correct;
    t->at.count += result.count;
    t->at.step++;
}

static void report(const training *t, int epoch_done) {
    if (!t->observer->progress)
        return;
    double n = t->at.count > 0 ? (double)t->at.count : 1;
    stp_progress progress = {.phase = "training",
                             .epoch = (int)t->at.epoch,
                             .epochs = (int)t->settings->train_epochs,
                             .step = (long)t->at.step,
                             .steps = t->steps,
                             .loss = t->at.loss / n,
                             .accuracy = 100.0 * (double)t->at.correct / n,
                             .epoch_done = epoch_done,
                             .validation_accuracy = epoch_done ? t->validation_accuracy : -1};
    t->observer->progress(t->observer->context, &progress);
}

static stp_status diverged(const training *t, stp_err *err) {
    return stp_err_set(
        err, STP_ERR_DATA,
        "the loss is no number any more in epoch %d; take a smaller --lr (now %g) or a longer --warmup",
        (int)t->at.epoch + 1, t->settings->train_lr);
}

static stp_status end_epoch(training *t, stp_err *err) {
    stp_evaluation e = {0};
    stp_evaluate(t->tester, t->corpus, t->model->weights, t->model->running, NULL, t->validation,
                 t->validation_count, &e);
    t->validation_accuracy = 100.0 * (double)e.correct / (double)e.count;
    double n = (double)t->at.count;
    if (!isfinite(t->at.loss) || !isfinite(e.loss))
        return diverged(t, err);
    report(t, 1);
    json_t *line =
        json_pack("{s:I, s:f, s:f, s:f, s:f, s:f}", "epoch", (json_int_t)t->at.epoch, "loss", t->at.loss / n,
                  "accuracy", 100.0 * (double)t->at.correct / n, "validation_accuracy",
                  t->validation_accuracy, "validation_loss", e.loss, "lr", learning_rate(t));
    if (!line)
        return stp_err_memory(err, "a journal line", 256);
    stp_status status = stp_run_append(t->run, "journal.jsonl", line, err);
    json_decref(line);
    t->at = (place){.epoch = t->at.epoch + 1};
    return status;
}

static int must_stop(const training *t) {
    return t->observer->stop && *t->observer->stop;
}

static stp_status one_epoch(training *t, stp_err *err) {
    double start = stp_step_clock();
    stp_batch_order(t->corpus->dataset, t->clips, t->clip_count, t->balance, (uint64_t)t->settings->seed,
                    (int)t->at.epoch, 0, t->order);
    while (t->at.step < t->steps) {
        one_step(t);
        report(t, 0);
        if (must_stop(t)) {
            STP_TRY(save(t, err));
            return stp_err_set(err, STP_ERR_INTERRUPTED, "stopped; go on with: stapes train --resume %s",
                               stp_run_path(t->run));
        }
        if (t->at.step % t->settings->checkpoint_steps == 0 && t->at.step < t->steps)
            STP_TRY(save(t, err));
    }
    STP_TRY(end_epoch(t, err));
    STP_TRY(save(t, err));
    json_t *line =
        json_pack("{s:I, s:f}", "epoch", (json_int_t)t->at.epoch - 1, "seconds", stp_step_clock() - start);
    stp_status status = stp_run_append(t->run, "times.jsonl", line, err);
    json_decref(line);
    return status;
}

static stp_status run(training *t, int resume, stp_err *err) {
    STP_TRY(prepare(t, err));
    if (resume) {
        STP_TRY(restore(t, err));
    } else {
        stp_graph_init(t->model->graph, (uint64_t)t->settings->seed, t->model->weights, t->model->running);
        STP_TRY(save(t, err)); // from here on the run can be resumed
    }
    while (t->at.epoch < t->settings->train_epochs)
        STP_TRY(one_epoch(t, err));
    if (t->validation_accuracy < 0) { // resumed after the last epoch
        stp_evaluation e = {0};
        stp_evaluate(t->tester, t->corpus, t->model->weights, t->model->running, NULL, t->validation,
                     t->validation_count, &e);
        t->validation_accuracy = 100.0 * (double)e.correct / (double)e.count;
    }
    return stp_model_save(t->model, t->run, err);
}

stp_status stp_train(stp_model *model, const stp_corpus *corpus, const stp_settings *settings,
                     stp_run *run_folder, int resume, const stp_observer *observer, stp_train_result *result,
                     stp_err *err) {
    training t = {.settings = settings,
                  .corpus = corpus,
                  .observer = observer,
                  .run = run_folder,
                  .model = model,
                  .validation_accuracy = -1};
    double start = stp_step_clock();
    stp_front_bank_get_norm(corpus->bank, 0, model->norm_mean, model->norm_inv);
    stp_status status = run(&t, resume, err);
    finish(&t);
    result->validation_accuracy = t.validation_accuracy;
    result->seconds = stp_step_clock() - start;
    return status;
}
