#include "train/finetune.h"

#include "quant/quantise.h"
#include "quant/twin.h"
#include "step/step.h"
#include "train/loop.h"
#include "train/optim.h"

#include <math.h>
#include <string.h>

typedef struct tuning {
    const stp_corpus *corpus;
    const stp_settings *settings;
    const stp_finetune_options *options;
    const stp_observer *observer;
    stp_arena *arena;
    stp_twin *twin;
    stp_stepper *stepper;
    stp_real *rounded, *grads, *velocity; // [twin->graph->weights]
    int *clips, *order;
    int clip_count, group, batch, balance;
    long steps; // an epoch
    stp_loop_sums sums;
} tuning;

static stp_status choose_clips(tuning *t, stp_err *err) {
    const stp_dataset *d = t->corpus->dataset;
    int all = stp_dataset_count(d, STP_TRAINING, -1);
    STP_TRY(stp_corpus_group(t->settings, all, t->settings->train_batch, &t->group, &t->batch, err));
    t->clip_count = all > t->group ? all : t->group; // fewer than a group: some are drawn again
    t->clips = STP_ARENA_ARRAY(t->arena, int, t->clip_count);
    t->order = STP_ARENA_ARRAY(t->arena, int, t->clip_count);
    if (!t->clips || !t->order)
        return stp_err_memory(err, "the order of clips", sizeof(int) * (unsigned long long)t->clip_count);
    stp_dataset_select(d, STP_TRAINING, t->clips);
    for (int i = all; i < t->clip_count; i++)
        t->clips[i] = t->clips[i % all];
    t->steps = t->clip_count / t->batch;
    return stp_corpus_balance(t->corpus, t->settings, t->clips, t->clip_count, &t->balance, err);
}

static stp_status prepare(tuning *t, const stp_int8_net *net, stp_err *err) {
    t->arena = stp_arena_create();
    if (!t->arena)
        return stp_err_memory(err, "fine-tuning", 64);
    STP_TRY(choose_clips(t, err));
    STP_TRY(stp_twin_create(&t->twin, net, err));
    stp_twin_round_results(t->twin);
    int weights = t->twin->graph->weights;
    t->rounded = STP_ARENA_ARRAY(t->arena, stp_real, weights);
    t->grads = STP_ARENA_ARRAY(t->arena, stp_real, weights);
    t->velocity = STP_ARENA_ARRAY(t->arena, stp_real, weights);
    if (!t->rounded || !t->grads || !t->velocity)
        return stp_err_memory(err, "gradients", sizeof(stp_real) * (unsigned long long)weights);
    const stp_int8_storage *input = stp_int8_storage_of(net, net->input);
    stp_stepper_options options = {.align = STP_ALIGN_CONV,
                                   .grid = {input->h, input->w},
                                   .fronts = 1,
                                   .group_samples = t->group,
                                   .groups =
                                       stp_corpus_groups_held(t->corpus, t->settings, t->group, t->batch),
                                   .training = 1,
                                   .rounded = 1};
    return stp_stepper_create(&t->stepper, t->twin->graph, t->corpus, &options, err);
}

// The clips of the epochs that would have come next.
static int epoch_after_training(const tuning *t, int epoch) {
    return (int)t->settings->train_epochs + epoch;
}

static void one_step(tuning *t, int epoch, long step) {
    const stp_settings *s = t->settings;
    stp_augment augment = stp_corpus_augment(s);
    int first = (int)step * t->batch, weights = t->twin->graph->weights;
    double progress = (epoch + (double)step / (double)t->steps) / t->options->epochs;
    stp_batch batch = {.clips = t->order + first,
                       .count = t->batch,
                       .augment = &augment,
                       .seed = t->options->seed,
                       .epoch = epoch_after_training(t, epoch),
                       .first_slot = first,
                       .smoothing = s->label_smoothing};
    stp_exec_state state = {
        .weights = t->rounded, .grads = t->grads, .batch_stats = 1, .rounding = t->twin->rounding};
    stp_step_result result;
    memset(t->grads, 0, sizeof *t->grads * (size_t)weights);
    stp_twin_round_weights(t->twin, t->twin->weights, t->rounded);
    stp_step_run(t->stepper, &batch, &state, &result, NULL, NULL);
    stp_clip_gradient(t->grads, weights, s->clip_norm);
    stp_sgd_step(t->twin->weights, t->grads, t->velocity, weights, stp_cosine(t->options->rate, 0, progress),
                 s->train_momentum, 0);
    stp_loop_add(&t->sums, result.loss, result.correct, result.count);
}

static void report(const tuning *t, int epoch, long step) {
    stp_progress progress = {.phase = "fine-tuning",
                             .epoch = epoch,
                             .epochs = t->options->epochs,
                             .step = step,
                             .steps = t->steps,
                             .loss = stp_loop_loss(&t->sums),
                             .accuracy = stp_loop_accuracy(&t->sums),
                             .epoch_done = step == t->steps,
                             .validation_accuracy = -1};
    if (t->observer->progress)
        t->observer->progress(t->observer->context, &progress);
}

static stp_status one_epoch(tuning *t, int epoch, stp_err *err) {
    t->sums = (stp_loop_sums){0};
    stp_batch_order(t->corpus->dataset, t->clips, t->clip_count, t->balance, t->options->seed,
                    epoch_after_training(t, epoch), 0, t->order);
    for (long step = 0; step < t->steps; step++) {
        one_step(t, epoch, step);
        report(t, epoch, step + 1);
        if (t->observer->stop && *t->observer->stop)
            return stp_err_set(err, STP_ERR_INTERRUPTED, "stopped; nothing was written");
    }
    if (!isfinite(t->sums.loss) || !stp_are_numbers(t->twin->weights, t->twin->graph->weights))
        return stp_err_set(
            err, STP_ERR_DATA,
            "the loss or a weight is no number any more in epoch %d of fine-tuning; take a smaller "
            "--qat-lr (now %g)",
            epoch + 1, t->options->rate);
    return STP_OK;
}

static stp_status tune(tuning *t, stp_int8_net *net, stp_err *err) {
    STP_TRY(prepare(t, net, err));
    for (int epoch = 0; epoch < t->options->epochs; epoch++)
        STP_TRY(one_epoch(t, epoch, err));
    stp_twin_give(t->twin, net);
    return stp_int8_quantise(net, err);
}

stp_status stp_finetune(stp_int8_net *net, const stp_corpus *corpus, const stp_settings *settings,
                        const stp_finetune_options *options, const stp_observer *observer, stp_err *err) {
    tuning t = {.corpus = corpus, .settings = settings, .options = options, .observer = observer};
    stp_status status = tune(&t, net, err);
    stp_stepper_destroy(t.stepper);
    stp_twin_destroy(t.twin);
    stp_arena_destroy(t.arena);
    return status;
}
