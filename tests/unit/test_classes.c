// A folder of words as classes: --labels, _unknown_ and _silence_.
#include "recordings.h"

// The tests here look at one folder of words.
static int make_root_and_words(void **state) {
    if (make_root(state) != 0)
        return -1;
    write_words();
    return 0;
}

static void test_every_folder_is_a_word(void **state) {
    (void)state;
    stp_dataset_options options = options_for("words");
    stp_dataset *dataset = open_good(&options);
    static const char *const sorted[] = {"house", "no", "sky", "tree", "yes"};
    assert_int_equal(dataset->classes, 5);
    for (int c = 0; c < 5; c++)
        assert_string_equal(dataset->labels[c], sorted[c]);
    assert_int_equal(dataset->clips, 226);
    assert_int_equal(dataset->noises, 2);
    assert_int_equal(dataset->skipped, 0);
    assert_string_equal(warned.all, "");
    for (int i = 0; i < dataset->clips; i++) {
        assert_int_equal(dataset->clip[i].word, dataset->clip[i].class_index);
        assert_true(i == 0 || strcmp(dataset->clip[i - 1].path, dataset->clip[i].path) < 0);
    }
    int indices[226];
    int validation = stp_dataset_select(dataset, STP_VALIDATION, indices);
    assert_int_equal(validation, stp_dataset_count(dataset, STP_VALIDATION, -1));
    for (int i = 0; i < validation; i++)
        assert_int_equal(dataset->clip[indices[i]].split, STP_VALIDATION);
    assert_int_equal(stp_dataset_select(dataset, STP_SPLITS, NULL), 226);
    stp_dataset_close(dataset);
}

static void test_labels_and_unknown(void **state) {
    (void)state;
    stp_dataset_options options = options_for("words");
    options.labels = "yes, no";
    options.unknown_ratio = 0.5;
    stp_dataset *dataset = open_good(&options);
    assert_int_equal(dataset->classes, 3);
    assert_string_equal(dataset->labels[0], "yes");
    assert_string_equal(dataset->labels[1], "no");
    assert_string_equal(dataset->labels[2], "_unknown_");
    for (int split = 0; split < STP_SPLITS; split++) {
        int yes = stp_dataset_count(dataset, (stp_split)split, 0);
        int unknown = stp_dataset_count(dataset, (stp_split)split, 2);
        assert_int_equal(unknown, yes / 2 < 1 ? 1 : yes / 2);
    }
    // spread over the other words: in turn, so that tree and house differ by one at most
    int of_word[5] = {0};
    for (int i = 0; i < dataset->clips; i++)
        if (dataset->clip[i].class_index == 2 && dataset->clip[i].split == STP_TRAINING)
            of_word[dataset->clip[i].word]++;
    assert_true(abs(of_word[0] - of_word[3]) <= 1 && of_word[2] > 0 && of_word[1] == 0 && of_word[4] == 0);
    // the same seed draws the same clips, another seed others
    stp_dataset *again = open_good(&options);
    options.seed = 2;
    stp_dataset *other = open_good(&options);
    int differ = 0;
    assert_int_equal(again->clips, dataset->clips);
    assert_int_equal(other->clips, dataset->clips);
    for (int i = 0; i < dataset->clips; i++) {
        assert_string_equal(again->clip[i].path, dataset->clip[i].path);
        differ += strcmp(other->clip[i].path, dataset->clip[i].path) != 0;
    }
    assert_true(differ > 0);
    stp_dataset_close(dataset);
    stp_dataset_close(again);
    stp_dataset_close(other);
    options.unknown = 0;
    dataset = open_good(&options);
    assert_int_equal(dataset->classes, 2);
    assert_int_equal(dataset->clips, 100);
    stp_dataset_close(dataset);
    options.unknown = 1;
    options.unknown_ratio = 1000;
    dataset = open_good(&options);
    assert_int_equal(stp_dataset_count(dataset, STP_SPLITS, 2), 126);
    stp_dataset_close(dataset);
}

static void test_labels_that_are_wrong(void **state) {
    (void)state;
    static const struct {
        const char *labels, *word;
    } bad[] = {{"yes,maybe", "maybe"},
               {"yes,,no", "empty"},
               {"yes,no,yes", "twice"},
               {"yes,", "empty"},
               {"_background_noise_,yes", "no word"},
               {"yes,README.md", "README.md"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        stp_dataset_options options = options_for("words");
        options.labels = bad[i].labels;
        stp_err err;
        open_bad(&options, &err);
        assert_error(&err, STP_ERR_USAGE, "--labels", bad[i].word, NULL);
    }
}

// Silence of a split comes from its own part of the noise, and every sample tells where it was.
static void test_silence_is_divided_in_time(void **state) {
    (void)state;
    stp_dataset_options options = options_for("words");
    options.labels = "yes,no";
    options.silence = 1;
    options.silence_ratio = 2;
    stp_dataset *dataset = open_good(&options);
    assert_int_equal(dataset->classes, 4);
    assert_string_equal(dataset->labels[3], "_silence_");
    int silent = 0;
    for (int i = 0; i < dataset->clips; i++) {
        const stp_clip *clip = &dataset->clip[i];
        if (clip->class_index != 3)
            continue;
        silent++;
        assert_int_equal(clip->word, -1);
        assert_int_equal(strncmp(clip->path, "_background_noise_/", 19), 0);
        int total = strstr(clip->path, "rain") ? 30000 : 20000;
        int first = dataset->audio[clip->audio] - 1, last = first + clip->stored;
        assert_int_equal(dataset->audio[clip->audio + clip->stored - 1], last);
        assert_int_equal(clip->stored, 1600);
        int low = clip->split == STP_TRAINING     ? 0
                  : clip->split == STP_VALIDATION ? total / 10 * 8
                                                  : total / 10 * 9;
        int high = clip->split == STP_TRAINING     ? total / 10 * 8
                   : clip->split == STP_VALIDATION ? total / 10 * 9
                                                   : total;
        assert_true(first >= low && last <= high);
    }
    int words = stp_dataset_count(dataset, STP_TRAINING, 0) + stp_dataset_count(dataset, STP_TRAINING, 1);
    assert_int_equal(stp_dataset_count(dataset, STP_TRAINING, 3), words);
    assert_true(silent > words);
    stp_dataset_close(dataset);
    make_folder("quiet"); // has no noise
    write_word("quiet", "yes", 6, 6);
    write_word("quiet", "no", 6, 6);
    options = options_for("quiet");
    options.silence = 1;
    stp_err err;
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_DATA, "--silence", "_background_noise_", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_folder_is_a_word),
        cmocka_unit_test(test_labels_and_unknown),
        cmocka_unit_test(test_labels_that_are_wrong),
        cmocka_unit_test(test_silence_is_divided_in_time),
    };
    return cmocka_run_group_tests(tests, make_root_and_words, remove_root);
}
