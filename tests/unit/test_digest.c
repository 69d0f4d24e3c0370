// The digest of what a run hears: the same wherever the folder lies, another one when anything is heard
// otherwise.
#include "recordings.h"

static char first[41];

static void digest_of(const stp_dataset_options *options, char digest[41]) {
    stp_dataset *dataset = open_good(options);
    stp_dataset_digest(dataset, digest);
    stp_dataset_close(dataset);
}

static int make_root_and_words(void **state) {
    if (make_root(state) != 0)
        return -1;
    write_words();
    stp_dataset_options options = options_for("words");
    options.silence = 1;
    digest_of(&options, first);
    return 0;
}

static void assert_digest(int same, const stp_dataset_options *changed) {
    stp_dataset_options options = changed ? *changed : options_for("words");
    options.silence = 1;
    char digest[41];
    digest_of(&options, digest);
    assert_int_equal(strlen(digest), 40);
    assert_int_equal(strcmp(digest, first) == 0, same);
}

static void test_place_and_times_do_not_matter(void **state) {
    (void)state;
    assert_digest(1, NULL);
    struct timespec times[2] = {{1000, 0}, {1000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, in_root("words/sky/s000_nohash_0.wav"), times, 0), 0);
    assert_digest(1, NULL);
    write_text("words/README.md", "other words\n");
    assert_digest(1, NULL);
    assert_int_equal(rename(in_root("words"), in_root("elsewhere")), 0);
    stp_dataset_options moved = options_for("elsewhere");
    assert_digest(1, &moved);
    assert_int_equal(rename(in_root("elsewhere"), in_root("words")), 0);
}

static void test_sounds_matter(void **state) {
    (void)state;
    const char *clip = "words/sky/s000_nohash_0.wav";
    unsigned key = 's' * 131; // as write_word made it
    write_clip(clip, key + 1, 1600);
    assert_digest(0, NULL);
    write_clip(clip, key, 1600);
    assert_digest(1, NULL);
    write_clip(clip, key, 1599); // a sample less, in no whole block of the hash
    assert_digest(0, NULL);
    write_clip(clip, key, 1600);
    write_noise("words/_background_noise_/wind.wav", 20001);
    assert_digest(0, NULL);
    write_noise("words/_background_noise_/wind.wav", 20000);
    assert_digest(1, NULL);
}

static void test_names_splits_and_classes_matter(void **state) {
    (void)state;
    const char *from = "words/sky/s000_nohash_0.wav", *to = "words/sky/s000_nohash_1.wav";
    assert_int_equal(rename(in_root(from), in_root(to)), 0);
    assert_digest(0, NULL);
    assert_int_equal(rename(in_root(to), in_root(from)), 0);
    write_text("words/validation_list.txt", "sky/s000_nohash_0.wav\nsky/s001_nohash_0.wav\n");
    assert_digest(0, NULL);
    assert_int_equal(unlink(in_root("words/validation_list.txt")), 0);
    stp_dataset_options options = options_for("words");
    options.labels = "yes,no";
    assert_digest(0, &options);
    options.labels = "";
    options.rate_hz = 8000;
    assert_digest(0, &options);
    assert_digest(1, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place_and_times_do_not_matter),
        cmocka_unit_test(test_sounds_matter),
        cmocka_unit_test(test_names_splits_and_classes_matter),
    };
    return cmocka_run_group_tests(tests, make_root_and_words, remove_root);
}
