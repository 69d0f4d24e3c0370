// The thread pool: every item once, on the thread that the static schedule names, whatever the numbers.
#define _GNU_SOURCE // sched_getaffinity
#include "testing.h"

#include "base/arena.h"
#include "base/threads.h"

#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MOST = 1000 };
static stp_err err;

typedef struct work {
    atomic_int runs[MOST];
    int thread[MOST];
    double result[MOST];
} work;

static void one_item(void *context, int item, int thread) {
    work *w = context;
    atomic_fetch_add(&w->runs[item], 1);
    w->thread[item] = thread;
    w->result[item] = 1.0 / (item + 3);
}

static stp_pool *make_pool(int threads) {
    stp_pool *pool;
    assert_int_equal(stp_pool_create(&pool, threads, &err), STP_OK);
    return pool;
}

static void every_item_runs_once(void **state) {
    (void)state;
    const int threads[] = {1, 2, 3, 8}, counts[] = {0, 1, 2, 7, 8, 9, MOST};
    static work w;
    for (int t = 0; t < 4; t++) {
        stp_pool *pool = make_pool(threads[t]);
        assert_int_equal(stp_pool_threads(pool), threads[t]);
        for (int c = 0; c < 7; c++) {
            memset(&w, 0, sizeof w);
            stp_pool_run(pool, one_item, &w, counts[c]);
            for (int i = 0; i < MOST; i++) {
                assert_int_equal(atomic_load(&w.runs[i]), i < counts[c]);
                if (i < counts[c] && counts[c] > 1)
                    assert_int_equal(w.thread[i], i % threads[t]);
            }
        }
        stp_pool_destroy(pool);
    }
}

// Sums taken in item order have the same bits on any number of threads.
static void results_do_not_depend_on_threads(void **state) {
    (void)state;
    const int threads[] = {1, 2, 3, 8};
    static work w;
    double first = 0;
    for (int t = 0; t < 4; t++) {
        stp_pool *pool = make_pool(threads[t]);
        memset(&w, 0, sizeof w);
        stp_pool_run(pool, one_item, &w, MOST);
        stp_pool_destroy(pool);
        double sum = 0;
        for (int i = 0; i < MOST; i++)
            sum += w.result[i];
        if (t == 0)
            first = sum;
        assert_memory_equal(&sum, &first, sizeof sum);
    }
}

// Many rounds, some straight after another and some after the workers went to sleep: none is lost.
static void no_round_is_lost(void **state) {
    (void)state;
    static work w;
    memset(&w, 0, sizeof w);
    enum { ROUNDS = 1000 };
    stp_pool *pool = make_pool(3);
    for (int round = 0; round < ROUNDS; round++) {
        stp_pool_run(pool, one_item, &w, 5);
        if (round % 100 == 0)
            usleep(5000);
        for (int i = 0; i < 5; i++)
            assert_int_equal(atomic_load(&w.runs[i]), round + 1); // all done when run returns
    }
    stp_pool_destroy(pool);
}

static void pools_come_and_go(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++)
        stp_pool_destroy(make_pool(1 + i % 4)); // some never ran anything
    stp_pool_destroy(NULL);
}

static int threads_by_default(void) {
    stp_pool *pool = make_pool(0);
    int threads = stp_pool_threads(pool);
    stp_pool_destroy(pool);
    return threads;
}

static void threads_by_default_are_the_processors_allowed(void **state) {
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_int_equal(threads_by_default(),
                     CPU_COUNT(&before) < STP_POOL_MOST_THREADS ? CPU_COUNT(&before) : STP_POOL_MOST_THREADS);
    CPU_ZERO(&one);
    int first = 0;
    while (!CPU_ISSET(first, &before))
        first++;
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    const int threads = threads_by_default();
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0); // before a failure could end the test
    assert_int_equal(threads, 1);
}

static void wrong_numbers_are_refused(void **state) {
    (void)state;
    stp_pool *pool;
    assert_refused(stp_pool_create(&pool, -1, &err), STP_ERR_USAGE, &err, "--threads -1");
    assert_refused(stp_pool_create(&pool, 257, &err), STP_ERR_USAGE, &err, "--threads 257");
}

static void pools_survive_want_of_memory(void **state) {
    (void)state;
    stp_pool *pool;
    stp_alloc_fail_after(0);
    stp_status status = stp_pool_create(&pool, 4, &err);
    stp_alloc_fail_after(-1);
    assert_int_equal(status, STP_ERR_MEMORY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_runs_once),
        cmocka_unit_test(results_do_not_depend_on_threads),
        cmocka_unit_test(no_round_is_lost),
        cmocka_unit_test(pools_come_and_go),
        cmocka_unit_test(threads_by_default_are_the_processors_allowed),
        cmocka_unit_test(wrong_numbers_are_refused),
        cmocka_unit_test(pools_survive_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
