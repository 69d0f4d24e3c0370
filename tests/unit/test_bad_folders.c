// Every kind of folder that is no good: refused in a line, or its bad files skipped and counted.
#include "recordings.h"

static void test_folders_that_are_no_good(void **state) {
    (void)state;
    stp_err err;
    stp_dataset_options options = options_for("nowhere");
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_IO, "nowhere", "No such file", NULL);
    make_folder("empty");
    options = options_for("empty");
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_DATA, "empty", "no recordings", NULL);
    make_folder("empty/word"); // folders without recordings
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_DATA, "empty", "no recordings", NULL);
    make_folder("single");
    write_word("single", "only", 20, 10);
    options = options_for("single");
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_DATA, "only one class", "only", NULL);
    make_folder("tiny");
    write_word("tiny", "a", 1, 1);
    write_word("tiny", "b", 1, 1);
    options = options_for("tiny");
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_DATA, "no clip for", "add recordings", NULL);
    options.dir = "";
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_USAGE, NULL);
    write_text("flat", "x");
    options.dir = in_root("flat");
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_IO, "flat", "Not a directory", NULL);
}

static void test_labels_of_folders(void **state) {
    (void)state;
    stp_err err;
    static const struct {
        const char *label, *word;
    } bad[] = {{"a,b", "comma"}, {"a\nb", "control"}, {"a\x7f", "control"}, {"caf\xe9", "UTF-8"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char dir[32];
        snprintf(dir, sizeof dir, "label%zu", i);
        make_folder(dir);
        write_word(dir, "fine", 5, 5);
        write_word(dir, bad[i].label, 5, 5);
        stp_dataset_options options = options_for(dir);
        open_bad(&options, &err);
        assert_error(&err, STP_ERR_DATA, dir, bad[i].word, "rename", NULL);
    }
    make_folder("tongues");
    write_word("tongues", "turn left", 5, 5);
    write_word("tongues", "größer", 5, 5);
    write_word("tongues", "左", 5, 5);
    stp_dataset_options options = options_for("tongues");
    options.labels = "左,turn left, größer";
    stp_dataset *dataset = open_good(&options);
    assert_int_equal(dataset->classes, 3);
    assert_string_equal(dataset->labels[0], "左");
    assert_string_equal(dataset->labels[2], "größer");
    stp_dataset_close(dataset);
}

static void test_bad_clips_are_skipped(void **state) {
    (void)state;
    make_folder("mixed");
    write_word("mixed", "a", 12, 12);
    write_word("mixed", "b", 12, 12);
    write_text("mixed/a/notes.txt", "not a recording");
    write_text("mixed/a/text.wav", "not a recording");
    write_text("mixed/a/nothing.wav", "");
    write_sound("mixed/a/zero.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, NULL, 0);
    write_clip("mixed/a/cut.wav", 4, 1600);
    assert_int_equal(truncate(in_root("mixed/a/cut.wav"), 1000), 0);
    static float bad[100] = {[7] = NAN};
    write_sound("mixed/b/nan.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, RATE, 1, bad, 100);
    write_clip("mixed/b/large.wav", 4, 600000);
    make_folder("mixed/b/folder");
    assert_int_equal(mkfifo(in_root("mixed/b/pipe.wav"), 0600), 0);
    assert_int_equal(symlink("loop.wav", in_root("mixed/b/loop.wav")), 0);
    assert_int_equal(symlink("../b", in_root("mixed/b/up")), 0);
    // beside the words: a link to itself, a link to nothing, a file, noise larger than the limit
    assert_int_equal(symlink("c", in_root("mixed/c")), 0);
    assert_int_equal(symlink("nowhere", in_root("mixed/d")), 0);
    write_text("mixed/e", "a word that is a file");
    write_clip("mixed/stray.wav", 1, 100);
    make_folder("mixed/hollow");
    make_folder("mixed/_background_noise_");
    write_clip("mixed/_background_noise_/long.wav", 4, 600000);
    write_text("mixed/_background_noise_/README.md", "noise");
    static const char *const named[] = {"a/notes.txt", "a/text.wav", "a/nothing.wav", "a/zero.wav",
                                        "a/cut.wav",   "b/nan.wav",  "b/large.wav",   "b/folder",
                                        "b/pipe.wav",  "b/loop.wav", "b/up",          "README.md"};
    char first[sizeof warned.all];
    for (int round = 0; round < 2; round++) { // the second time from the cache
        stp_dataset_options options = options_for("mixed");
        stp_dataset *dataset = open_good(&options);
        assert_int_equal(dataset->clips, 24);
        assert_int_equal(dataset->classes, 2);
        if (dataset->skipped != 12)
            fail_msg("%d skipped:\n%s", dataset->skipped, warned.all);
        assert_int_equal(dataset->noises, 1);
        assert_int_equal(dataset->noise[0].count, 600000);
        for (int i = 0; i < 12; i++)
            if (!strstr(warned.all, named[i]))
                fail_msg("%s is not warned about", named[i]);
        assert_non_null(strstr(warned.all, "c: cannot"));
        assert_non_null(strstr(warned.all, "d: cannot"));
        assert_non_null(strstr(warned.all, "stray.wav"));
        assert_non_null(strstr(warned.all, "hollow"));
        if (round == 0)
            strcpy(first, warned.all);
        else
            assert_string_equal(warned.all, first);
        stp_dataset_close(dataset);
    }
}

static void test_one_bad_clip_among_thousands(void **state) {
    (void)state;
    make_folder("many");
    write_word("many", "a", 1500, 300);
    write_word("many", "b", 1500, 300);
    assert_int_equal(truncate(in_root("many/a/s123_nohash_2.wav"), 60), 0);
    stp_dataset_options options = options_for("many");
    stp_dataset *dataset = open_good(&options);
    assert_int_equal(dataset->clips, 2999);
    assert_int_equal(dataset->skipped, 1);
    assert_int_equal(warned.lines, 1);
    assert_non_null(strstr(warned.all, "a/s123_nohash_2.wav"));
    stp_dataset_close(dataset);
}

static void test_path_too_long(void **state) {
    (void)state;
    char path[6000] = {0};
    for (int i = 0; i < 50; i++)
        strcat(path,
               "/a-folder-name-that-is-rather-long-and-repeated-until-no-system-takes-it-as-a-path-any-more");
    stp_dataset_options options = options_for("tongues");
    options.dir = path;
    stp_err err;
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_IO, "...", "too long", NULL);
    options = options_for("tongues");
    options.cache_path = path;
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_USAGE, "...", "too long", NULL);
}

static void test_allocation_failures(void **state) {
    (void)state;
    stp_dataset_options options = options_for("mixed");
    options.warn = NULL;
    options.silence = 1;
    char cache_file[PATH_ROOM];
    snprintf(cache_file, sizeof cache_file, "%s", in_root("memory.audio"));
    options.cache_path = cache_file;
    int failures = 0;
    for (long n = 0;; n++) {
        unlink(cache_file); // so that building it is tried too
        stp_err err = {0};
        stp_dataset *dataset = NULL;
        stp_alloc_fail_after(n);
        stp_status status = stp_dataset_open(&dataset, &options, &err);
        stp_alloc_fail_after(-1);
        if (status == STP_OK) {
            assert_int_equal(dataset->skipped, 12);
            stp_dataset_close(dataset);
            break;
        }
        if (err.status != STP_ERR_MEMORY)
            fail_msg("allocation %ld: %s", n, err.text);
        assert_null(dataset);
        failures++;
    }
    assert_true(failures > 40);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folders_that_are_no_good),
        cmocka_unit_test(test_labels_of_folders),
        cmocka_unit_test(test_bad_clips_are_skipped),
        cmocka_unit_test(test_one_bad_clip_among_thousands),
        cmocka_unit_test(test_path_too_long),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
