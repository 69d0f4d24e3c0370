// What `stapes data check` counts, on folders where the counts are known.
#include "recordings.h"

#include "dataset/check.h"

static void copy_file(const char *from, const char *to) {
    char bytes[65536];
    FILE *in = fopen(in_root(from), "rb"), *out = fopen(in_root(to), "wb");
    assert_true(in && out);
    size_t count = fread(bytes, 1, sizeof bytes, in);
    assert_int_equal(fwrite(bytes, 1, count, out), count);
    fclose(in);
    fclose(out);
}

static void open_check(stp_check *check, const stp_dataset_options *options) {
    stp_err err = {0};
    if (stp_check_open(check, options, &err) != STP_OK)
        fail_msg("%s", err.text);
}

static void test_counts(void **state) {
    (void)state;
    make_folder("counts");
    write_word("counts", "a", 20, 10);
    write_word("counts", "b", 20, 10);
    static float sound[2 * 4410];
    for (int i = 0; i < 2 * 4410; i++)
        sound[i] = 0.001f * (float)(i % 700);
    write_sound("counts/a/stereo_nohash_0.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2, sound, 4410);
    write_sound("counts/b/fast_nohash_0.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 1, sound, 8820);
    write_text("counts/b/notes.txt", "x");
    make_folder("counts/_background_noise_");
    write_clip("counts/_background_noise_/hum.wav", 1, 32000);
    stp_dataset_options options = options_for("counts");
    stp_check check;
    open_check(&check, &options);
    assert_true(check.usable);
    assert_int_equal(check.folder.skipped, 1);
    assert_int_equal(check.word[1].unusable, 1);
    for (int w = 0; w < 2; w++)
        assert_int_equal(check.word[w].clips[0] + check.word[w].clips[1] + check.word[w].clips[2], 21);
    assert_int_equal(check.rates, 2);
    assert_int_equal(check.rate[0].value, 16000);
    assert_int_equal(check.rate[0].count, 40);
    assert_int_equal(check.rate[1].value, 44100);
    assert_int_equal(check.rate[1].count, 2);
    assert_int_equal(check.channel_counts, 2);
    assert_int_equal(check.channels[1].count, 1);
    assert_true(check.shortest_s == 0.1 && check.median_s == 0.1 && check.longest_s == 0.2);
    assert_int_equal(check.longer, 1);
    assert_int_equal(check.shorter, 0);
    assert_int_equal(check.noises, 1);
    assert_true(check.noise_s == 2);
    assert_int_equal(check.speakers, 12);
    assert_int_equal(check.shared_count, 0);
    assert_int_equal(warned.lines, 0); // what is unusable is in the list, not warned about as well
    stp_check_close(&check);
}

static void test_shared_speakers(void **state) {
    (void)state;
    make_folder("shared");
    write_word("shared", "a", 12, 4);
    write_word("shared", "b", 12, 4);
    write_text("shared/validation_list.txt", "a/s000_nohash_0.wav\nb/s001_nohash_0.wav\n");
    write_text("shared/testing_list.txt", "a/s000_nohash_1.wav\nb/s002_nohash_0.wav\nb/s002_nohash_1.wav\n"
                                          "b/s002_nohash_2.wav\na/s002_nohash_0.wav\na/s002_nohash_1.wav\n"
                                          "a/s002_nohash_2.wav\n");
    stp_dataset_options options = options_for("shared");
    stp_check check;
    open_check(&check, &options);
    assert_int_equal(check.speakers, 4);
    assert_int_equal(check.shared_count, 2);
    assert_string_equal(check.shared[0], "s000");
    assert_string_equal(check.shared[1], "s001");
    stp_check_close(&check);
}

static void test_equal_recordings(void **state) {
    (void)state;
    make_folder("equal");
    char name[64];
    for (int w = 0; w < 2; w++) { // write_word would give equal clips of its own
        make_folder(w ? "equal/b" : "equal/a");
        for (int i = 0; i < 12; i++) {
            snprintf(name, sizeof name, "equal/%c/s%02d_nohash_0.wav", 'a' + w, i);
            write_clip(name, (unsigned)(12 * w + i), 1600);
        }
    }
    write_text("equal/validation_list.txt", "a/s00_nohash_0.wav\nb/s00_nohash_0.wav\n");
    write_text("equal/testing_list.txt", "a/s01_nohash_0.wav\nb/s01_nohash_0.wav\n");
    stp_dataset_options options = options_for("equal");
    stp_check check;
    open_check(&check, &options);
    assert_int_equal(check.groups, 0);
    stp_check_close(&check);
    copy_file("equal/a/s00_nohash_0.wav", "equal/a/s05_nohash_0.wav"); // across splits
    copy_file("equal/b/s06_nohash_0.wav", "equal/b/s07_nohash_0.wav");
    copy_file("equal/b/s06_nohash_0.wav", "equal/b/s08_nohash_0.wav"); // a set of three
    copy_file("equal/a/s09_nohash_0.wav", "equal/b/s09_nohash_0.wav"); // across words
    open_check(&check, &options);
    assert_int_equal(check.groups, 3);
    assert_int_equal(check.groups_over_splits, 1);
    assert_int_equal(check.groups_over_words, 1);
    static const char *const paths[] = {"a/s00", "a/s05", "a/s09", "b/s09", "b/s06", "b/s07", "b/s08"};
    static const int starts[] = {0, 2, 4, 7};
    for (int i = 0; i < 7; i++)
        assert_int_equal(strncmp(check.equal[i]->path, paths[i], 5), 0);
    for (int g = 0; g < 4; g++)
        assert_int_equal(check.group[g], starts[g]);
    stp_check_close(&check);
}

static void test_unusable_folder_is_still_described(void **state) {
    (void)state;
    make_folder("lone");
    write_word("lone", "only", 10, 5);
    stp_dataset_options options = options_for("lone");
    stp_check check;
    open_check(&check, &options);
    assert_false(check.usable);
    assert_error(&check.why_not, STP_ERR_DATA, "only one class", NULL);
    assert_int_equal(check.speakers, 5);
    assert_int_equal(check.clips[0] + check.clips[1] + check.clips[2], 10);
    stp_check_close(&check);
    make_folder("broken"); // not a single usable clip
    make_folder("broken/a");
    write_text("broken/a/1.wav", "x");
    options = options_for("broken");
    open_check(&check, &options);
    assert_false(check.usable);
    assert_int_equal(check.folder.skipped, 1);
    stp_check_close(&check);
    options = options_for("lone");
    options.labels = "other";
    stp_err err = {0};
    assert_int_equal(stp_check_open(&check, &options, &err), STP_ERR_USAGE);
}

static void test_allocation_failures(void **state) {
    (void)state;
    stp_dataset_options options = options_for("counts");
    options.warn = NULL;
    for (long n = 0;; n++) {
        stp_check check;
        stp_err err = {0};
        stp_alloc_fail_after(n);
        stp_status status = stp_check_open(&check, &options, &err);
        stp_alloc_fail_after(-1);
        if (status == STP_OK) {
            assert_true(check.usable && n > 3);
            stp_check_close(&check);
            return;
        }
        assert_int_equal(status, STP_ERR_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_shared_speakers),
        cmocka_unit_test(test_equal_recordings),
        cmocka_unit_test(test_unusable_folder_is_still_described),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
