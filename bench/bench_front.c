// Clips a second of the front-ends on one core: the published eight together, then each by itself.
// usage: bench_front [isa [list]]
#include "base/arena.h"
#include "base/isa.h"
#include "base/rng.h"
#include "frontend/front_bank.h"

#include <stdio.h>
#include <time.h>

enum { SAMPLES = 16000, REPEATS = 20, ROUNDS = 7 };

static const char EIGHT[] = "400/100/40,400/100/80,400/200/40,400/200/80,"
                            "640/160/40,640/160/80,640/320/40,640/320/80";

typedef struct bench {
    stp_front_bank *bank;
    const int16_t *clips[STP_MAX_LANES];
    float *out[STP_FRONT_MAX];
    void *scratch;
    int lanes;
} bench;

static double processor_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Seconds a clip, the best of several rounds; `only` -1: all front-ends.
static double measure(const bench *b, int only) {
    float *out[STP_FRONT_MAX] = {0};
    for (int i = 0; i < stp_front_bank_count(b->bank); i++)
        out[i] = only < 0 || i == only ? b->out[i] : NULL;
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double start = processor_seconds();
        for (int i = 0; i < REPEATS; i++)
            stp_front_bank_extract(b->bank, b->clips, out, b->scratch);
        double seconds = (processor_seconds() - start) / REPEATS / b->lanes;
        if (seconds < best)
            best = seconds;
    }
    return best;
}

static void print(const char *name, double seconds) {
    printf("%-12s %8.1f us a clip of 1 s %8.0f clips/s\n", name, seconds * 1e6, 1 / seconds);
}

static stp_status set_up(bench *b, stp_arena *arena, const char *list, stp_err *err) {
    stp_front_spec specs[STP_FRONT_MAX];
    int count;
    STP_TRY(stp_front_list_parse(specs, &count, list, "mfcc", 16000, 20, 7600, err));
    STP_TRY(stp_front_bank_create(&b->bank, specs, count, SAMPLES, err));
    b->lanes = stp_front_bank_lanes(b->bank);
    stp_rng rng = stp_rng_at(1, STP_RNG_TEST, 0, 0);
    for (int lane = 0; lane < b->lanes; lane++) {
        int16_t *clip = STP_ARENA_ARRAY(arena, int16_t, SAMPLES);
        for (int i = 0; clip && i < SAMPLES; i++)
            clip[i] = (int16_t)(stp_rng_u64(&rng) & 0x3fff);
        b->clips[lane] = clip;
    }
    for (int i = 0; i < count; i++)
        b->out[i] = STP_ARENA_ARRAY(
            arena, float, (size_t)stp_front_bank_frames(b->bank, i) * (size_t)specs[i].coefficients * 16);
    b->scratch = stp_arena_alloc(arena, stp_front_bank_scratch_bytes(b->bank));
    return b->scratch ? STP_OK : stp_err_memory(err, "the bench", stp_front_bank_scratch_bytes(b->bank));
}

int main(int argc, char **argv) {
    stp_err err;
    bench b = {0};
    stp_arena *arena = stp_arena_create();
    stp_status status = stp_isa_select(argc > 1 ? argv[1] : "auto", &err);
    if (status == STP_OK)
        status = set_up(&b, arena, argc > 2 ? argv[2] : EIGHT, &err);
    if (status != STP_OK) {
        fprintf(stderr, "bench_front: %s\n", err.text);
        return stp_status_exit_code(status);
    }
    printf("%s, %d lanes\n", stp_isa_name(stp_isa_current()), b.lanes);
    print("together", measure(&b, -1));
    for (int i = 0; i < stp_front_bank_count(b.bank); i++) {
        char text[STP_FRONT_TEXT_BYTES];
        stp_front_spec_format(stp_front_bank_spec(b.bank, i), text);
        print(text, measure(&b, i));
    }
    stp_front_bank_destroy(b.bank);
    stp_arena_destroy(arena);
    return 0;
}
