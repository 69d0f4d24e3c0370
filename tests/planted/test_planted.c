// A search must find what was planted. Noise with a gap of 5 ms every 32 ms against noise without, of equal
// energy and (over 64 ms) equal spectrum: windows of 64 and 128 ms hold the same gaps wherever they lie, only
// one of 8 ms sees them. And a control, where the words differ in what every front-end sees: nobody is
// favoured, so that gamma must stay open for as long as the planted took. Nine seeds of ten, and enough of
// them that a last bit somewhere does not decide.
#include "unit/recordings.h"

#include "base/rng.h"
#include "run/run_settings.h"
#include "search/search.h"

enum { SAMPLES = 8000, CLIPS = 320, SEEDS = 30, GAP = 80, PERIOD = 512, FINE = 1 };

static const char fronts[] = "1024/512/8,128/128/8,2048/512/8";

static void equalise(float *x) {
    double energy = 1e-9;
    for (int i = 0; i < SAMPLES; i++)
        energy += (double)x[i] * (double)x[i];
    for (int i = 0; i < SAMPLES; i++)
        x[i] *= (float)(0.1 / sqrt(energy / SAMPLES));
}

static void make_noise(float *x, int key, int gaps) {
    stp_rng rng = stp_rng_at(1, STP_RNG_TEST, (uint64_t)gaps, (uint64_t)key);
    int phase = (int)stp_rng_below(&rng, PERIOD);
    for (int i = 0; i < SAMPLES; i++) {
        double noise = stp_rng_normal(&rng);
        x[i] = gaps && (i + phase) % PERIOD < GAP ? 0 : (float)noise;
    }
}

// The control's words: the same noise through a first-order filter, low or high.
static void tilt(float *x, int high) {
    float last = 0;
    for (int i = 0; i < SAMPLES; i++) {
        float now = x[i];
        x[i] = high ? now - 0.6f * last : now + 0.6f * last;
        last = now;
    }
}

static void record(const char *folder, int control) {
    make_folder(folder);
    for (int word = 0; word < 2; word++) {
        char name[256];
        snprintf(name, sizeof name, "%s/%s", folder, word ? "two" : "one");
        make_folder(name);
        for (int i = 0; i < CLIPS; i++) {
            float x[SAMPLES];
            make_noise(x, 2 * i + word, !control && word);
            if (control)
                tilt(x, word);
            equalise(x);
            snprintf(name, sizeof name, "%s/%s/s%03d_nohash_0.wav", folder, word ? "two" : "one", i);
            write_sound(name, SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, x, SAMPLES);
        }
    }
}

static stp_search_result search(const char *folder, int seed, int epochs) {
    stp_settings settings;
    stp_err err = {0};
    stp_corpus corpus;
    stp_run *run;
    stp_search_result result;
    stp_observer observer = {0};
    char out[64], recordings[41];
    assert_int_equal(stp_settings_defaults(&settings, STP_CMD_SEARCH, "small", &err), STP_OK);
    snprintf(settings.data, sizeof settings.data, "%s", in_root(folder));
    snprintf(settings.fronts, sizeof settings.fronts, "%s", fronts);
    settings.seed = seed;
    settings.threads = 1;
    settings.clip_ms = 500;
    settings.search_cells = 3;
    settings.search_channels = 4;
    settings.search_batch = 32;
    settings.bn_group = 32;
    settings.search_epochs = epochs;
    settings.warmup_epochs = 6;
    settings.arch_lr = 0.02;
    settings.shift_ms = 0;
    snprintf(settings.align, sizeof settings.align, "resample");
    snprintf(out, sizeof out, "%s-%d", folder, seed);
    assert_int_equal(stp_corpus_open(&corpus, &settings, settings.fronts, 1, &observer, &err), STP_OK);
    assert_int_equal(stp_run_create(&run, in_root(out), &err), STP_OK);
    stp_dataset_digest(corpus.dataset, recordings);
    assert_int_equal(
        stp_run_save_settings(run, &settings, STP_CMD_SEARCH, recordings, corpus.dataset->classes, &err),
        STP_OK);
    assert_int_equal(stp_search(&corpus, &settings, run, 0, &observer, &result, &err), STP_OK);
    stp_run_close(run);
    stp_corpus_close(&corpus);
    return result;
}

enum { EPOCHS = 24 };

static void test_planted_is_found(void **unused) {
    (void)unused;
    int found = 0;
    record("planted", 0);
    for (int seed = 1; seed <= SEEDS; seed++) {
        stp_search_result r = search("planted", seed, EPOCHS);
        print_message("seed %2d: %s, gamma %.2f against %.2f, settled in epoch %d\n", seed, r.genotype.front,
                      r.front_weight, r.second_weight, r.settled_epoch);
        found += r.front == FINE && r.settled_epoch >= 0;
    }
    assert_true(found >= SEEDS * 9 / 10);
}

static void test_control_stays_open(void **unused) {
    (void)unused;
    int open = 0;
    record("control", 1);
    for (int seed = 1; seed <= SEEDS; seed++) {
        stp_search_result r = search("control", seed, EPOCHS);
        print_message("seed %2d: %s, gamma %.2f against %.2f, settled in epoch %d\n", seed, r.genotype.front,
                      r.front_weight, r.second_weight, r.settled_epoch);
        open += r.settled_epoch < 0;
    }
    assert_true(open >= SEEDS * 9 / 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted_is_found),
        cmocka_unit_test(test_control_stays_open),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
