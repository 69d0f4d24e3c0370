// A system over folders and over single clips: both ways the same answers, classes matched by name, and
// folders that do not fit refused by the words they lack.
#include "recordings.h"

#include "audio/audio.h"
#include "eval/classify.h"
#include "eval/evaluate.h"
#include "eval/examine.h"
#include "eval/metrics.h"

enum { CLIP = 1600, CLASSES = 4 };

static const char *const labels[CLASSES] = {"left", "right", "_unknown_", "_silence_"};

static int make_folders(void **state) {
    if (make_root(state) != 0)
        return -1;
    make_folder("all");
    write_word("all", "right", 12, 6);
    write_word("all", "left", 12, 6);
    write_word("all", "other", 12, 6);
    make_folder("all/_background_noise_");
    write_clip("all/_background_noise_/hum.wav", 3, 10 * CLIP);
    make_folder("words"); // no other words
    write_word("words", "right", 6, 6);
    write_word("words", "left", 6, 6);
    make_folder("words/_background_noise_");
    write_clip("words/_background_noise_/hum.wav", 3, 10 * CLIP);
    make_folder("quiet"); // no noise
    write_word("quiet", "right", 6, 6);
    write_word("quiet", "left", 6, 6);
    write_word("quiet", "up", 6, 6);
    make_folder("one");
    write_word("one", "left", 6, 6);
    make_folder("none");
    write_word("none", "up", 6, 6);
    write_word("none", "down", 6, 6);
    return 0;
}

static stp_model *make_model(int drop_silence) {
    stp_front_spec front;
    stp_model *model;
    stp_err err;
    assert_int_equal(stp_front_spec_parse(&front, "400/200/20:10", "mfcc", RATE, 20, 7600, &err), STP_OK);
    stp_model_options options = {.net = STP_NET_DS_CNN,
                                 .labels = labels,
                                 .classes = CLASSES - drop_silence,
                                 .clip_samples = CLIP,
                                 .front = &front};
    assert_int_equal(stp_model_create(&model, &options, &err), STP_OK);
    stp_graph_init(model->graph, 5, model->weights, model->running);
    for (int i = 0; i < front.coefficients; i++) {
        model->norm_mean[i] = (float)i - 5;
        model->norm_inv[i] = 0.5f + 0.01f * (float)i;
    }
    // As drawn, every layer weakens the signal; smaller variances bring it back.
    for (int b = 0; b < model->graph->bns; b++)
        for (int c = 0; c < model->graph->bn[b].channels; c++)
            model->running[model->graph->bn[b].state + model->graph->bn[b].channels + c] = 0.15f;
    return model;
}

static stp_settings settings_for(const char *folder) {
    stp_settings settings;
    stp_err err;
    assert_int_equal(stp_settings_defaults(&settings, STP_CMD_TRAIN, "small", &err), STP_OK);
    snprintf(settings.data, sizeof settings.data, "%s", in_root(folder));
    settings.clip_ms = 100;
    settings.threads = 2;
    return settings;
}

static const stp_observer observer = {.note = take_warning};

static void examine(const char *folder, const stp_model *model, stp_split split, long long *counts) {
    stp_corpus corpus;
    stp_err err;
    stp_settings settings = settings_for(folder);
    warned = (warnings){0};
    if (stp_examine_open(&corpus, model, &settings, &observer, &err) != STP_OK)
        fail_msg("%s", err.text);
    memset(counts, 0, sizeof *counts * CLASSES * CLASSES);
    if (stp_examine(&corpus, model, &settings, split, counts, &err) != STP_OK)
        fail_msg("%s", err.text);
    stp_corpus_close(&corpus);
}

static long long row_of(const long long *counts, int classes, int truth) {
    return stp_confusion_recall(counts, classes, truth).total;
}

static void every_clip_is_counted_in_its_class(void **state) {
    (void)state;
    stp_model *model = make_model(0);
    long long counts[CLASSES * CLASSES], part[CLASSES * CLASSES], sum[CLASSES * CLASSES] = {0};
    examine("all", model, STP_SPLITS, counts);
    assert_int_equal(row_of(counts, CLASSES, 0), 12);
    assert_int_equal(row_of(counts, CLASSES, 1), 12);
    assert_int_equal(row_of(counts, CLASSES, 2), 12); // "other"
    assert_true(row_of(counts, CLASSES, 3) >= 3);     // _silence_ in every split
    for (int split = 0; split < STP_SPLITS; split++) {
        examine("all", model, (stp_split)split, part);
        for (int i = 0; i < CLASSES * CLASSES; i++)
            sum[i] += part[i];
    }
    assert_memory_equal(sum, counts, sizeof sum);
    stp_model_destroy(model);
}

