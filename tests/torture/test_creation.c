// Everything a step needs is created before the first one; memory may run out anywhere in it.
#include "unit/recordings.h"

#include "torture/torture.h"

#include "base/isa.h"
#include "step/step.h"

typedef struct creation {
    const char *what;
    stp_status (*make)(void *context, void **made, stp_err *err);
    void (*destroy)(void *made);
    void *context;
} creation;

// A request is refused, alone and with all after it: STP_ERR_MEMORY, one line, nothing kept.
static void torture(const creation *c) {
    stp_err err = {0};
    void *made = NULL;
    unsigned long before = 0;
    for (int round = 0; round < 2; round++) { // the first may leave a cache behind
        before = stp_alloc_count();
        assert_int_equal(c->make(c->context, &made, &err), STP_OK);
        c->destroy(made);
    }
    long requests = (long)(stp_alloc_count() - before);
    for (int forever = 0; forever < 2; forever++)
        for (long n = 0; n < requests; n = torture_next(n, requests)) {
            torture_holdings held = torture_hold(), after;
            err = (stp_err){0};
            torture_refuse(n, forever);
            stp_status status = c->make(c->context, &made, &err);
            unsigned long refused = stp_alloc_refused();
            stp_alloc_fail_after(-1);
            after = torture_hold_again(&held);
            if (status != STP_ERR_MEMORY || err.status != STP_ERR_MEMORY || !err.text[0] ||
                strchr(err.text, '\n') || memcmp(&held, &after, sizeof held) != 0 || !refused)
                fail_msg("%s, request %ld of %ld: status %d, %lu refused, %ld blocks kept: %s", c->what, n,
                         requests, (int)status, refused, after.blocks - held.blocks, err.text);
        }
    print_message("%s: %ld requests\n", c->what, requests);
}

typedef struct setting {
    stp_pool *pool;
    stp_supernet_options supernet;
    stp_graph *graph;
    stp_corpus *corpus;
    int training;
} setting;

static stp_status make_graph(void *context, void **made, stp_err *err) {
    return stp_supernet_build((stp_graph **)made, &((setting *)context)->supernet, err);
}

static void destroy_graph(void *made) {
    stp_graph_destroy(made);
}

static stp_status make_exec(void *context, void **made, stp_err *err) {
    const setting *s = context;
    stp_exec_options options = {
        .isa = stp_isa_current(), .group_samples = 16, .groups = 2, .training = s->training};
    return stp_exec_create((stp_exec **)made, s->graph, s->pool, &options, err);
}

static void destroy_exec(void *made) {
    stp_exec_destroy(made);
}

static stp_status make_stepper(void *context, void **made, stp_err *err) {
    const setting *s = context;
    stp_stepper_options options = {.align = s->supernet.align,
                                   .grid = s->supernet.grid,
                                   .fronts = s->supernet.fronts,
                                   .front = {0, 1},
                                   .group_samples = 16,
                                   .groups = 2,
                                   .training = s->training};
    return stp_stepper_create((stp_stepper **)made, s->graph, s->corpus, &options, err);
}

static void destroy_stepper(void *made) {
    stp_stepper_destroy(made);
}

static stp_status make_pool(void *context, void **made, stp_err *err) {
    (void)context;
    return stp_pool_create((stp_pool **)made, 3, err);
}

static void destroy_pool(void *made) {
    stp_pool_destroy(made);
}

static stp_status make_corpus(void *context, void **made, stp_err *err) {
    static stp_corpus corpus;
    stp_observer observer = {0};
    *made = &corpus;
    return stp_corpus_open(&corpus, context, ((stp_settings *)context)->fronts, 1, &observer, err);
}

static void destroy_corpus(void *made) {
    stp_corpus_close(made);
}

static void choose_settings(stp_settings *settings) {
    stp_err err;
    assert_int_equal(stp_settings_defaults(settings, STP_CMD_SEARCH, "small", &err), STP_OK);
    snprintf(settings->data, sizeof settings->data, "%s", in_root("words"));
    strcpy(settings->fronts, "256/256/8,256/128/8");
    settings->clip_ms = 100;
    settings->threads = 2;
}

static void memory_runs_out_while_things_are_made(void **state) {
    (void)state;
    stp_settings settings;
    void *made;
    stp_err err;
    choose_settings(&settings);
    const creation recordings = {"recordings, cached", make_corpus, destroy_corpus, &settings};
    torture(&recordings);
    assert_int_equal(make_corpus(&settings, &made, &err), STP_OK);
    stp_corpus *corpus = made;
    setting s = {.pool = corpus->pool,
                 .corpus = corpus,
                 .supernet = {.cells = 3,
                              .channels = 4,
                              .partial = 4,
                              .classes = 2,
                              .align = STP_ALIGN_CONV,
                              .fronts = 2,
                              .front_id = {0, 1},
                              .shape = {corpus->shape[0], corpus->shape[1]}}};
    s.supernet.grid = stp_align_grid(STP_ALIGN_CONV, corpus->shape, 2);
    const creation graph = {"a supernet's graph", make_graph, destroy_graph, &s};
    torture(&graph);
    assert_int_equal(stp_supernet_build(&s.graph, &s.supernet, &err), STP_OK);
    for (s.training = 0; s.training < 2; s.training++) {
        const creation exec = {"running it", make_exec, destroy_exec, &s};
        const creation stepper = {"a step", make_stepper, destroy_stepper, &s};
        torture(&exec);
        torture(&stepper);
    }
    const creation pool = {"three threads", make_pool, destroy_pool, NULL};
    torture(&pool);
    stp_graph_destroy(s.graph);
    stp_corpus_close(corpus);
}

static int make_words(void **state) {
    int failed = make_root(state);
    make_folder("words");
    write_word("words", "one", 30, 30);
    write_word("words", "two", 30, 30);
    return failed;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_runs_out_while_things_are_made),
    };
    return cmocka_run_group_tests(tests, make_words, remove_root);
}
