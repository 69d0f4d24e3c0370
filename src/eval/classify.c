#include "eval/classify.h"

#include "graph/exec.h"
#include "graph/loss.h"
#include "step/align.h"

struct stp_classifier {
    stp_arena *arena;
    const stp_model *model;
    stp_pool *pool;
    stp_front_bank *bank;
    stp_exec *exec;
    int lanes, blocks;
    float **features; // [blocks]
    void **scratch;   // [blocks]
    // of the call under way
    const int16_t *const *clips;
    int count;
};

static stp_status make_rooms(stp_classifier *c, stp_err *err) {
    size_t values = (size_t)c->model->input.h * (size_t)c->model->input.w * (size_t)c->lanes;
    c->features = STP_ARENA_ARRAY(c->arena, float *, c->blocks);
    c->scratch = STP_ARENA_ARRAY(c->arena, void *, c->blocks);
    for (int b = 0; c->features && c->scratch && b < c->blocks; b++) {
        c->features[b] = STP_ARENA_ARRAY(c->arena, float, values);
        c->scratch[b] = stp_arena_alloc(c->arena, stp_front_bank_scratch_bytes(c->bank));
        if (!c->features[b] || !c->scratch[b])
            return stp_err_memory(err, "the features of a clip", values * sizeof(float));
    }
    return c->features && c->scratch ? STP_OK : stp_err_memory(err, "the features of a clip", 0);
}

static stp_status make(stp_classifier *c, stp_err *err) {
    const stp_model *model = c->model;
    STP_TRY(stp_front_bank_create(&c->bank, &model->front, 1, model->clip_samples, err));
    stp_front_bank_set_norm(c->bank, 0, model->norm_mean, model->norm_inv);
    stp_exec_options options = {
        .isa = stp_isa_current(), .group_samples = STP_CLASSIFY_MOST, .groups = 1, .training = 0};
    STP_TRY(stp_exec_create(&c->exec, model->graph, c->pool, &options, err));
    c->lanes = stp_exec_lanes(c->exec);
    c->blocks = stp_exec_blocks_per_group(c->exec);
    return make_rooms(c, err);
}

stp_status stp_classifier_create(stp_classifier **out, const stp_model *model, stp_pool *pool, stp_err *err) {
    stp_arena *arena = stp_arena_create();
    stp_classifier *c = arena ? stp_arena_alloc(arena, sizeof *c) : NULL;
    if (!c) {
        stp_arena_destroy(arena);
        return stp_err_memory(err, "a classifier", sizeof *c);
    }
    c->arena = arena;
    c->model = model;
    c->pool = pool;
    stp_status status = make(c, err);
    if (status != STP_OK) {
        stp_classifier_destroy(c);
        return status;
    }
    *out = c;
    return STP_OK;
}

void stp_classifier_destroy(stp_classifier *c) {
    if (!c)
        return;
    stp_exec_destroy(c->exec);
    stp_front_bank_destroy(c->bank);
    stp_arena_destroy(c->arena);
}

static void hear_block(void *context, int block, int thread) {
    stp_classifier *c = context;
    (void)thread;
    const int16_t *clips[STP_MAX_LANES] = {0}; // lanes without a clip hear silence
    for (int lane = 0; lane < c->lanes && block * c->lanes + lane < c->count; lane++)
        clips[lane] = c->clips[block * c->lanes + lane];
    stp_front_bank_extract(c->bank, clips, &c->features[block], c->scratch[block]);
    stp_align_features(STP_ALIGN_CONV, c->model->front.kind, c->lanes, c->model->input, c->features[block],
                       c->model->input, stp_exec_input(c->exec, 0, block));
}

void stp_classify(stp_classifier *c, const int16_t *const *clips, int count, double *probabilities) {
    stp_exec_state state = {.weights = c->model->weights, .running = c->model->running};
    c->clips = clips;
    c->count = count;
    stp_pool_run(c->pool, hear_block, c, c->blocks);
    stp_exec_forward(c->exec, &state, 1);
    for (int i = 0; i < count; i++)
        stp_softmax_lane(c->lanes, i % c->lanes, c->model->classes, stp_exec_logits(c->exec, i / c->lanes),
                         probabilities + (size_t)i * (size_t)c->model->classes);
}
