// Folders as classes, splits and a cache, and every kind of folder that is no good.
#include "recordings.h"

#include "base/path.h"

#include <dirent.h>
#include <sys/mount.h>
#include <sys/wait.h>

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

// --- classes
// ------------------------------------------------------------------------------------------------

static void write_noise(const char *name, int frames) {
    float *samples = calloc((size_t)frames, sizeof *samples);
    assert_non_null(samples);
    for (int i = 0; i < frames; i++) // each sample tells its place
        samples[i] = (float)((i % 30000) + 1) / 32767.0f;
    write_sound(name, SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, samples, frames);
    free(samples);
}

static void make_words(void) {
    make_folder("words");
    write_word("words", "yes", 60, 20);
    write_word("words", "no", 40, 20);
    write_word("words", "tree", 60, 20);
    write_word("words", "house", 60, 20);
    write_word("words", "sky", 6, 6);
    make_folder("words/_background_noise_");
    write_noise("words/_background_noise_/rain.wav", 30000);
    write_noise("words/_background_noise_/wind.wav", 20000);
    make_folder("words/_attic");
    write_clip("words/_attic/old.wav", 1, 1600);
    write_text("words/README.md", "words\n");
    write_text("words/.hidden", "x");
    write_text("words/yes/.hidden", "x");
}

static void test_every_folder_is_a_word(void **state) {
    (void)state;
    make_words();
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
    options = options_for("small3");
    options.silence = 1;
    stp_err err;
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_DATA, "--silence", "_background_noise_", NULL);
}

// --- the cache
// ----------------------------------------------------------------------------------------------

static char cache_file[PATH_ROOM];

static stp_dataset_options cached_options(void) {
    stp_dataset_options options = options_for("words");
    snprintf(cache_file, sizeof cache_file, "%s", in_root("deep/er/words.audio"));
    options.cache_path = cache_file;
    return options;
}

static ino_t cache_inode(void) {
    struct stat info;
    assert_int_equal(stat(cache_file, &info), 0);
    return info.st_ino;
}

static int reopen_builds(const stp_dataset_options *options) {
    // a link keeps the old inode from being used again
    assert_int_equal(link(cache_file, in_root("deep/kept")), 0);
    ino_t before = cache_inode();
    stp_dataset_close(open_good(options));
    assert_int_equal(unlink(in_root("deep/kept")), 0);
    return cache_inode() != before;
}

static void test_cache_is_used_and_rebuilt(void **state) {
    (void)state;
    stp_dataset_options options = cached_options();
    stp_dataset_close(open_good(&options));
    assert_int_not_equal(access(in_root("deep/er/words.audio.part"), F_OK), 0);
    assert_false(reopen_builds(&options));
    options.labels = "yes,no"; // the cache holds all words
    assert_false(reopen_builds(&options));
    options.seed = 9;
    assert_false(reopen_builds(&options));
    // another time, another size, another name, one file less
    struct timespec times[2] = {{1000, 0}, {1000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, in_root("words/sky/s000_nohash_0.wav"), times, 0), 0);
    assert_true(reopen_builds(&options));
    write_clip("words/sky/s000_nohash_0.wav", 77, 1500);
    assert_true(reopen_builds(&options));
    assert_int_equal(rename(in_root("words/sky/s000_nohash_0.wav"), in_root("words/sky/s100_nohash_0.wav")),
                     0);
    assert_true(reopen_builds(&options));
    assert_int_equal(rename(in_root("words/sky/s100_nohash_0.wav"), in_root("words/sky/s000_nohash_0.wav")),
                     0);
    assert_true(reopen_builds(&options));
    // another form
    options.rate_hz = 8000;
    options.clip_samples = 800;
    assert_true(reopen_builds(&options));
    options.clip_samples = 400;
    assert_true(reopen_builds(&options));
    assert_false(reopen_builds(&options));
}

static void spoil(off_t at, int whence) {
    int fd = open(cache_file, O_RDWR);
    assert_true(fd >= 0);
    off_t place = lseek(fd, at, whence);
    unsigned char byte;
    assert_int_equal(pread(fd, &byte, 1, place), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, place), 1);
    close(fd);
}

static void test_spoilt_cache_is_rebuilt(void **state) {
    (void)state;
    stp_dataset_options options = cached_options();
    stp_dataset_close(open_good(&options));
    static const off_t places[] = {0, 20, 40, 70, 100, 4096, 100000, 300000};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        spoil(places[i], SEEK_SET);
        assert_true(reopen_builds(&options));
    }
    spoil(-1, SEEK_END);
    assert_true(reopen_builds(&options));
    struct stat info;
    assert_int_equal(stat(cache_file, &info), 0);
    for (off_t left = info.st_size - 1; left > 0; left /= 3) {
        assert_int_equal(truncate(cache_file, left), 0);
        assert_true(reopen_builds(&options));
    }
    assert_int_equal(truncate(cache_file, 0), 0);
    assert_true(reopen_builds(&options));
    // what an interrupted build left is no hindrance
    write_text("deep/er/words.audio.part", "left over");
    assert_int_equal(unlink(cache_file), 0);
    stp_dataset_close(open_good(&options));
    assert_int_not_equal(access(in_root("deep/er/words.audio.part"), F_OK), 0);
}