// The folder has no _unknown_: _silence_ must still land in the model's own last class.
static void classes_are_matched_by_name(void **state) {
    (void)state;
    stp_model *model = make_model(0);
    long long counts[CLASSES * CLASSES];
    examine("words", model, STP_SPLITS, counts);
    assert_int_equal(row_of(counts, CLASSES, 0), 6);
    assert_int_equal(row_of(counts, CLASSES, 2), 0);
    assert_true(row_of(counts, CLASSES, 3) >= 3);
    examine("quiet", model, STP_SPLITS, counts);
    assert_int_equal(row_of(counts, CLASSES, 2), 6);
    assert_int_equal(row_of(counts, CLASSES, 3), 0);
    assert_non_null(strstr(warned.all, "_silence_ is not tested"));
    stp_model_destroy(model);
}

static void folders_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *folder;
        stp_status status;
        const char *said[2];
    } cases[] = {{"one", STP_ERR_DATA, {"1 of the system's 2 words has no folder", "right"}},
                 {"none", STP_ERR_DATA, {"none of the system's words", "left, right"}},
                 {"nowhere", STP_ERR_IO, {"no such folder", "--data"}}};
    stp_model *model = make_model(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stp_corpus corpus;
        stp_err err = {0};
        stp_settings settings = settings_for(cases[i].folder);
        assert_int_not_equal(stp_examine_open(&corpus, model, &settings, &observer, &err), STP_OK);
        assert_error(&err, cases[i].status, cases[i].said[0], cases[i].said[1], NULL);
    }
    stp_corpus corpus;
    stp_err err = {0};
    stp_settings settings = settings_for("all");
    settings.clip_ms = 200; // not the model's
    assert_int_not_equal(stp_examine_open(&corpus, model, &settings, &observer, &err), STP_OK);
    assert_error(&err, STP_ERR_MISMATCH, "1600", NULL);
    stp_model_destroy(model);
}

static void a_split_without_clips_is_refused(void **state) {
    (void)state;
    make_folder("few");
    write_word("few", "left", 1, 1);
    write_word("few", "right", 1, 1);
    write_text("few/testing_list.txt", "left/s000_nohash_0.wav\nright/s000_nohash_0.wav\n");
    write_text("few/validation_list.txt", "");
    stp_model *model = make_model(1);
    stp_corpus corpus;
    stp_err err = {0};
    stp_settings settings = settings_for("few");
    long long counts[CLASSES * CLASSES] = {0};
    if (stp_examine_open(&corpus, model, &settings, &observer, &err) != STP_OK)
        fail_msg("%s", err.text);
    assert_int_not_equal(stp_examine(&corpus, model, &settings, STP_TRAINING, counts, &err), STP_OK);
    assert_error(&err, STP_ERR_DATA, "no clip for training", "--split", NULL);
    assert_int_equal(stp_examine(&corpus, model, &settings, STP_TESTING, counts, &err), STP_OK);
    assert_int_equal(row_of(counts, CLASSES - 1, 0) + row_of(counts, CLASSES - 1, 1), 2);
    stp_corpus_close(&corpus);
    stp_model_destroy(model);
}

// --- single clips ---------------------------------------------------------------------------------------

typedef struct answers {
    int count;
    double *probabilities;
} answers;

// What evaluation says of the clips that are files (silence is not).
static answers ask_evaluation(const stp_model *model, stp_corpus *corpus, int *clips) {
    stp_stepper *stepper;
    stp_err err;
    answers a = {0};
    for (int i = 0; i < corpus->dataset->clips; i++)
        if (corpus->dataset->clip[i].word >= 0)
            clips[a.count++] = i;
    a.probabilities = calloc((size_t)a.count * CLASSES, sizeof *a.probabilities);
    assert_int_equal(stp_evaluate_stepper(&stepper, model, corpus, 32, NULL, &err), STP_OK);
    stp_evaluation e = {.probabilities = a.probabilities};
    stp_evaluate(stepper, corpus, model->weights, model->running, NULL, clips, a.count, &e);
    stp_stepper_destroy(stepper);
    return a;
}

