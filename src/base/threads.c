#define _GNU_SOURCE // sched_getaffinity
#include "base/threads.h"

#include "base/arena.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

// Between two rounds a worker spins this often before it sleeps: rounds follow each other within
// microseconds. With more threads than processors it sleeps at once, for spinning would keep from work those
// it waits for.
enum { SPINS = 20000 };

// What a worker is told when it begins.
typedef struct worker_start {
    stp_pool *pool;
    int thread;
} worker_start;

struct stp_pool {
    int threads, spins;
    atomic_uint round;   // raised to start a round
    atomic_int finished; // workers done with this round
    atomic_int stop;
    stp_pool_fn fn;
    void *context;
    int count;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t ids[STP_POOL_MOST_THREADS];
    worker_start starts[STP_POOL_MOST_THREADS];
};

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void run_share(stp_pool *pool, int thread) {
    for (int item = thread; item < pool->count; item += pool->threads)
        pool->fn(pool->context, item, thread);
}

static void wait_for_round(stp_pool *pool, unsigned seen) {
    for (int i = 0; i < pool->spins; i++) {
        if (atomic_load_explicit(&pool->round, memory_order_acquire) != seen)
            return;
        pause_briefly();
    }
    pthread_mutex_lock(&pool->lock);
    while (atomic_load_explicit(&pool->round, memory_order_acquire) == seen)
        pthread_cond_wait(&pool->wake, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

static void *worker(void *argument) {
    const worker_start *start = argument;
    stp_pool *pool = start->pool;
    for (unsigned seen = 0;; seen++) {
        wait_for_round(pool, seen);
        if (atomic_load(&pool->stop))
            return NULL;
        run_share(pool, start->thread);
        atomic_fetch_add_explicit(&pool->finished, 1, memory_order_release);
    }
}

static void start_round(stp_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->finished, 0);
    atomic_fetch_add_explicit(&pool->round, 1, memory_order_release);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

static int start_worker(stp_pool *pool, int thread) {
    pool->starts[thread] = (worker_start){pool, thread};
    return pthread_create(&pool->ids[thread], NULL, worker, &pool->starts[thread]);
}

int stp_processors(void) {
    cpu_set_t allowed; // of 1024 processors; with more of them the call fails
    long count = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed)
                                                                     : sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > STP_POOL_MOST_THREADS ? STP_POOL_MOST_THREADS : (int)count;
}

stp_status stp_pool_create(stp_pool **out, int threads, stp_err *err) {
    if (threads == 0)
        threads = stp_processors();
    if (threads < 1 || threads > STP_POOL_MOST_THREADS)
        return stp_err_set(err, STP_ERR_USAGE,
                           "--threads %d: give a number from 1 to %d, or 0 for all processors", threads,
                           STP_POOL_MOST_THREADS);
    stp_pool *pool = stp_alloc(sizeof *pool);
    if (!pool)
        return stp_err_memory(err, "the thread pool", sizeof *pool);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->threads = 1;
    pool->spins = threads > stp_processors() ? 0 : SPINS;
    for (int t = 1; t < threads; t++) {
        if (start_worker(pool, t) != 0) {
            stp_pool_destroy(pool);
            return stp_err_set(err, STP_ERR_MEMORY,
                               "cannot start thread %d of %d; ask for fewer with --threads", t, threads);
        }
        pool->threads = t + 1;
    }
    *out = pool;
    return STP_OK;
}

void stp_pool_destroy(stp_pool *pool) {
    if (!pool)
        return;
    atomic_store(&pool->stop, 1);
    start_round(pool);
    for (int t = 1; t < pool->threads; t++)
        pthread_join(pool->ids[t], NULL);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->wake);
    stp_free(pool);
}

int stp_pool_threads(const stp_pool *pool) {
    return pool->threads;
}

void stp_pool_run(stp_pool *pool, stp_pool_fn fn, void *context, int count) {
    pool->fn = fn;
    pool->context = context;
    pool->count = count;
    if (pool->threads == 1 || count == 1) {
        for (int item = 0; item < count; item++)
            fn(context, item, 0);
        return;
    }
    start_round(pool);
    run_share(pool, 0);
    for (int spins = 0; atomic_load_explicit(&pool->finished, memory_order_acquire) < pool->threads - 1;
         spins++) {
        if (spins < pool->spins)
            pause_briefly();
        else
            sched_yield();
    }
}
