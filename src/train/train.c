#include "train/train.h"

#include "base/arena.h"
#include "eval/evaluate.h"
#include "step/step.h"
#include "train/loop.h"
#include "train/optim.h"

#include <math.h>
#include <string.h>

typedef struct training {
    stp_loop loop;
    const stp_settings *settings;
    const stp_corpus *corpus;
    stp_model *model;
    stp_arena *arena;
    stp_stepper *stepper, *tester;
    stp_real *velocity, *grads;
    int *clips, *order, *validation;
    int clip_count, validation_count, group, batch, balance;
    double validation_loss;
} training;

static int list_sections(void *of, stp_section sections[STP_LOOP_SECTIONS]) {
    training *t = of;
    size_t weights = sizeof(stp_real) * (size_t)t->model->graph->weights;
    sections[0] = (stp_section){"weights", t->model->weights, weights};
    sections[1] = (stp_section){"velocity", t->velocity, weights};
    sections[2] =
        (stp_section){"running", t->model->running, sizeof(stp_real) * (size_t)t->model->graph->states};
    return 3;
}

// --- preparing ---------------------------------------------------------------------------------------------

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
    t->loop.steps = t->clip_count / t->batch;
    return stp_corpus_balance(t->corpus, t->settings, t->clips, t->clip_count, &t->balance, err);
}

static stp_status make_steppers(training *t, stp_err *err) {
    stp_stepper_options options = {.align = STP_ALIGN_CONV,
                                   .grid = t->model->input,
                                   .fronts = 1,
                                   .group_samples = t->group,
                                   .groups =
                                       stp_corpus_groups_held(t->corpus, t->settings, t->group, t->batch),
                                   .training = 1};
    STP_TRY(stp_stepper_create(&t->stepper, t->model->graph, t->corpus, &options, err));
    return stp_evaluate_stepper(&t->tester, t->model, t->corpus, t->group, t->stepper, err);
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
    return make_steppers(t, err);
}

static void finish(training *t) {
    stp_stepper_destroy(t->tester);
    stp_stepper_destroy(t->stepper);
    stp_arena_destroy(t->arena);
}

// --- steps -------------------------------------------------------------------------------------------------

static double learning_rate(const training *t) {
    const stp_settings *s = t->settings;
    double steps = (double)t->loop.steps;
    double epoch = (double)t->loop.at.epoch + (double)t->loop.at.step / steps;
    if (epoch < s->train_warmup)
        return s->train_lr * (epoch * steps + 1) / (s->train_warmup * steps + 1);
    double rest = (double)s->train_epochs - s->train_warmup;
    return stp_cosine(s->train_lr, s->train_lr_min, rest > 0 ? (epoch - s->train_warmup) / rest : 1);
}

static stp_status one_step(void *of, stp_err *err) {
    (void)err;
    training *t = of;
    const stp_settings *s = t->settings;
    const struct stp_loop_place *at = &t->loop.at;
    stp_augment augment = stp_corpus_augment(s);
    int first = (int)at->step * t->batch;
    stp_batch batch = {.clips = t->order + first,
                       .count = t->batch,
                       .augment = &augment,
                       .seed = (uint64_t)s->seed,
                       .epoch = (int)at->epoch,
                       .first_slot = first,
                       .smoothing = s->label_smoothing};
    stp_exec_state state = {.weights = t->model->weights,
                            .grads = t->grads,
                            .running = t->model->running,
                            .batch_stats = 1,
                            .momentum = 0.1,
                            .drop_rate = s->drop_path * (double)at->epoch / (double)s->train_epochs,
                            .drop_seed = (uint64_t)s->seed,
                            .drop_step = (uint64_t)(at->epoch * t->loop.steps + at->step)};
    int weights = t->model->graph->weights;
    memset(t->grads, 0, sizeof *t->grads * (size_t)weights);
    stp_step_result result;
    stp_step_run(t->stepper, &batch, &state, &result, NULL, NULL);
    stp_clip_gradient(t->grads, weights, s->clip_norm);
    stp_sgd_step(t->model->weights, t->grads, t->velocity, weights, learning_rate(t), s->train_momentum,
                 s->train_decay);
    stp_loop_add(&t->loop.at.sums, result.loss, result.correct, result.count);
    return STP_OK;
}

