// The audio cache: used, rebuilt when anything changed, never half-written; and what it stores.
#include "recordings.h"

#include <sys/mount.h>
#include <sys/wait.h>

// The tests here look at one folder of words.
static int make_root_and_words(void **state) {
    if (make_root(state) != 0)
        return -1;
    write_words();
    return 0;
}

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache_is_used_and_rebuilt),
        cmocka_unit_test(test_spoilt_cache_is_rebuilt),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_cache_place_that_cannot_be_written),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_stored_samples),
    };
    return cmocka_run_group_tests(tests, make_root_and_words, remove_root);
}
