// stapes bench machine: the most that this machine can do, one thread and all of them: multiply-adds in
// registers, and reading from each level of its memory. Kernels are measured against these.
#include "base/arena.h"
#include "base/threads.h"
#include "bench.h"
#include "cli.h"
#include "kernel/probe.h"
#include "step/step.h"

#include <stdio.h>
#include <unistd.h>

enum { LEVELS = 4 };

typedef struct level {
    const char *name;
    size_t bytes; // read by each thread: half of what the level holds
} level;

typedef struct measurement {
    const stp_probe *probe;
    stp_real *memory; // of all threads
    size_t reals;     // of each one; 0: multiply-adds
    long rounds;
    double work[STP_POOL_MOST_THREADS];
} measurement;

static size_t cache_bytes(int name, size_t otherwise) {
    long bytes = sysconf(name);
    return bytes > 0 ? (size_t)bytes : otherwise;
}

static void find_levels(level levels[LEVELS]) {
    size_t l1 = (size_t)32 << 10, l2 = (size_t)512 << 10, l3 = (size_t)8 << 20;
#ifdef _SC_LEVEL1_DCACHE_SIZE // musl cannot say
    l1 = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, l1);
    l2 = cache_bytes(_SC_LEVEL2_CACHE_SIZE, l2);
    l3 = cache_bytes(_SC_LEVEL3_CACHE_SIZE, l3);
#endif
    size_t near = 4 * l2 < l3 / 2 ? 4 * l2 : l3 / 2; // a third level may be shared with other machines
    size_t far = 4 * l3 < (size_t)256 << 20 ? (size_t)256 << 20 : 4 * l3;
    size_t most = (size_t)512 << 20;
    levels[0] = (level){"first-level cache", l1 / 2};
    levels[1] = (level){"second-level cache", l2 / 2};
    levels[2] = (level){"third-level cache", near};
    levels[3] = (level){"main memory", far < most ? far : most};
}

static void measure_share(void *context, int item, int thread) {
    measurement *m = context;
    (void)thread;
    stp_real sink = (stp_real)0.5;
    if (m->reals == 0)
        m->work[item] = m->probe->multiply_add(m->rounds, &sink);
    else
        m->work[item] = m->probe->read(m->memory + (size_t)item * m->reals, m->reals, m->rounds, &sink);
    if (sink == (stp_real)12345.678) // never; the compiler cannot know
        m->work[item] = 0;
}

// Work a second of all threads together: the best of several runs of at least 50 ms.
static double rate(measurement *m, stp_pool *pool, int threads) {
    enum { RUNS = 5 };
    double best = 0;
    m->rounds = 1;
    for (int run = 0; run < RUNS;) {
        double start = stp_step_clock(), work = 0;
        stp_pool_run(pool, measure_share, m, threads);
        double seconds = stp_step_clock() - start;
        if (seconds < 0.05) {
            m->rounds *= 2;
            continue;
        }
        for (int i = 0; i < threads; i++)
            work += m->work[i];
        best = work / seconds > best ? work / seconds : best;
        run++;
    }
    return best;
}

// gflops and gbytes_per_s[LEVELS] of `threads` threads.
static stp_status measure(const stp_probe *probe, const level levels[LEVELS], int threads, double *gflops,
                          double *gbytes_per_s, stp_err *err) {
    stp_pool *pool;
    STP_TRY(stp_pool_create(&pool, threads, err));
    measurement m = {.probe = probe};
    *gflops = rate(&m, pool, threads) * 1e-9;
    stp_status status = STP_OK;
    for (int i = 0; i < LEVELS && status == STP_OK; i++) {
        m.reals = levels[i].bytes / sizeof(stp_real) / 256 * 256;
        m.memory = stp_alloc(m.reals * (size_t)threads * sizeof(stp_real));
        if (!m.memory)
            status = stp_err_memory(err, "reading from memory", levels[i].bytes * (size_t)threads);
        else
            gbytes_per_s[i] = rate(&m, pool, threads) * 1e-9;
        stp_free(m.memory);
    }
    stp_pool_destroy(pool);
    return status;
}

static int print_json(const level levels[LEVELS], int threads, const double gflops[2],
                      double gbytes_per_s[2][LEVELS]) {
    json_t *rows = json_array();
    for (int k = 0; k < 2; k++) {
        json_t *row = json_pack("{s:i, s:f}", "threads", k == 0 ? 1 : threads, "gflops", gflops[k]);
        for (int i = 0; i < LEVELS; i++)
            json_object_set_new(row, levels[i].name, json_real(gbytes_per_s[k][i]));
        json_array_append_new(rows, row);
    }
    return stp_cli_print_json("bench", json_pack("{s:s, s:i, s:o}", "isa", stp_isa_name(stp_isa_current()),
                                                 "lanes", stp_isa_lanes(stp_isa_current()), "peaks", rows));
}

static void print(const level levels[LEVELS], int threads, const double gflops[2],
                  double gbytes_per_s[2][LEVELS]) {
    printf("machine  %s, %d lanes, %d threads\n", stp_isa_name(stp_isa_current()),
           stp_isa_lanes(stp_isa_current()), threads);
    printf("%-26s %12s %12s\n", "", "one thread", "all threads");
    printf("%-26s %12.1f %12.1f  GFLOP/s\n", "multiply-adds", gflops[0], gflops[1]);
    for (int i = 0; i < LEVELS; i++)
        printf("%-26s %12.1f %12.1f  GB/s read, %zu KB a thread\n", levels[i].name, gbytes_per_s[0][i],
               gbytes_per_s[1][i], levels[i].bytes >> 10);
}

int stp_bench_machine(stp_settings *settings, const char *const *words, int count) {
    (void)words, (void)count; // takes none
    level levels[LEVELS];
    double gflops[2], gbytes_per_s[2][LEVELS];
    stp_err err;
    const int threads = settings->threads > 0 ? (int)settings->threads : stp_processors();
    const stp_probe *probe = stp_probe_get(stp_isa_current());
    find_levels(levels);
    stp_status status = measure(probe, levels, 1, &gflops[0], gbytes_per_s[0], &err);
    if (status == STP_OK)
        status = measure(probe, levels, threads, &gflops[1], gbytes_per_s[1], &err);
    if (status != STP_OK)
        return stp_cli_fail("bench", &err);
    if (settings->json)
        return print_json(levels, threads, gflops, gbytes_per_s);
    print(levels, threads, gflops, gbytes_per_s);
    return 0;
}
