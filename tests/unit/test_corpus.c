// How many batch-norm groups of a batch are held in memory at once.
#include "testing.h"

#include "step/corpus.h"

// Sizes are in lane blocks.
static int held_of(int group, int batch, int threads, int asked) {
    const int lanes = stp_isa_lanes(stp_isa_current());
    stp_settings settings = {.micro_batch = asked};
    stp_corpus corpus = {0};
    stp_err err;
    assert_int_equal(stp_pool_create(&corpus.pool, threads, &err), STP_OK);
    const int n = stp_corpus_groups_held(&corpus, &settings, group * lanes, batch * lanes);
    stp_pool_destroy(corpus.pool);
    return n;
}

static int held(int threads, int groups, int asked) {
    return held_of(4, 4 * groups, threads, asked);
}

static void as_few_as_keep_the_threads_busy(void **state) {
    (void)state;
    assert_int_equal(held(1, 4, 0), 1);
    assert_int_equal(held(2, 4, 0), 1);
    assert_int_equal(held(3, 4, 0), 2); // 3 + 3 turns, as many as 16 blocks at once take
    assert_int_equal(held(4, 4, 0), 1);
    assert_int_equal(held(8, 4, 0), 2);
    assert_int_equal(held(16, 4, 0), 4);
    assert_int_equal(held(100, 4, 0), 4);
    assert_int_equal(held(2, 1, 0), 1);
    assert_int_equal(held_of(4, 2, 2, 0), 1); // less than a group
    assert_int_equal(held_of(4, 2, 2, 3), 1);
    assert_int_equal(held_of(16, 128, 3, 0), 2); // 44 turns, where all at once would take 43
}

static void what_is_asked_for_but_no_more_than_a_batch(void **state) {
    (void)state;
    assert_int_equal(held(1, 4, 3), 3);
    assert_int_equal(held(8, 4, 1), 1);
    assert_int_equal(held(2, 4, 9), 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_few_as_keep_the_threads_busy),
        cmocka_unit_test(what_is_asked_for_but_no_more_than_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
