// stapes bench front: clips a second of the front-ends together, as a search wants them, and of each by
// itself.
#include "base/arena.h"
#include "base/isa.h"
#include "bench.h"
#include "bench_corpus.h"
#include "cli.h"
#include "step/step.h"

#include <stdio.h>

enum { ROUNDS = 7, BLOCKS_A_THREAD = 12 };

// What a thread needs for itself: nothing of a block is wanted any more when its next one comes.
typedef struct front_room {
    float *out[STP_FRONT_MAX];
    void *scratch;
} front_room;

typedef struct front_bench {
    const stp_bench_corpus *r;
    stp_arena *arena;
    front_room *room; // [threads]
    int threads, blocks, only;
} front_bench;

static stp_status make_room(front_bench *b, stp_err *err) {
    const stp_corpus *c = &b->r->corpus;
    const size_t lanes = (size_t)stp_front_bank_lanes(c->bank),
                 scratch = stp_front_bank_scratch_bytes(c->bank);
    b->threads = stp_pool_threads(c->pool);
    b->blocks = BLOCKS_A_THREAD * b->threads;
    b->arena = stp_arena_create();
    b->room = b->arena ? STP_ARENA_ARRAY(b->arena, front_room, b->threads) : NULL;
    for (int t = 0; b->room && t < b->threads; t++) {
        front_room *room = &b->room[t];
        room->scratch = stp_arena_alloc(b->arena, scratch);
        for (int i = 0; room->scratch && i < c->fronts; i++) {
            room->out[i] =
                STP_ARENA_ARRAY(b->arena, float, (size_t)c->shape[i].h *(size_t)c->shape[i].w *lanes);
            if (!room->out[i])
                return stp_err_memory(err, "features",
                                      (size_t)c->shape[i].h * (size_t)c->shape[i].w * lanes * 4);
        }
        if (!room->scratch)
            return stp_err_memory(err, "features", scratch);
    }
    return b->room ? STP_OK : stp_err_memory(err, "features", sizeof *b->room * (size_t)b->threads);
}

static void extract(void *context, int block, int thread) {
    front_bench *b = context;
    const stp_corpus *c = &b->r->corpus;
    const int lanes = stp_front_bank_lanes(c->bank), *clips = stp_bench_corpus_batch(b->r, block, lanes);
    const int16_t *audio[STP_MAX_LANES];
    float *out[STP_FRONT_MAX] = {0};
    for (int lane = 0; lane < lanes; lane++)
        audio[lane] = c->dataset->audio + c->dataset->clip[clips[lane]].audio;
    for (int i = 0; i < c->fronts; i++)
        out[i] = b->only < 0 || b->only == i ? b->room[thread].out[i] : NULL;
    stp_front_bank_extract(c->bank, audio, out, b->room[thread].scratch);
}

// Clips a second in the fastest round; only -1: all front-ends.
static double clips_per_s(front_bench *b, int only) {
    const stp_corpus *c = &b->r->corpus;
    double best = 1e9;
    b->only = only;
    for (int round = 0; round < ROUNDS; round++) {
        double start = stp_step_clock();
        stp_pool_run(c->pool, extract, b, b->blocks);
        double seconds = stp_step_clock() - start;
        best = seconds < best ? seconds : best;
    }
    return b->blocks * stp_front_bank_lanes(c->bank) / best;
}

static int print_json(front_bench *b) {
    const stp_corpus *c = &b->r->corpus;
    json_t *each = json_object();
    double together = clips_per_s(b, -1);
    for (int i = 0; i < c->fronts; i++) {
        char text[STP_FRONT_TEXT_BYTES];
        stp_front_spec_format(stp_front_bank_spec(c->bank, i), text);
        json_object_set_new(each, text, json_real(clips_per_s(b, i)));
    }
    return stp_cli_print_json("bench", json_pack("{s:f, s:s, s:i, s:o}", "clips_per_s", together, "isa",
                                                 stp_isa_name(stp_isa_current()), "threads", b->threads,
                                                 "each", each));
}

static int print(front_bench *b) {
    const stp_corpus *c = &b->r->corpus;
    printf("front-ends  clips of %d samples, %s, %d lanes, %d threads\n", c->dataset->clip_samples,
           stp_isa_name(stp_isa_current()), stp_front_bank_lanes(c->bank), b->threads);
    printf("%-16s %8.0f clips/s\n", "together", clips_per_s(b, -1));
    for (int i = 0; i < c->fronts; i++) {
        char text[STP_FRONT_TEXT_BYTES];
        stp_front_spec_format(stp_front_bank_spec(c->bank, i), text);
        printf("%-16s %8.0f clips/s\n", text, clips_per_s(b, i));
    }
    return 0;
}

int stp_bench_front(stp_settings *settings, const char *const *words, int count) {
    stp_bench_corpus *r = NULL;
    front_bench b = {0};
    stp_err err;
    (void)words, (void)count; // takes none
    stp_status status = stp_bench_corpus_open(&r, settings, STP_BENCH_CLASSES, STP_MAX_LANES, &err);
    b.r = r;
    if (status == STP_OK)
        status = make_room(&b, &err);
    int exit_status = status != STP_OK ? stp_cli_fail("bench", &err)
                      : settings->json ? print_json(&b)
                                       : print(&b);
    stp_arena_destroy(b.arena);
    stp_bench_corpus_close(r);
    return exit_status;
}
