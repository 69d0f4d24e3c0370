#include "quant/int8_run.h"

#include <string.h>

typedef struct runner_room {
    int8_t *arena;
    int16_t *audio;
    float *features; // [frames][coefficients][lanes]
    void *scratch;
} runner_room;

typedef struct runner {
    const stapes_model *model;
    const stp_corpus *corpus;
    stp_arena *memory;
    runner_room *room; // [threads]
    int lanes;
    const int *clips;
    int count;
    int *predicted;
    int8_t *logits;
} runner;

void stp_int8_invoke(const stapes_model *model, int8_t *arena) {
    for (int i = 0; i < model->ops; i++) {
        const stapes_op *op = &model->op[i];
        model->kernel[op->kind](op, model->map, &model->constants, arena, arena + model->scratch_offset);
    }
}

// q = round(feature * feature_scale) + zero (runtime.h), halves away from zero.
static int8_t quantise(const stapes_model *model, float feature) {
    float x = feature * model->feature_scale;
    x = x < -512 ? -512 : x > 512 ? 512 : x;
    int q = (int)(x < 0 ? x - 0.5f : x + 0.5f) + model->map[model->input].zero;
    return (int8_t)(q < -128 ? -128 : q > 127 ? 127 : q);
}

static void quantise_clip(const runner *r, const runner_room *room, int lane) {
    const stapes_map *in = &r->model->map[r->model->input];
    for (int frame = 0; frame < in->h; frame++) {
        const float *from = room->features + (size_t)frame * in->w * (size_t)r->lanes + lane;
        int8_t *row = room->arena + in->offset + (size_t)frame * in->w;
        for (int k = 0; k < in->w; k++)
            row[k] = quantise(r->model, from[(size_t)k * (size_t)r->lanes]);
    }
}

static void answer(const runner *r, const runner_room *room, int clip) {
    const stapes_map *out = &r->model->map[r->model->output];
    const int8_t *logits = room->arena + out->offset;
    int best = 0;
    for (int c = 1; c < out->c; c++)
        best = logits[c] > logits[best] ? c : best;
    r->predicted[clip] = best;
    if (r->logits)
        memcpy(r->logits + (size_t)clip * out->c, logits, out->c);
}

static void run_block(void *context, int block, int thread) {
    runner *r = context;
    runner_room *room = &r->room[thread];
    const stp_dataset *dataset = r->corpus->dataset;
    const int16_t *audio[STP_MAX_LANES] = {0};
    int first = block * r->lanes, used = r->count - first < r->lanes ? r->count - first : r->lanes;
    for (int lane = 0; lane < used; lane++) {
        int16_t *clip = room->audio + (size_t)lane * (size_t)dataset->clip_samples;
        stp_batch_clip(dataset, r->clips[first + lane], NULL, 0, 0, 0, clip);
        audio[lane] = clip;
    }
    stp_front_bank_extract(r->corpus->bank, audio, &room->features, room->scratch);
    for (int lane = 0; lane < used; lane++) {
        quantise_clip(r, room, lane);
        stp_int8_invoke(r->model, room->arena);
        answer(r, room, first + lane);
    }
}

static int make_rooms(runner *r) {
    const stp_corpus *c = r->corpus;
    const stapes_map *in = &r->model->map[r->model->input];
    int threads = stp_pool_threads(c->pool);
    r->room = STP_ARENA_ARRAY(r->memory, runner_room, threads);
    for (int t = 0; r->room && t < threads; t++) {
        runner_room *room = &r->room[t];
        room->arena = stp_arena_alloc(r->memory, r->model->arena_bytes);
        room->audio = STP_ARENA_ARRAY(r->memory, int16_t, r->lanes * c->dataset->clip_samples);
        room->features = STP_ARENA_ARRAY(r->memory, float, in->h * in->w * r->lanes);
        room->scratch = stp_arena_alloc(r->memory, stp_front_bank_scratch_bytes(c->bank));
        if (!room->arena || !room->audio || !room->features || !room->scratch)
            return 0;
    }
    return r->room != NULL;
}

stp_status stp_int8_run(const stp_device_model *device, const stp_corpus *corpus, const int *clips, int count,
                        int *predicted, int8_t *logits, stp_err *err) {
    runner r = {.model = &device->model,
                .corpus = corpus,
                .memory = stp_arena_create(),
                .lanes = stp_front_bank_lanes(corpus->bank),
                .clips = clips,
                .count = count,
                .predicted = predicted,
                .logits = logits};
    int enough = r.memory && make_rooms(&r);
    if (enough)
        stp_pool_run(corpus->pool, run_block, &r, (count + r.lanes - 1) / r.lanes);
    stp_arena_destroy(r.memory);
    return enough ? STP_OK : stp_err_memory(err, "running an int8 model", device->model.arena_bytes);
}
