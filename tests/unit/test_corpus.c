// How a set of clips is cut up into batches and groups, and how many groups are held in memory at once.
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

// How a set of `count` clips is cut up; {0, 0} where that is refused.
typedef struct cut {
    int group, batch;
} cut;

static cut cut_up(int bn_group, int count, int wanted) {
    stp_settings settings = {.bn_group = bn_group};
    stp_err err;
    cut c;
    if (stp_corpus_group(&settings, count, wanted, &c.group, &c.batch, &err) == STP_OK)
        return c;
    assert_int_equal(err.status, STP_ERR_USAGE);
    return (cut){0, 0};
}

static void assert_cut(cut c, int group, int batch) {
    assert_int_equal(c.group, group);
    assert_int_equal(c.batch, batch);
}

static void a_batch_is_as_large_as_asked_for(void **state) {
    (void)state;
    assert_cut(cut_up(64, 1000, 64), 64, 64);
    assert_cut(cut_up(64, 1000, 256), 64, 256);
    assert_cut(cut_up(64, 1000, 32), 32, 32); // less than a group
    assert_cut(cut_up(64, 1000, 16), 16, 16);
    assert_cut(cut_up(64, 150, 256), 64, 128); // what there is
    assert_cut(cut_up(64, 40, 256), 32, 32);
    assert_cut(cut_up(64, 9, 256), 16, 16);
    assert_cut(cut_up(64, 1000, 24), 0, 0);
    assert_cut(cut_up(64, 1000, 96), 0, 0);
    assert_cut(cut_up(24, 1000, 48), 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_few_as_keep_the_threads_busy),
        cmocka_unit_test(a_batch_is_as_large_as_asked_for),
        cmocka_unit_test(what_is_asked_for_but_no_more_than_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
