#include "bench_corpus.h"

#include "base/arena.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NOISE_SECONDS = 20, SOUNDS = 64, FAR_APART = 7919 };

// The arithmetic does not depend on what is said: some clips are made, the others have their samples.
static stp_status record(stp_bench_corpus *r, const stp_settings *s, int samples, stp_err *err) {
    const int64_t noise = NOISE_SECONDS * s->rate_hz,
                  sounds = s->bench_clips < SOUNDS ? s->bench_clips : SOUNDS;
    const int64_t spoken = s->bench_clips * samples, count = spoken + noise;
    r->audio = stp_alloc(sizeof *r->audio * (size_t)count);
    if (!r->audio)
        return stp_err_memory(err, "recordings to time", sizeof *r->audio * (unsigned long long)count);
    stp_rng rng = stp_rng_at((uint64_t)s->seed, STP_RNG_TEST, 0, 0);
    for (int64_t i = 0; i < count; i++) {
        if (i == sounds * samples)
            i = spoken;
        r->audio[i] =
            (int16_t)(3000 * sin(0.05 * (double)(i % samples)) + 2000 * (stp_rng_uniform(&rng) - 0.5));
    }
    for (int64_t i = sounds; i < s->bench_clips; i++)
        memcpy(r->audio + i * samples, r->audio + i % sounds * samples, sizeof *r->audio * (size_t)samples);
    r->noise = (stp_noise){.path = "", .audio = spoken, .count = noise};
    return STP_OK;
}

static stp_status list_clips(stp_bench_corpus *r, int clips, int classes, int samples, int batch,
                             stp_err *err) {
    stp_clip *clip = STP_ARENA_ARRAY(r->arena, stp_clip, clips);
    r->order = STP_ARENA_ARRAY(r->arena, int, clips + batch);
    if (!clip || !r->order)
        return stp_err_memory(err, "a list of clips", sizeof *clip * (unsigned long long)clips);
    for (int i = 0; i < clips; i++)
        clip[i] = (stp_clip){.path = "",
                             .speaker = "",
                             .class_index = i % classes,
                             .split = STP_TRAINING,
                             .audio = (int64_t)i * samples,
                             .stored = samples};
    for (int i = 0; i < clips + batch; i++)
        r->order[i] = (int)((int64_t)i * FAR_APART % clips);
    for (int i = 0; i < classes; i++) {
        snprintf(r->labels_text[i], sizeof r->labels_text[i], "w%d", i);
        r->labels[i] = r->labels_text[i];
    }
    r->dataset.clip = clip;
    r->dataset.clips = clips;
    return STP_OK;
}

static stp_status open_corpus(stp_bench_corpus *r, const stp_settings *s, int classes, int batch,
                              stp_err *err) {
    stp_front_spec specs[STP_FRONT_MAX];
    stp_corpus *c = &r->corpus;
    const int samples = (int)(s->rate_hz * s->clip_ms / 1000);
    STP_TRY(stp_front_list_parse(specs, &c->fronts, s->fronts, s->features, (int)s->rate_hz, s->low_hz,
                                 s->high_hz, err));
    r->arena = stp_arena_create();
    if (!r->arena)
        return stp_err_memory(err, "recordings to time", sizeof *r);
    STP_TRY(list_clips(r, (int)s->bench_clips, classes, samples, batch, err));
    STP_TRY(record(r, s, samples, err));
    r->dataset.classes = classes;
    r->dataset.labels = r->labels;
    r->dataset.noises = 1;
    r->dataset.noise = &r->noise;
    r->dataset.rate_hz = (int)s->rate_hz;
    r->dataset.clip_samples = samples;
    r->dataset.audio = r->audio;
    c->dataset = &r->dataset;
    STP_TRY(stp_front_bank_create(&c->bank, specs, c->fronts, samples, err));
    for (int i = 0; i < c->fronts; i++)
        c->shape[i] = (stp_shape){stp_front_bank_frames(c->bank, i), specs[i].coefficients};
    return stp_pool_create(&c->pool, (int)s->threads, err);
}

stp_status stp_bench_corpus_open(stp_bench_corpus **corpus, const stp_settings *settings, int classes,
                                 int batch, stp_err *err) {
    stp_bench_corpus *r = stp_alloc(sizeof *r);
    if (!r)
        return stp_err_memory(err, "recordings to time", sizeof *r);
    stp_status status = open_corpus(r, settings, classes, batch, err);
    if (status != STP_OK) {
        stp_bench_corpus_close(r);
        return status;
    }
    *corpus = r;
    return STP_OK;
}

void stp_bench_corpus_close(stp_bench_corpus *corpus) {
    if (!corpus)
        return;
    stp_front_bank_destroy(corpus->corpus.bank);
    stp_pool_destroy(corpus->corpus.pool);
    stp_arena_destroy(corpus->arena);
    stp_free(corpus->audio);
    stp_free(corpus);
}

const int *stp_bench_corpus_batch(const stp_bench_corpus *corpus, int index, int batch) {
    return corpus->order + (int64_t)index * batch % corpus->dataset.clips;
}
