#include "bench_corpus.h"

#include "base/arena.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>

enum { NOISE_SECONDS = 20 };

// The arithmetic does not depend on what is said.
static stp_status record(stp_bench_corpus *r, const stp_settings *s, stp_err *err) {
    int samples = (int)(s->rate_hz * s->clip_ms / 1000);
    int64_t noise = NOISE_SECONDS * s->rate_hz, count = (int64_t)STP_BENCH_CLIPS * samples + noise;
    r->audio = stp_alloc(sizeof *r->audio * (size_t)count);
    if (!r->audio)
        return stp_err_memory(err, "recordings to time", sizeof *r->audio * (unsigned long long)count);
    stp_rng rng = stp_rng_at((uint64_t)s->seed, STP_RNG_TEST, 0, 0);
    for (int64_t i = 0; i < count; i++)
        r->audio[i] =
            (int16_t)(3000 * sin(0.05 * (double)(i % samples)) + 2000 * (stp_rng_uniform(&rng) - 0.5));
    for (int i = 0; i < STP_BENCH_CLASSES; i++) {
        snprintf(r->labels_text[i], sizeof r->labels_text[i], "w%d", i);
        r->labels[i] = r->labels_text[i];
    }
    for (int i = 0; i < STP_BENCH_CLIPS; i++)
        r->clip[i] = (stp_clip){.path = "",
                                .speaker = "",
                                .class_index = i % STP_BENCH_CLASSES,
                                .split = STP_TRAINING,
                                .audio = (int64_t)i * samples,
                                .stored = samples};
    for (int i = 0; i < STP_BENCH_ORDER; i++)
        r->order[i] = i % STP_BENCH_CLIPS;
    r->noise = (stp_noise){.path = "", .audio = (int64_t)STP_BENCH_CLIPS * samples, .count = noise};
    r->dataset = (stp_dataset){.classes = STP_BENCH_CLASSES,
                               .labels = r->labels,
                               .clips = STP_BENCH_CLIPS,
                               .clip = r->clip,
                               .noises = 1,
                               .noise = &r->noise,
                               .rate_hz = (int)s->rate_hz,
                               .clip_samples = samples,
                               .audio = r->audio};
    return STP_OK;
}

static stp_status open_corpus(stp_bench_corpus *r, const stp_settings *s, stp_err *err) {
    stp_front_spec specs[STP_FRONT_MAX];
    stp_corpus *c = &r->corpus;
    STP_TRY(stp_front_list_parse(specs, &c->fronts, s->fronts, s->features, (int)s->rate_hz, s->low_hz,
                                 s->high_hz, err));
    STP_TRY(record(r, s, err));
    c->dataset = &r->dataset;
    STP_TRY(stp_front_bank_create(&c->bank, specs, c->fronts, r->dataset.clip_samples, err));
    for (int i = 0; i < c->fronts; i++)
        c->shape[i] = (stp_shape){stp_front_bank_frames(c->bank, i), specs[i].coefficients};
    return stp_pool_create(&c->pool, (int)s->threads, err);
}

stp_status stp_bench_corpus_open(stp_bench_corpus **corpus, const stp_settings *settings, stp_err *err) {
    stp_bench_corpus *r = stp_alloc(sizeof *r);
    if (!r)
        return stp_err_memory(err, "recordings to time", sizeof *r);
    stp_status status = open_corpus(r, settings, err);
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
    stp_free(corpus->audio);
    stp_free(corpus);
}
