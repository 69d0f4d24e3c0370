#include "step/step.h"

#include "base/arena.h"
#include "graph/loss.h"
#include "step/align.h"

#include <string.h>
#include <time.h>

// What a block needs for itself while it is filled and scored.
typedef struct block_room {
    int16_t *audio;
    float *features[STP_ARCH_FRONTS];
    void *scratch;
    double loss;
    int correct;
    int labels[STP_MAX_LANES], predicted[STP_MAX_LANES];
} block_room;

struct stp_stepper {
    stp_arena *arena;
    const stp_corpus *corpus;
    stp_exec *exec;
    stp_stepper_options options;
    int lanes, blocks, classes;
    block_room *room; // [blocks]
    // of the batch under way
    const stp_batch *batch;
    int base;  // sample of the batch that lane 0 of block 0 is
    int count; // samples of the batch that take part
    int *predicted;
    double *probabilities;
    int backward;
};

static int make_room(stp_stepper *s, block_room *room) {
    const stp_corpus *c = s->corpus;
    room->audio = STP_ARENA_ARRAY(s->arena, int16_t, s->lanes * c->dataset->clip_samples);
    room->scratch = stp_arena_alloc(s->arena, stp_front_bank_scratch_bytes(c->bank));
    for (int i = 0; i < s->options.fronts; i++) {
        stp_shape shape = c->shape[s->options.front[i]];
        room->features[i] = STP_ARENA_ARRAY(s->arena, float, shape.h *shape.w * s->lanes);
        if (!room->features[i])
            return 0;
    }
    return room->audio && room->scratch;
}

stp_status stp_stepper_create(stp_stepper **out, const stp_graph *graph, const stp_corpus *corpus,
                              const stp_stepper_options *options, stp_err *err) {
    stp_arena *arena = stp_arena_create();
    stp_stepper *s = arena ? stp_arena_alloc(arena, sizeof *s) : NULL;
    if (!s) {
        stp_arena_destroy(arena);
        return stp_err_memory(err, "a step", sizeof *s);
    }
    s->arena = arena;
    s->corpus = corpus;
    s->options = *options;
    stp_exec_options exec = {.isa = stp_isa_current(),
                             .group_samples = options->group_samples,
                             .groups = options->groups,
                             .training = options->training,
                             .rounded = options->rounded,
                             .lender = options->lender ? options->lender->exec : NULL};
    stp_status status = stp_exec_create(&s->exec, graph, corpus->pool, &exec, err);
    if (status == STP_OK) {
        s->lanes = stp_exec_lanes(s->exec);
        s->blocks = options->groups * stp_exec_blocks_per_group(s->exec);
        s->classes = graph->tensor[graph->output].c;
        s->room = STP_ARENA_ARRAY(arena, block_room, s->blocks);
        for (int b = 0; s->room && b < s->blocks && status == STP_OK; b++)
            if (!make_room(s, &s->room[b]))
                status = stp_err_memory(err, "features of a batch", stp_exec_bytes(s->exec));
        if (!s->room)
            status = stp_err_memory(err, "a step", sizeof(block_room));
    }
    if (status != STP_OK) {
        stp_stepper_destroy(s);
        return status;
    }
    *out = s;
    return STP_OK;
}

void stp_stepper_destroy(stp_stepper *s) {
    if (!s)
        return;
    stp_exec_destroy(s->exec);
    stp_arena_destroy(s->arena);
}

size_t stp_stepper_bytes(const stp_stepper *s) {
    return stp_exec_bytes(s->exec) + stp_arena_bytes(s->arena);
}

// --- clips to inputs ---------------------------------------------------------------------------------------

static void hear(stp_stepper *s, int block, const int16_t **clips) {
    const stp_batch *batch = s->batch;
    const stp_dataset *dataset = s->corpus->dataset;
    block_room *room = &s->room[block];
    for (int lane = 0; lane < s->lanes; lane++) {
        int sample = s->base + block * s->lanes + lane;
        room->labels[lane] = -1;
        clips[lane] = NULL;
        if (sample >= s->count)
            continue;
        int clip = batch->clips[sample];
        room->labels[lane] = dataset->clip[clip].class_index;
        if (batch->ready)
            continue;
        int16_t *audio = room->audio + (size_t)lane * dataset->clip_samples;
        stp_batch_clip(dataset, clip, batch->augment, batch->seed, batch->epoch, batch->first_slot + sample,
                       audio);
        clips[lane] = audio;
    }
}

static void fill_block(void *context, int block, int thread) {
    stp_stepper *s = context;
    (void)thread;
    const int16_t *clips[STP_MAX_LANES];
    hear(s, block, clips);
    if (s->batch->ready)
        return;
    float *wanted[STP_FRONT_MAX] = {0};
    for (int i = 0; i < s->options.fronts; i++)
        wanted[s->options.front[i]] = s->room[block].features[i];
    stp_front_bank_extract(s->corpus->bank, clips, wanted, s->room[block].scratch);
    for (int i = 0; i < s->options.fronts; i++) {
        int front = s->options.front[i];
        stp_shape shape = s->corpus->shape[front];
        stp_shape to = s->options.align == STP_ALIGN_CONV ? shape : s->options.grid;
        stp_align_features(s->options.align, stp_front_bank_spec(s->corpus->bank, front)->kind, s->lanes,
                           shape, s->room[block].features[i], to, stp_exec_input(s->exec, i, block));
    }
}

// --- logits to loss ----------------------------------------------------------------------------------------

static void score_block(void *context, int block, int thread) {
    stp_stepper *s = context;
    (void)thread;
    block_room *room = &s->room[block];
    const stp_real *logits = stp_exec_logits(s->exec, block);
    room->loss = 0;
    room->correct = 0;
    stp_loss_block(s->lanes, s->classes, logits, room->labels, s->batch->smoothing, 1.0 / s->count,
                   s->backward ? stp_exec_d_logits(s->exec, block) : NULL, &room->loss, &room->correct,
                   room->predicted);
    for (int lane = 0; lane < s->lanes; lane++) {
        int sample = s->base + block * s->lanes + lane;
        if (sample >= s->count)
            continue;
        if (s->predicted)
            s->predicted[sample] = room->predicted[lane];
        if (s->probabilities)
            stp_softmax_lane(s->lanes, lane, s->classes, logits,
                             s->probabilities + (size_t)sample * s->classes);
    }
}

void stp_step_run(stp_stepper *s, const stp_batch *batch, stp_exec_state *state, stp_step_result *result,
                  int *predicted, double *probabilities) {
    int group = s->options.group_samples, at_once = group * s->options.groups;
    s->batch = batch;
    s->predicted = predicted;
    s->probabilities = probabilities;
    s->backward = state->grads || state->d_coefs;
    s->count = state->batch_stats ? batch->count / group * group : batch->count;
    state->batch_groups = (s->count + group - 1) / group;
    *result = (stp_step_result){.count = s->count};
    for (s->base = 0; s->base < s->count; s->base += at_once) {
        int left = s->count - s->base;
        int groups = left < at_once ? (left + group - 1) / group : s->options.groups;
        int blocks = groups * (group / s->lanes);
        state->first_group = s->base / group;
        stp_pool_run(s->corpus->pool, fill_block, s, blocks);
        stp_exec_forward(s->exec, state, groups);
        stp_pool_run(s->corpus->pool, score_block, s, blocks);
        for (int b = 0; b < blocks; b++) {
            result->loss += s->room[b].loss;
            result->correct += s->room[b].correct;
        }
        if (s->backward)
            stp_exec_backward(s->exec, state, groups);
    }
}

double stp_step_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
