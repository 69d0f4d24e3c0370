// The public header, as a program sees it that knows nothing else: a system made here is opened, hears, and
// is closed.
#include "stapes/stapes.h"

#include "base/arena.h"
#include "graph/graph.h"
#include "model/model.h"
#include "run/run_settings.h"
#include "testing.h"

enum { CLIP = 1600, CLASSES = 3 };
static char folder[64];

static int make_system(void **state) {
    (void)state;
    static const char *const labels[CLASSES] = {"ja", "n\xc3\xa4", "_unknown_"};
    stp_front_spec front;
    stp_settings settings;
    stp_model *model;
    stp_run *run;
    stp_err err;
    testing_make_folder(folder);
    assert_int_equal(stp_front_spec_parse(&front, "400/200/20:10", "mfcc", 16000, 20, 7600, &err), STP_OK);
    stp_model_options options = {
        .net = STP_NET_DS_CNN, .labels = labels, .classes = CLASSES, .clip_samples = CLIP, .front = &front};
    assert_int_equal(stp_model_create(&model, &options, &err), STP_OK);
    stp_graph_init(model->graph, 1, model->weights, model->running);
    for (int i = 0; i < front.coefficients; i++)
        model->norm_inv[i] = 1;
    assert_int_equal(stp_settings_defaults(&settings, STP_CMD_TRAIN, "small", &err), STP_OK);
    assert_int_equal(stp_run_create(&run, folder, &err), STP_OK);
    assert_int_equal(stp_run_save_settings(run, &settings, STP_CMD_TRAIN, "", CLASSES, &err), STP_OK);
    assert_int_equal(stp_model_save(model, run, &err), STP_OK);
    stp_run_close(run);
    stp_model_destroy(model);
    return 0;
}

static int remove_system(void **state) {
    (void)state;
    testing_remove_folder(folder);
    return 0;
}

static void fill(int16_t *clip, int which) {
    for (int i = 0; i < CLIP; i++)
        clip[i] = (int16_t)((i * (which + 3) * 37) % 4001 - 2000);
}

static void a_system_is_opened_and_hears(void **state) {
    (void)state;
    char error[STAPES_ERROR_BYTES] = "";
    stapes_spotter *spotter;
    assert_int_equal(stapes_spotter_open(&spotter, folder, 1, error), 0);
    assert_int_equal(stapes_spotter_rate_hz(spotter), 16000);
    assert_int_equal(stapes_spotter_clip_samples(spotter), CLIP);
    assert_int_equal(stapes_spotter_labels(spotter), CLASSES);
    assert_string_equal(stapes_spotter_label(spotter, 1), "n\xc3\xa4");
    static int16_t audio[STAPES_CLIPS_MOST][CLIP];
    const int16_t *clips[STAPES_CLIPS_MOST];
    double together[STAPES_CLIPS_MOST][CLASSES], alone[CLASSES];
    for (int i = 0; i < STAPES_CLIPS_MOST; i++) {
        fill(audio[i], i);
        clips[i] = audio[i];
    }
    stapes_spotter_hear(spotter, clips, STAPES_CLIPS_MOST, together[0]);
    for (int i = 0; i < STAPES_CLIPS_MOST; i++) {
        stapes_spotter_hear(spotter, clips + i, 1, alone);
        assert_memory_equal(alone, together[i], sizeof alone); // what it gets does not depend on the others
        double sum = alone[0] + alone[1] + alone[2];
        assert_true(sum > 1 - 1e-9 && sum < 1 + 1e-9);
    }
    assert_memory_not_equal(together[0], together[1], sizeof alone);
    stapes_spotter_close(spotter);
}

static void threads_change_nothing_and_hearing_allocates_nothing(void **state) {
    (void)state;
    static int16_t audio[STAPES_CLIPS_MOST][CLIP];
    const int16_t *clips[STAPES_CLIPS_MOST];
    double first[STAPES_CLIPS_MOST][CLASSES], heard[STAPES_CLIPS_MOST][CLASSES];
    for (int i = 0; i < STAPES_CLIPS_MOST; i++) {
        fill(audio[i], i);
        clips[i] = audio[i];
    }
    const int threads[] = {1, 3, 0};
    for (int t = 0; t < 3; t++) {
        char error[STAPES_ERROR_BYTES] = "";
        stapes_spotter *spotter;
        assert_int_equal(stapes_spotter_open(&spotter, folder, threads[t], error), 0);
        unsigned long requests = stp_alloc_count();
        stapes_spotter_hear(spotter, clips, STAPES_CLIPS_MOST, heard[0]);
        assert_int_equal(stp_alloc_count(), requests);
        if (t == 0)
            memcpy(first, heard, sizeof first);
        assert_memory_equal(heard, first, sizeof first);
        stapes_spotter_close(spotter);
    }
}

static void samples_of_any_number_make_a_clip(void **state) {
    (void)state;
    char error[STAPES_ERROR_BYTES] = "";
    stapes_spotter *spotter;
    assert_int_equal(stapes_spotter_open(&spotter, folder, 1, error), 0);
    static int16_t samples[3 * CLIP], clip[CLIP];
    for (int i = 2000; i < 2000 + CLIP; i++)
        samples[i] = 9;
    stapes_spotter_cut(spotter, samples, 3 * CLIP, clip);
    assert_true(clip[0] == 9 && clip[CLIP - 1] == 9);
    stapes_spotter_cut(spotter, samples + 2000, 100, clip);
    assert_true(clip[0] == 0 && clip[CLIP / 2] == 9 && clip[CLIP - 1] == 0);
    stapes_spotter_cut(spotter, samples, 0, clip);
    assert_true(clip[CLIP / 2] == 0);
    stapes_spotter_close(spotter);
}

static void what_is_no_system_is_told(void **state) {
    (void)state;
    char error[STAPES_ERROR_BYTES] = "", path[128];
    stapes_spotter *spotter = (stapes_spotter *)&error;
    assert_int_equal(stapes_spotter_open(&spotter, "/no/such/run", 1, error), 1);
    assert_null(spotter);
    assert_non_null(strstr(error, "/no/such/run: cannot open this run"));
    snprintf(path, sizeof path, "%s/weights.bin", folder);
    testing_write_file(path, "none", 4);
    assert_int_equal(stapes_spotter_open(&spotter, folder, 1, error), 1);
    assert_non_null(strstr(error, "weights.bin"));
    snprintf(path, sizeof path, "%s/model.json", folder);
    assert_int_equal(remove(path), 0);
    assert_int_equal(stapes_spotter_open(&spotter, folder, 1, error), 2);
    assert_non_null(strstr(error, "has not finished its training"));
    assert_null(strchr(error, '\n'));
    stapes_spotter_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_system_is_opened_and_hears),
        cmocka_unit_test(threads_change_nothing_and_hearing_allocates_nothing),
        cmocka_unit_test(samples_of_any_number_make_a_clip),
        cmocka_unit_test(what_is_no_system_is_told), // spoils the folder: last
    };
    return cmocka_run_group_tests(tests, make_system, remove_system);
}
