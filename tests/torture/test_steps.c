// Memory is planned once: between the first and the last step of an epoch nothing is allocated, neither by
// this project's functions nor, where the C library lets us look, by any other's. Checkpoints and the journal
// stand between epochs here; the one step in which gamma settles builds the supernet again, and may.
#include "unit/recordings.h"

#include "problem.h"

#include "base/isa.h"
#include "report/meter.h"
#include "run/run_settings.h"
#include "search/search.h"
#include "train/train.h"

#include <stdatomic.h>

enum { WORDS = 110, MOST_STEPS = 256 };

static const char train_front[] = "256/128/8";

// --- every allocation of the process ---------------------------------------------------------------------

static atomic_ulong mallocs;

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

void *malloc(size_t bytes) {
    atomic_fetch_add(&mallocs, 1);
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
    atomic_fetch_add(&mallocs, 1);
    return __libc_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes) {
    atomic_fetch_add(&mallocs, 1);
    return __libc_realloc(memory, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    atomic_fetch_add(&mallocs, 1);
    return __libc_memalign(alignment, bytes);
}

static void the_count_sees_malloc(void **state) {
    (void)state;
    unsigned long before = atomic_load(&mallocs);
    char *copy = strdup("inside the C library");
    assert_non_null(copy);
    free(copy);
    stp_free(stp_alloc(1));
    assert_int_equal(atomic_load(&mallocs) - before, 2);
}
#else
static void the_count_sees_malloc(void **state) {
    (void)state;
    skip(); // nobody counts but stp_alloc
}
#endif

// --- watching steps --------------------------------------------------------------------------------------

typedef struct watch {
    stp_meter meter; // draws as on a terminal
    stp_observer shown;
    unsigned long granted, mallocs; // when the last step ended
    int settled, steps, settling_steps, epochs;
    int loud[MOST_STEPS]; // steps that allocated
    int louds;
} watch;

static void see_step(void *context, const stp_progress *progress) {
    watch *w = context;
    w->shown.progress(w->shown.context, progress);
    int settles = progress->leader && progress->leader_weight == 1 && !w->settled;
    unsigned long granted = stp_alloc_count(), all = atomic_load(&mallocs);
    if (!progress->epoch_done && progress->step > 1) {
        w->steps++;
        if (settles)
            w->settling_steps++;
        else if ((granted != w->granted || all != w->mallocs) && w->louds < MOST_STEPS)
            w->loud[w->louds++] = progress->epoch * 1000 + (int)progress->step;
    }
    w->settled |= settles;
    w->epochs += progress->epoch_done;
    w->granted = stp_alloc_count();
    w->mallocs = atomic_load(&mallocs);
}

static FILE *nowhere;

static stp_observer start_watching(watch *w) {
    memset(w, 0, sizeof *w);
    stp_meter_init(&w->meter, nowhere, 0);
    w->meter.terminal = 1;
    w->shown = stp_meter_observer(&w->meter, NULL);
    return (stp_observer){.progress = see_step, .context = w};
}

static void expect_silence(const watch *w, const char *what) {
    if (w->louds)
        fail_msg("%s: %d of %d steps allocated, first step %d of epoch %d", what, w->louds, w->steps,
                 w->loud[0] % 1000, w->loud[0] / 1000 + 1);
    print_message("%s: %d steps watched in %d epochs\n", what, w->steps, w->epochs);
}

// --- a search, a training --------------------------------------------------------------------------------

static void choose(stp_settings *s, stp_command command) {
    stp_err err;
    assert_int_equal(stp_settings_defaults(s, command, "small", &err), STP_OK);
    snprintf(s->data, sizeof s->data, "%s", in_root("words"));
    strcpy(s->fronts, "256/256/8,256/128/8");
    s->clip_ms = 100;
    s->threads = 2;
    s->bn_group = s->search_batch = s->train_batch = 16;
    s->search_cells = 3;
    s->search_channels = 4;
    s->search_epochs = s->train_epochs = 4;
    s->warmup_epochs = 1;
    s->arch_lr = 0.05;
    s->drop_path = 0.2;
    s->checkpoint_steps = 1000000;
}

static stp_run *begin(const stp_settings *s, stp_command command, const char *fronts, stp_corpus *corpus,
                      const char *name) {
    stp_observer quiet = {0};
    stp_run *run;
    stp_err err;
    assert_int_equal(stp_corpus_open(corpus, s, fronts, 1, &quiet, &err), STP_OK);
    assert_int_equal(stp_run_create(&run, in_root(name), &err), STP_OK);
    assert_int_equal(stp_run_save_settings(run, s, command, "", 2, &err), STP_OK);
    return run;
}

static void watch_search(const char *name, const char *align, double gamma_ratio, int settles) {
    stp_settings s;
    stp_corpus corpus;
    stp_search_result result;
    stp_err err;
    watch w;
    choose(&s, STP_CMD_SEARCH);
    strcpy(s.align, align);
    s.gamma_ratio = gamma_ratio;
    stp_run *run = begin(&s, STP_CMD_SEARCH, s.fronts, &corpus, name);
    stp_observer observer = start_watching(&w);
    assert_int_equal(stp_search(&corpus, &s, run, 0, &observer, &result, &err), STP_OK);
    expect_silence(&w, name);
    assert_int_equal(w.epochs, 4);
    assert_true(w.steps >= 8);
    assert_int_equal(result.settled_epoch >= 0, settles);
    assert_true(w.settling_steps <= settles);
    stp_run_close(run);
    stp_corpus_close(&corpus);
}

static void search_steps_allocate_nothing(void **state) {
    (void)state;
    watch_search("search, conv", "conv", 1e9, 0);
    watch_search("search, resample", "resample", 1e9, 0);
    watch_search("search, settling", "conv", 1.0001, 1);
}

static stp_model *make_model(stp_model_net net, double drop_path, const stp_corpus *corpus) {
    stp_model *model;
    stp_err err;
    stp_genotype genotype = problem_genotype();
    stp_model_options options = {.net = net,
                                 .genotype = &genotype,
                                 .cells = 3,
                                 .channels = 4,
                                 .drop_path = drop_path > 0,
                                 .labels = corpus->dataset->labels,
                                 .classes = corpus->dataset->classes,
                                 .clip_samples = corpus->dataset->clip_samples,
                                 .front = stp_front_bank_spec(corpus->bank, 0)};
    assert_int_equal(stp_model_create(&model, &options, &err), STP_OK);
    return model;
}

static void watch_training(const char *name, stp_model_net net, double drop_path) {
    stp_settings s;
    stp_corpus corpus;
    stp_train_result result;
    stp_err err;
    watch w;
    choose(&s, STP_CMD_TRAIN);
    s.drop_path = drop_path;
    stp_run *run = begin(&s, STP_CMD_TRAIN, train_front, &corpus, name);
    stp_model *model = make_model(net, drop_path, &corpus);
    stp_observer observer = start_watching(&w);
    assert_int_equal(stp_train(model, &corpus, &s, run, 0, &observer, &result, &err), STP_OK);
    expect_silence(&w, name);
    assert_int_equal(w.epochs, 4);
    assert_true(w.steps >= 8);
    stp_model_destroy(model);
    stp_run_close(run);
    stp_corpus_close(&corpus);
}

static void training_steps_allocate_nothing(void **state) {
    (void)state;
    watch_training("training, found", STP_NET_FOUND, 0.2);
    watch_training("training, ds-cnn", STP_NET_DS_CNN, 0);
}

// --- weights that are no numbers -------------------------------------------------------------------------

static void spoil(void *context, const stp_progress *progress) {
    stp_model *model = context;
    assert_true(isfinite(progress->loss));
    if (progress->epoch == 0 && progress->step == 1)
        model->weights[0] = NAN;
}

// The rectifier after it makes zero of what is no number: the loss is one all the time.
static void a_weight_that_is_no_number_ends_training(void **state) {
    stp_settings s;
    stp_corpus corpus;
    stp_train_result result;
    stp_err err;
    (void)state;
    choose(&s, STP_CMD_TRAIN);
    stp_run *run = begin(&s, STP_CMD_TRAIN, train_front, &corpus, "spoilt");
    stp_model *model = make_model(STP_NET_DS_CNN, 0, &corpus);
    stp_observer observer = {.context = model, .progress = spoil};
    assert_int_equal(stp_train(model, &corpus, &s, run, 0, &observer, &result, &err), STP_ERR_DATA);
    assert_non_null(strstr(err.text, "the loss or a weight is no number any more in epoch 1"));
    stp_model_destroy(model);
    stp_run_close(run);
    stp_corpus_close(&corpus);
}

static int make_words(void **state) {
    int failed = make_root(state);
    nowhere = fopen("/dev/null", "w");
    make_folder("words");
    write_word("words", "one", WORDS, WORDS);
    write_word("words", "two", WORDS, WORDS);
    return failed || !nowhere;
}

static int remove_words(void **state) {
    fclose(nowhere);
    return remove_root(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_count_sees_malloc),
        cmocka_unit_test(search_steps_allocate_nothing),
        cmocka_unit_test(training_steps_allocate_nothing),
        cmocka_unit_test(a_weight_that_is_no_number_ends_training),
    };
    return cmocka_run_group_tests(tests, make_words, remove_words);
}