// Two programs that open the same folder at once both get it.
static void test_two_at_once(void **state) {
    (void)state;
    stp_dataset_options options = cached_options();
    unlink(cache_file);
    pid_t child = fork();
    assert_true(child >= 0);
    stp_err err = {0};
    stp_dataset *dataset = NULL;
    stp_status status = stp_dataset_open(&dataset, &options, &err);
    int clips = status == STP_OK ? dataset->clips : 0;
    stp_dataset_close(dataset);
    if (child == 0)
        _exit(clips == 226 ? 0 : 1);
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_int_equal(clips, 226);
}

static void test_cache_place_that_cannot_be_written(void **state) {
    (void)state;
    stp_err err;
    stp_dataset_options options = cached_options();
    write_text("file", "x");
    options.cache_path = in_root("file/cache.audio");
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_IO, "file", "cannot make this folder", NULL);
    options.cache_path = "/proc/stapes/cache.audio";
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_IO, "/proc/stapes", NULL);
    options.cache_path = in_root("words"); // a folder stands there
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_IO, "XDG_CACHE_HOME", NULL);
    assert_int_not_equal(access(in_root("words.part"), F_OK), 0);
    char *xdg = strdup(getenv("XDG_CACHE_HOME")), *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    unsetenv("HOME");
    setenv("XDG_CACHE_HOME", "not/absolute", 1);
    options.cache_path = "";
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_IO, "XDG_CACHE_HOME", NULL);
    if (home)
        setenv("HOME", home, 1);
    setenv("XDG_CACHE_HOME", xdg, 1);
    free(home);
    free(xdg);
}

static void test_full_disk(void **state) {
    (void)state;
    make_folder("disk");
    if (mount("tmpfs", in_root("disk"), "tmpfs", 0, "size=64k") != 0) {
        print_message("no small file system can be mounted: full disk not tested\n");
        skip();
    }
    stp_dataset_options options = cached_options();
    options.cache_path = in_root("disk/cache.audio");
    stp_err err;
    open_bad(&options, &err);
    int left = access(in_root("disk/cache.audio.part"), F_OK);
    assert_int_equal(umount(in_root("disk")), 0);
    assert_error(&err, STP_ERR_IO, "disk is full", "cache.audio", "XDG_CACHE_HOME", NULL);
    assert_int_not_equal(left, 0); // nothing half-written stays
}

// --- folders that are no good
// ---------------------------------------------------------------------------------

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
    stp_dataset_options options = options_for("words");
    options.dir = path;
    stp_err err;
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_IO, "...", "too long", NULL);
    options = options_for("words");
    options.cache_path = path;
    open_bad(&options, &err);
    assert_error(&err, STP_ERR_USAGE, "...", "too long", NULL);
}

// Long clips keep their loudest stretch, short ones are stored as they are.
static void test_stored_samples(void **state) {
    (void)state;
    make_folder("lengths");
    write_word("lengths", "a", 5, 5);
    write_word("lengths", "b", 5, 5);
    static float in[8000];
    for (int i = 5000; i < 6600; i++)
        in[i] = 0.5f;
    write_sound("lengths/a/long.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, in, 8000);
    write_sound("lengths/a/short.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, in + 4990, 100);
    stp_dataset_options options = options_for("lengths");
    stp_dataset *dataset = open_good(&options);
    for (int i = 0; i < dataset->clips; i++) {
        const stp_clip *clip = &dataset->clip[i];
        const int16_t *audio = dataset->audio + clip->audio;
        if (strcmp(clip->path, "a/long.wav") == 0) {
            assert_int_equal(clip->stored, 1600);
            assert_true(audio[0] == 16384 && audio[1599] == 16384);
        } else if (strcmp(clip->path, "a/short.wav") == 0) {
            assert_int_equal(clip->stored, 100);
            assert_true(audio[9] == 0 && audio[10] == 16384 && audio[99] == 16384);
        } else {
            assert_int_equal(clip->stored, 1600);
        }
    }
    stp_dataset_close(dataset);
}

static void test_allocation_failures(void **state) {
    (void)state;
    stp_dataset_options options = options_for("mixed");
    options.warn = NULL;
    options.silence = 1;
    snprintf(cache_file, sizeof cache_file, "%s", in_root("deep/memory.audio"));
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
        cmocka_unit_test(test_rule_on_known_speakers),
        cmocka_unit_test(test_rule_gives_the_published_lists),
        cmocka_unit_test(test_split_names),
        cmocka_unit_test(test_small_folders_have_all_splits),
        cmocka_unit_test(test_one_speaker_is_split_by_clip),
        cmocka_unit_test(test_names_without_speaker),
        cmocka_unit_test(test_lists_win_over_the_rule),
        cmocka_unit_test(test_same_name_with_two_endings),
        cmocka_unit_test(test_every_folder_is_a_word),
        cmocka_unit_test(test_labels_and_unknown),
        cmocka_unit_test(test_labels_that_are_wrong),
        cmocka_unit_test(test_silence_is_divided_in_time),
        cmocka_unit_test(test_cache_is_used_and_rebuilt),
        cmocka_unit_test(test_spoilt_cache_is_rebuilt),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_cache_place_that_cannot_be_written),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_folders_that_are_no_good),
        cmocka_unit_test(test_labels_of_folders),
        cmocka_unit_test(test_bad_clips_are_skipped),
        cmocka_unit_test(test_one_bad_clip_among_thousands),
        cmocka_unit_test(test_path_too_long),
        cmocka_unit_test(test_stored_samples),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
