// Who is in which split: the published rule, its correction for small folders, and the lists.
#include "recordings.h"

#include <dirent.h>

// --- the published rule -----------------------------------------------------------------------------------

static void test_rule_on_known_speakers(void **state) {
    (void)state;
    // from the published lists of Speech Commands
    static const struct {
        const char *speaker;
        stp_split split;
    } known[] = {{"026290a7", STP_VALIDATION}, {"060cd039", STP_VALIDATION}, {"1657c9fa", STP_VALIDATION},
                 {"16db1582", STP_VALIDATION}, {"0c40e715", STP_TESTING},    {"0ea0e2f4", STP_TESTING},
                 {"105a0eea", STP_TESTING},    {"004ae714", STP_TRAINING},   {"0132a06d", STP_TRAINING},
                 {"0135f3f2", STP_TRAINING}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (stp_split_rule(known[i].speaker) != known[i].split)
            fail_msg("%s is not in %s", known[i].speaker, stp_split_name(known[i].split));
}

static int in_list(const char *list, const char *path) {
    const char *at = strstr(list, path);
    return at && (at == list || at[-1] == '\n') && (at[strlen(path)] == '\n' || !at[strlen(path)]);
}

static char *load_text(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static void test_rule_gives_the_published_lists(void **state) {
    (void)state;
    static const char *const words[] = {"yes", "no",  "up",    "down", "left", "right", "go",   "stop",
                                        "bed", "cat", "happy", "zero", "one",  "five",  "eight"};
    char *validation = load_text(STP_SHARED_DIR "/data/speech_commands/validation_list.txt");
    char *testing = load_text(STP_SHARED_DIR "/data/speech_commands/testing_list.txt");
    if (!validation || !testing) {
        print_message("no Speech Commands beside the repository: lists not compared\n");
        free(validation);
        free(testing);
        skip();
    }
    int compared = 0, seen[STP_SPLITS] = {0};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        char dir[PATH_ROOM], path[PATH_ROOM], speaker[64];
        snprintf(dir, sizeof dir, "%s/data/speech_commands/%s", STP_SHARED_DIR, words[w]);
        DIR *handle = opendir(dir);
        assert_non_null(handle);
        for (struct dirent *entry; (entry = readdir(handle));) {
            const char *mark = strstr(entry->d_name, "_nohash_");
            if (!mark)
                continue;
            snprintf(path, sizeof path, "%s/%s", words[w], entry->d_name);
            snprintf(speaker, sizeof speaker, "%.*s", (int)(mark - entry->d_name), entry->d_name);
            stp_split listed = in_list(validation, path) ? STP_VALIDATION
                               : in_list(testing, path)  ? STP_TESTING
                                                         : STP_TRAINING;
            assert_int_equal(stp_split_rule(speaker), listed);
            seen[listed]++;
            compared++;
        }
        closedir(handle);
    }
    assert_int_equal(compared, 12048);
    assert_true(seen[STP_VALIDATION] > 1000 && seen[STP_TESTING] > 500);
    free(validation);
    free(testing);
}

static void test_split_names(void **state) {
    (void)state;
    stp_split split;
    stp_err err = {0};
    for (int i = 0; i <= STP_SPLITS; i++) {
        assert_int_equal(stp_split_parse(&split, stp_split_name((stp_split)i), &err), STP_OK);
        assert_int_equal(split, i);
    }
    assert_int_equal(stp_split_parse(&split, "test", &err), STP_ERR_USAGE);
    assert_error(&err, STP_ERR_USAGE, "test", "validation", NULL);
}

// --- splits of small folders ------------------------------------------------------------------------------

// The splits a speaker's clips are in, as a set of bits.
static unsigned splits_of(const stp_dataset *dataset, const char *speaker) {
    unsigned bits = 0;
    for (int i = 0; i < dataset->clips; i++)
        if (strcmp(dataset->clip[i].speaker, speaker) == 0)
            bits |= 1u << dataset->clip[i].split;
    return bits;
}

static void test_small_folders_have_all_splits(void **state) {
    (void)state;
    for (int speakers = 3; speakers <= 9; speakers++) {
        char dir[32];
        snprintf(dir, sizeof dir, "small%d", speakers);
        make_folder(dir);
        write_word(dir, "ja", 2 * speakers, speakers);
        write_word(dir, "nein", speakers, speakers);
        write_word(dir, "doch", 4 * speakers, speakers);
        stp_dataset_options options = options_for(dir);
        stp_dataset *dataset = open_good(&options);
        assert_int_equal(dataset->classes, 3);
        assert_int_equal(dataset->clips, 7 * speakers);
        for (int c = 0; c < 3; c++)
            for (int split = 0; split < STP_SPLITS; split++)
                if (stp_dataset_count(dataset, (stp_split)split, c) == 0)
                    fail_msg("%d speakers: class %d has no clip for %s", speakers, c,
                             stp_split_name((stp_split)split));
        for (int i = 0; i < dataset->clips; i++) {
            unsigned bits = splits_of(dataset, dataset->clip[i].speaker);
            assert_true((bits & (bits - 1)) == 0); // every speaker in one split
        }
        stp_dataset_close(dataset);
    }
}

static void test_one_speaker_is_split_by_clip(void **state) {
    (void)state;
    make_folder("alone");
    write_word("alone", "an", 30, 1);
    write_word("alone", "aus", 30, 1);
    stp_dataset_options options = options_for("alone");
    stp_dataset *dataset = open_good(&options);
    for (int c = 0; c < 2; c++)
        for (int split = 0; split < STP_SPLITS; split++)
            assert_true(stp_dataset_count(dataset, (stp_split)split, c) > 0);
    assert_non_null(strstr(warned.all, "speakers"));
    stp_dataset_close(dataset);
}

static void test_names_without_speaker(void **state) {
    (void)state;
    make_folder("plain");
    for (int w = 0; w < 2; w++) {
        make_folder(w ? "plain/off" : "plain/on");
        for (int i = 0; i < 40; i++) {
            char name[64];
            snprintf(name, sizeof name, "plain/%s/take %d.wav", w ? "off" : "on", i);
            write_clip(name, (unsigned)(i + 50 * w), 1600);
        }
    }
    stp_dataset_options options = options_for("plain");
    stp_dataset *dataset = open_good(&options);
    int moved = 0;
    for (int i = 0; i < dataset->clips; i++) {
        assert_int_equal(strncmp(dataset->clip[i].speaker, "take ", 5), 0);
        assert_null(strchr(dataset->clip[i].speaker, '.'));
        moved += dataset->clip[i].split != stp_split_rule(dataset->clip[i].speaker);
    }
    assert_int_equal(moved, 0); // 40 names fill the splits without help
    stp_dataset_close(dataset);
}

static void test_lists_win_over_the_rule(void **state) {
    (void)state;
    make_folder("listed");
    write_word("listed", "a", 12, 12);
    write_word("listed", "b", 12, 12);
    // with CR, "./", another ending and an absent file
    write_text("listed/validation_list.txt", "a/s000_nohash_0.wav\r\n./b/s001_nohash_0.wav\n\nb/gone.wav\n");
    write_text("listed/testing_list.txt", "a/s002_nohash_0.flac\nb/s003_nohash_0.wav");
    stp_dataset_options options = options_for("listed");
    stp_dataset *dataset = open_good(&options);
    assert_int_equal(stp_dataset_count(dataset, STP_VALIDATION, -1), 2);
    assert_int_equal(stp_dataset_count(dataset, STP_TESTING, -1), 2);
    assert_int_equal(stp_dataset_count(dataset, STP_TRAINING, -1), 20);
    for (int i = 0; i < dataset->clips; i++)
        if (strcmp(dataset->clip[i].path, "a/s002_nohash_0.wav") == 0)
            assert_int_equal(dataset->clip[i].split, STP_TESTING);
    assert_non_null(strstr(warned.all, "gone"));
    stp_dataset_close(dataset);
    // one list alone: it gives its split, the rule and its correction the other
    assert_int_equal(unlink(in_root("listed/validation_list.txt")), 0);
    options = options_for("listed");
    dataset = open_good(&options);
    assert_int_equal(stp_dataset_count(dataset, STP_TESTING, -1), 2);
    assert_true(stp_dataset_count(dataset, STP_VALIDATION, 0) > 0);
    assert_true(stp_dataset_count(dataset, STP_VALIDATION, 1) > 0);
    stp_dataset_close(dataset);
}

static void test_same_name_with_two_endings(void **state) {
    (void)state;
    make_folder("endings");
    write_word("endings", "a", 8, 8);
    write_word("endings", "b", 8, 8);
    for (int i = 0; i < 8; i++) {
        char name[64];
        float sound[1600] = {0.1f * (float)i};
        snprintf(name, sizeof name, "endings/a/s%03d_nohash_0.flac", i);
        write_sound(name, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, RATE, 1, sound, 1600);
    }
    stp_dataset_options options = options_for("endings");
    stp_dataset *dataset = open_good(&options);
    assert_int_equal(dataset->clips, 24);
    for (int i = 0; i + 1 < 16; i += 2) {
        assert_string_equal(dataset->clip[i].speaker, dataset->clip[i + 1].speaker);
        assert_int_equal(dataset->clip[i].split, dataset->clip[i + 1].split);
    }
    stp_dataset_close(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rule_on_known_speakers),
        cmocka_unit_test(test_rule_gives_the_published_lists),
        cmocka_unit_test(test_split_names),
        cmocka_unit_test(test_small_folders_have_all_splits),
        cmocka_unit_test(test_one_speaker_is_split_by_clip),
        cmocka_unit_test(test_names_without_speaker),
        cmocka_unit_test(test_lists_win_over_the_rule),
        cmocka_unit_test(test_same_name_with_two_endings),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
