#include "quant/int8_run.h"

#include <string.h>

typedef struct runner_room {
    stapes device;
    void *arena, *stream; // the device's memory
    int16_t *audio;
    float *features; // [frames][coefficients][lanes]
    float *row;      // [coefficients] of one clip
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

static void quantise_clip(const runner *r, runner_room *room, int lane) {
    const stapes_map *in = &r->model->map[r->model->input];
    int8_t *to = stapes_input(&room->device);
    for (int frame = 0; frame < in->h; frame++, to += in->w) {
        const float *from = room->features + (size_t)frame * in->w * (size_t)r->lanes + lane;
        for (int k = 0; k < in->w; k++)
            room->row[k] = from[(size_t)k * (size_t)r->lanes];
        stapes_quantize_row(r->model, room->row, to);
    }
}

static void answer(const runner *r, const runner_room *room, int clip) {
    size_t classes = (size_t)stapes_classes(&room->device);
    r->predicted[clip] = stapes_best(&room->device);
    if (r->logits)
        memcpy(r->logits + (size_t)clip * classes, stapes_logits(&room->device), classes);
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
        stapes_invoke(&room->device);
        answer(r, room, first + lane);
    }
}

static int make_room(const runner *r, runner_room *room) {
    const stp_corpus *c = r->corpus;
    const stapes_map *in = &r->model->map[r->model->input];
    room->arena = stp_arena_alloc(r->memory, r->model->arena_bytes);
    room->stream = stp_arena_alloc(r->memory, stapes_stream_bytes(r->model));
    room->audio = STP_ARENA_ARRAY(r->memory, int16_t, r->lanes * c->dataset->clip_samples);
    room->features = STP_ARENA_ARRAY(r->memory, float, in->h * in->w * r->lanes);
    room->row = STP_ARENA_ARRAY(r->memory, float, in->w);
    room->scratch = stp_arena_alloc(r->memory, stp_front_bank_scratch_bytes(c->bank));
    return room->arena && room->stream && room->audio && room->features && room->row && room->scratch;
}

// A device for every thread.
static stp_status make_rooms(runner *r, stp_err *err) {
    const stapes_model *model = r->model;
    int threads = stp_pool_threads(r->corpus->pool);
    r->room = r->memory ? STP_ARENA_ARRAY(r->memory, runner_room, threads) : NULL;
    for (int t = 0; t < threads; t++) {
        if (!r->room || !make_room(r, &r->room[t]))
            return stp_err_memory(err, "running an int8 model", model->arena_bytes);
        if (stapes_init(&r->room[t].device, model, r->room[t].arena, model->arena_bytes, r->room[t].stream,
                        stapes_stream_bytes(model)) != STAPES_OK)
            return stp_err_set(err, STP_ERR_MISMATCH,
                               "the device's own check refuses the model; was this program built with fast "
                               "math?");
    }
    return STP_OK;
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
    stp_status status = make_rooms(&r, err);
    if (status == STP_OK)
        stp_pool_run(corpus->pool, run_block, &r, (count + r.lanes - 1) / r.lanes);
    stp_arena_destroy(r.memory);
    return status;
}