// --- epochs ------------------------------------------------------------------------------------------------

static void order_clips(void *of) {
    training *t = of;
    stp_batch_order(t->corpus->dataset, t->clips, t->clip_count, t->balance, (uint64_t)t->settings->seed,
                    (int)t->loop.at.epoch, 0, t->order);
}

static void describe(void *of, stp_progress *progress) {
    (void)of;
    progress->phase = "training";
}

static double validate(void *of) {
    training *t = of;
    stp_evaluation e = {0};
    stp_evaluate(t->tester, t->corpus, t->model->weights, t->model->running, NULL, t->validation,
                 t->validation_count, &e);
    t->validation_loss = e.loss;
    return 100.0 * (double)e.correct / (double)e.count;
}

static stp_status diverged(const training *t, stp_err *err) {
    return stp_err_set(err, STP_ERR_DATA,
                       "the loss or a weight is no number any more in epoch %d; take a smaller --lr (now %g) "
                       "or a longer --warmup "
                       "in a new run",
                       (int)t->loop.at.epoch + 1, t->settings->train_lr);
}

static stp_status end_epoch(void *of, stp_err *err) {
    training *t = of;
    const stp_loop_sums *sums = &t->loop.at.sums;
    if (!isfinite(sums->loss) || !isfinite(t->validation_loss) ||
        !stp_are_numbers(t->model->weights, t->model->graph->weights))
        return diverged(t, err);
    json_t *line =
        json_pack("{s:I, s:f, s:f, s:f, s:f, s:f}", "epoch", (json_int_t)t->loop.at.epoch, "loss",
                  stp_loop_loss(sums), "accuracy", stp_loop_accuracy(sums), "validation_accuracy",
                  t->loop.validation_accuracy, "validation_loss", t->validation_loss, "lr", learning_rate(t));
    return stp_run_append_new(t->loop.run, "journal.jsonl", line, err);
}

static const stp_loop_work work = {.sections = list_sections,
                                   .order = order_clips,
                                   .step = one_step,
                                   .describe = describe,
                                   .validate = validate,
                                   .end_epoch = end_epoch};

static stp_status run(training *t, int resume, stp_err *err) {
    STP_TRY(stp_loop_begin(&t->loop, err));
    STP_TRY(prepare(t, err));
    if (resume) {
        STP_TRY(stp_loop_restore(&t->loop, err));
    } else {
        stp_graph_init(t->model->graph, (uint64_t)t->settings->seed, t->model->weights, t->model->running);
        STP_TRY(stp_loop_save(&t->loop, err));
    }
    STP_TRY(stp_loop_run(&t->loop, err));
    return stp_model_save(t->model, t->loop.run, err);
}

stp_status stp_train(stp_model *model, const stp_corpus *corpus, const stp_settings *settings,
                     stp_run *run_folder, int resume, const stp_observer *observer, stp_train_result *result,
                     stp_err *err) {
    training t = {.settings = settings,
                  .corpus = corpus,
                  .model = model,
                  .loop = {.command = STP_CMD_TRAIN,
                           .settings = settings,
                           .run = run_folder,
                           .observer = observer,
                           .work = &work,
                           .of = &t,
                           .epochs = (long)settings->train_epochs}};
    stp_front_bank_get_norm(corpus->bank, 0, model->norm_mean, model->norm_inv);
    stp_status status = run(&t, resume, err);
    finish(&t);
    result->validation_accuracy = t.loop.validation_accuracy;
    result->seconds = stp_loop_seconds(&t.loop);
    return status;
}
