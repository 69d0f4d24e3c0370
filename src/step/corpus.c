#include "step/corpus.h"

#include "base/arena.h"

#include <string.h>

typedef struct fit_job {
    const stp_corpus *corpus;
    const int *clips;
    int count, lanes;
    float **features; // [lane blocks of a round][fronts]
    char **scratch;   // [lane blocks of a round]
    int16_t **audio;  // [lane blocks of a round], lanes clips each
    int first;        // block of the round
} fit_job;

enum { ROUND = 8 }; // lane blocks extracted at once; their sums are taken in order

static int lanes_used(const fit_job *job, int block) {
    int left = job->count - block * job->lanes;
    return left < job->lanes ? left : job->lanes;
}

static void extract_block(void *context, int item, int thread) {
    fit_job *job = context;
    (void)thread;
    int samples = job->corpus->dataset->clip_samples;
    const int16_t *clips[STP_MAX_LANES] = {0};
    int used = lanes_used(job, job->first + item);
    for (int lane = 0; lane < used; lane++) {
        int16_t *clip = job->audio[item] + (size_t)lane * samples;
        stp_batch_clip(job->corpus->dataset, job->clips[(job->first + item) * job->lanes + lane], NULL, 0, 0,
                       0, clip);
        clips[lane] = clip;
    }
    stp_front_bank_extract(job->corpus->bank, clips, job->features + (size_t)item * job->corpus->fronts,
                           job->scratch[item]);
}

static int make_job(fit_job *job, stp_arena *arena) {
    const stp_corpus *c = job->corpus;
    job->features = STP_ARENA_ARRAY(arena, float *, ROUND * c->fronts);
    job->scratch = STP_ARENA_ARRAY(arena, char *, ROUND);
    job->audio = STP_ARENA_ARRAY(arena, int16_t *, ROUND);
    if (!job->features || !job->scratch || !job->audio)
        return 0;
    for (int i = 0; i < ROUND; i++) {
        job->scratch[i] = stp_arena_alloc(arena, stp_front_bank_scratch_bytes(c->bank));
        job->audio[i] = STP_ARENA_ARRAY(arena, int16_t, job->lanes * c->dataset->clip_samples);
        if (!job->scratch[i] || !job->audio[i])
            return 0;
        for (int f = 0; f < c->fronts; f++) {
            float *features = STP_ARENA_ARRAY(arena, float, c->shape[f].h * c->shape[f].w * job->lanes);
            if (!features)
                return 0;
            job->features[i * c->fronts + f] = features;
        }
    }
    return 1;
}

static void fit_rounds(fit_job *job, stp_norm_fit *fit) {
    int blocks = (job->count + job->lanes - 1) / job->lanes;
    for (job->first = 0; job->first < blocks; job->first += ROUND) {
        int round = blocks - job->first < ROUND ? blocks - job->first : ROUND;
        stp_pool_run(job->corpus->pool, extract_block, job, round);
        for (int i = 0; i < round; i++)
            stp_norm_fit_add(fit, (const float *const *)job->features + (size_t)i * job->corpus->fronts,
                             lanes_used(job, job->first + i));
    }
}

// Mean and deviation of every coefficient over the training clips, as they are stored: no augmentation.
static stp_status fit_norms(stp_corpus *c, stp_err *err) {
    stp_arena *arena = stp_arena_create();
    int count = stp_dataset_count(c->dataset, STP_TRAINING, -1);
    int *clips = arena ? STP_ARENA_ARRAY(arena, int, count) : NULL;
    fit_job job = {.corpus = c, .clips = clips, .count = count, .lanes = stp_isa_lanes(stp_isa_current())};
    stp_norm_fit *fit = NULL;
    stp_status status = STP_OK;
    if (!clips || !make_job(&job, arena))
        status = stp_err_memory(err, "measuring the features", (unsigned long long)count * 4);
    if (status == STP_OK)
        status = stp_norm_fit_begin(&fit, c->bank, err);
    if (status == STP_OK) {
        stp_dataset_select(c->dataset, STP_TRAINING, clips);
        fit_rounds(&job, fit);
        stp_norm_fit_end(fit, c->bank);
    }
    stp_arena_destroy(arena);
    return status;
}

stp_dataset_options stp_corpus_dataset_options(const stp_settings *s, const char *dir) {
    return (stp_dataset_options){.dir = dir,
                                 .labels = s->labels,
                                 .unknown = s->unknown,
                                 .unknown_ratio = s->unknown_ratio,
                                 .silence = s->silence,
                                 .silence_ratio = s->silence_ratio,
                                 .rate_hz = (int)s->rate_hz,
                                 .clip_samples = (int)(s->rate_hz * s->clip_ms / 1000),
                                 .max_clip_bytes = (uint64_t)s->max_clip_mb << 20,
                                 .seed = (uint64_t)s->seed,
                                 .cache_path = ""};
}