static void read_clip(const stp_corpus *corpus, int clip, int16_t *audio) {
    char name[PATH_ROOM];
    stp_sound sound;
    stp_err err;
    snprintf(name, sizeof name, "all/%s", corpus->dataset->clip[clip].path);
    if (stp_sound_read(&sound, in_root(name), RATE, 0, &err) != STP_OK)
        fail_msg("%s", err.text);
    stp_sound_clip(sound.samples, sound.count, CLIP, audio);
    stp_sound_free(&sound);
}

static void one_clip_at_a_time_is_the_same(void **state) {
    (void)state;
    stp_model *model = make_model(0);
    stp_corpus corpus;
    stp_pool *pool;
    stp_classifier *classifier;
    stp_err err;
    stp_settings settings = settings_for("all");
    assert_int_equal(stp_examine_open(&corpus, model, &settings, &observer, &err), STP_OK);
    int *clips = calloc((size_t)corpus.dataset->clips, sizeof *clips);
    answers a = ask_evaluation(model, &corpus, clips);
    assert_int_equal(a.count, 36);
    assert_int_equal(stp_pool_create(&pool, 2, &err), STP_OK);
    assert_int_equal(stp_classifier_create(&classifier, model, pool, &err), STP_OK);
    static int16_t audio[STP_CLASSIFY_MOST][CLIP];
    double probabilities[STP_CLASSIFY_MOST * CLASSES];
    double least = 1, most = 0; // of the first class
    // In batches of 1, 2, 3 ... clips: neither the company nor the lane may matter.
    for (int first = 0, size = 1; first < a.count; first += size, size = size % STP_CLASSIFY_MOST + 1) {
        const int16_t *batch[STP_CLASSIFY_MOST];
        int count = a.count - first < size ? a.count - first : size;
        for (int i = 0; i < count; i++) {
            read_clip(&corpus, clips[first + i], audio[i]);
            batch[i] = audio[i];
        }
        stp_classify(classifier, batch, count, probabilities);
        assert_memory_equal(probabilities, a.probabilities + first * CLASSES,
                            sizeof *probabilities * (size_t)(count * CLASSES));
        for (int i = 0; i < count * CLASSES; i += CLASSES) {
            least = fmin(least, probabilities[i]);
            most = fmax(most, probabilities[i]);
        }
    }
    assert_true(most - least > 0.01); // the clips do differ
    unsigned long before = stp_alloc_count();
    stp_classify(classifier, (const int16_t *[]){audio[0]}, 1, probabilities);
    assert_int_equal(stp_alloc_count(), before);
    stp_classifier_destroy(classifier);
    stp_pool_destroy(pool);
    stp_corpus_close(&corpus);
    free(a.probabilities);
    free(clips);
    stp_model_destroy(model);
}

static void memory_can_run_out(void **state) {
    (void)state;
    stp_model *model = make_model(0);
    stp_pool *pool;
    stp_classifier *classifier = NULL;
    stp_err err = {0};
    assert_int_equal(stp_pool_create(&pool, 1, &err), STP_OK);
    stp_status status = STP_ERR_MEMORY;
    int failures = 0;
    for (long n = 0; status != STP_OK; n++, failures++) {
        stp_alloc_fail_after(n);
        status = stp_classifier_create(&classifier, model, pool, &err);
        stp_alloc_fail_after(-1);
        assert_true(status == STP_OK || status == STP_ERR_MEMORY);
    }
    assert_true(failures > 3);
    stp_classifier_destroy(classifier);
    stp_pool_destroy(pool);
    stp_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_clip_is_counted_in_its_class),
        cmocka_unit_test(classes_are_matched_by_name),
        cmocka_unit_test(folders_that_do_not_fit_are_refused),
        cmocka_unit_test(a_split_without_clips_is_refused),
        cmocka_unit_test(one_clip_at_a_time_is_the_same),
        cmocka_unit_test(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, make_folders, remove_root);
}