static stp_status open_dataset(stp_corpus *c, const stp_settings *s, int fit, const stp_observer *observer,
                               stp_err *err) {
    stp_dataset_options options = stp_corpus_dataset_options(s, s->data);
    options.partial = !fit;
    options.warn = observer->note;
    options.progress = observer->count;
    options.progress_context = observer->context;
    return stp_dataset_open(&c->dataset, &options, err);
}

static stp_status open_bank(stp_corpus *c, const stp_settings *s, const char *fronts, stp_err *err) {
    stp_front_spec specs[STP_FRONT_MAX];
    STP_TRY(stp_front_list_parse(specs, &c->fronts, fronts, s->features, (int)s->rate_hz, s->low_hz,
                                 s->high_hz, err));
    STP_TRY(stp_front_bank_create(&c->bank, specs, c->fronts, (int)(s->rate_hz * s->clip_ms / 1000), err));
    for (int i = 0; i < c->fronts; i++)
        c->shape[i] = (stp_shape){stp_front_bank_frames(c->bank, i), specs[i].coefficients};
    return STP_OK;
}

stp_status stp_corpus_open(stp_corpus *corpus, const stp_settings *settings, const char *fronts, int fit,
                           const stp_observer *observer, stp_err *err) {
    *corpus = (stp_corpus){0};
    // The cheap checks first: options are refused before hours of recordings are read.
    stp_status status = open_bank(corpus, settings, fronts, err);
    if (status == STP_OK)
        status = stp_pool_create(&corpus->pool, (int)settings->threads, err);
    if (status == STP_OK)
        status = open_dataset(corpus, settings, fit, observer, err);
    if (status == STP_OK && fit)
        status = fit_norms(corpus, err);
    if (status != STP_OK)
        stp_corpus_close(corpus);
    return status;
}

void stp_corpus_close(stp_corpus *corpus) {
    stp_dataset_close(corpus->dataset);
    stp_front_bank_destroy(corpus->bank);
    stp_pool_destroy(corpus->pool);
    *corpus = (stp_corpus){0};
}

stp_augment stp_corpus_augment(const stp_settings *settings) {
    return (stp_augment){.shift_samples = (int)(settings->shift_ms * (double)settings->rate_hz / 1000),
                         .noise_chance = settings->noise_chance,
                         .noise_volume = settings->noise_volume};
}

stp_status stp_corpus_balance(const stp_corpus *corpus, const stp_settings *settings, const int *indices,
                              int count, int *balance, stp_err *err) {
    if (strcmp(settings->balance, "auto") == 0)
        *balance = stp_batch_uneven(corpus->dataset, indices, count);
    else if (strcmp(settings->balance, "on") == 0 || strcmp(settings->balance, "off") == 0)
        *balance = settings->balance[1] == 'n';
    else
        return stp_err_set(err, STP_ERR_USAGE, "--balance %s: give on, off or auto", settings->balance);
    return STP_OK;
}

stp_status stp_corpus_group(const stp_settings *settings, int count, long long wanted, int *group, int *batch,
                            stp_err *err) {
    long long bn_group = settings->bn_group;
    if (bn_group % 16 != 0)
        return stp_err_set(err, STP_ERR_USAGE, "--bn-group %lld: give a multiple of 16", bn_group);
    if (wanted < bn_group && wanted % 16 != 0)
        return stp_err_set(err, STP_ERR_USAGE, "--batch %lld is no multiple of 16", wanted);
    if (wanted > bn_group && wanted % bn_group != 0)
        return stp_err_set(err, STP_ERR_USAGE, "--batch %lld is no multiple of --bn-group %lld", wanted,
                           bn_group);
    if (wanted < bn_group)
        bn_group = wanted;
    int whole = count / 16 * 16 > 16 ? count / 16 * 16 : 16;
    *group = whole >= bn_group ? (int)bn_group : whole;
    long long most = count / *group > 0 ? count / *group : 1;
    long long groups = wanted / *group > 0 ? wanted / *group : 1;
    *batch = (int)((groups < most ? groups : most) * *group);
    return STP_OK;
}

// Turns in which all threads go through a batch, a lane block each.
static int turns_of(int held, int groups, int group_blocks, int threads) {
    int turns = 0;
    for (int done = 0; done < groups; done += held) {
        int now = groups - done < held ? groups - done : held;
        turns += (now * group_blocks + threads - 1) / threads;
    }
    return turns;
}

int stp_corpus_groups_held(const stp_corpus *corpus, const stp_settings *settings, int group, int batch) {
    const int groups = batch > group ? batch / group : 1;
    const int blocks = group / stp_isa_lanes(stp_isa_current());
    const int threads = stp_pool_threads(corpus->pool), asked = (int)settings->micro_batch;
    if (asked > 0)
        return asked < groups ? asked : groups;
    const int least = turns_of(groups, groups, blocks, threads);
    int held = 1; // 5 % more turns than the least are near enough
    while (20 * turns_of(held, groups, blocks, threads) > 21 * least)
        held++;
    return held;
}
