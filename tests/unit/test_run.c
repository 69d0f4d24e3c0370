// The run folder: JSON files, journals and checkpoints, and all the ways a disk can fail them.
#include "testing.h"

#include "base/arena.h"
#include "base/isa.h"
#include "base/json_memory.h"
#include "run/run.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64];
static stp_run *run;
static stp_err err;
static const char digest[] = "0123456789abcdef0123456789abcdef01234567";
static const char other_digest[] = "0123456789abcdef0123456789abcdef01234568";

static int set_up(void **state) {
    (void)state;
    testing_make_folder(folder);
    char path[128];
    snprintf(path, sizeof path, "%s/deep/er/run", folder);
    assert_int_equal(stp_run_create(&run, path, &err), STP_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    stp_run_close(run);
    testing_remove_folder(folder);
    return 0;
}

static const char *in_run(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", stp_run_path(run), name);
    return path;
}

static void write_number(const char *name, int number) {
    json_t *object = json_pack("{s:i}", "number", number);
    assert_int_equal(stp_run_write_json(run, name, object, &err), STP_OK);
    json_decref(object);
}

static long long read_number(const char *name) {
    json_t *object;
    assert_int_equal(stp_run_read_json(run, name, &object, &err), STP_OK);
    long long number = json_integer_value(json_object_get(object, "number"));
    json_decref(object);
    return number;
}

static int entries(const char *path) {
    char command[256];
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", path);
    FILE *list = popen(command, "r");
    int count = -1;
    assert_int_equal(fscanf(list, "%d", &count), 1);
    pclose(list);
    return count;
}

static void folders_are_made_and_opened(void **state) {
    (void)state;
    stp_run *other;
    assert_int_equal(entries(stp_run_path(run)), 0); // no trace of the probe
    assert_int_equal(mkdir(in_run("empty"), 0700), 0);
    assert_int_equal(stp_run_create(&other, in_run("empty"), &err), STP_OK); // exists, but is empty
    stp_run_discard(other);
    assert_refused(stp_run_open(&other, stp_run_path(run), &err), STP_ERR_FORMAT, &err, "settings.json");
    write_number("settings.json", 3);
    assert_true(stp_run_has(run, "settings.json"));
    assert_false(stp_run_has(run, "genotype.json"));
    assert_int_equal(stp_run_open(&other, stp_run_path(run), &err), STP_OK);
    assert_string_equal(stp_run_path(other), stp_run_path(run));
    stp_run_close(other);
    assert_refused(stp_run_create(&other, stp_run_path(run), &err), STP_ERR_USAGE, &err, "not empty");
    assert_refused(stp_run_open(&other, in_run("settings.json"), &err), STP_ERR_FORMAT, &err,
                   "not a run folder");
    assert_refused(stp_run_open(&other, in_run("nowhere"), &err), STP_ERR_IO, &err, "nowhere");
    assert_null(other);
}

static void runs_that_came_to_nothing_go(void **state) {
    (void)state;
    stp_run *other;
    char path[256];
    snprintf(path, sizeof path, "%s", in_run("next"));
    assert_int_equal(stp_run_create(&other, path, &err), STP_OK);
    json_t *object = json_object();
    assert_int_equal(stp_run_write_json(other, "settings.json", object, &err), STP_OK);
    json_decref(object);
    stp_run_discard(other);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(access(stp_run_path(run), F_OK), 0); // its parent stays
}

// Two processes with the same --out: the second waits, then is refused, and what the first wrote stays.
static void a_folder_has_one_maker(void **state) {
    (void)state;
    stp_run *other;
    assert_refused(stp_run_create(&other, stp_run_path(run), &err), STP_ERR_IO, &err, "another stapes");
    assert_null(other);
    assert_int_equal(access(stp_run_path(run), F_OK), 0);

    char path[128];
    int ready[2];
    snprintf(path, sizeof path, "%s/shared", folder);
    assert_int_equal(pipe(ready), 0);
    pid_t first = fork();
    if (first == 0) {
        if (stp_run_create(&other, path, &err) != STP_OK || write(ready[1], "", 1) != 1)
            _exit(1);
        usleep(500000); // meanwhile the second finds the folder empty
        json_t *object = json_object();
        _exit(stp_run_write_json(other, "settings.json", object, &err) != STP_OK);
    }
    char byte;
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    assert_refused(stp_run_create(&other, path, &err), STP_ERR_USAGE, &err, "not empty");
    assert_null(other);
    int status;
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_int_equal(status, 0);
    assert_int_equal(entries(path), 1);
}

static void folders_that_cannot_be_are_refused(void **state) {
    (void)state;
    stp_run *other;
    write_number("file", 1);
    assert_refused(stp_run_create(&other, in_run("file"), &err), STP_ERR_IO, &err,
                   "file: cannot make this folder");
    assert_refused(stp_run_create(&other, in_run("file/run"), &err), STP_ERR_IO, &err,
                   "file: cannot make this folder");
    assert_refused(stp_run_create(&other, "", &err), STP_ERR_USAGE, &err, "not a path for a folder");
    if (access("/proc/self", F_OK) == 0) // nobody makes a folder there, not even the superuser
        assert_refused(stp_run_create(&other, "/proc/self/run", &err), STP_ERR_IO, &err,
                       "/proc/self/run: cannot make");
    char long_path[5000];
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = 0;
    assert_refused(stp_run_create(&other, long_path, &err), STP_ERR_USAGE, &err, "path");
    assert_refused(stp_run_open(&other, long_path, &err), STP_ERR_USAGE, &err, "too long");
    assert_null(other);
    if (geteuid() != 0) {
        assert_int_equal(chmod(folder, 0500), 0);
        char path[128];
        snprintf(path, sizeof path, "%s/locked", folder);
        assert_refused(stp_run_create(&other, path, &err), STP_ERR_IO, &err, "Permission denied");
        assert_int_equal(chmod(folder, 0700), 0);
    }
}

static void json_files_are_whole(void **state) {
    (void)state;
    write_number("a.json", 1);
    write_number("a.json", 2);
    assert_int_equal(read_number("a.json"), 2);
    assert_int_equal(entries(stp_run_path(run)), 1); // no temporary file stays
    json_t *object;
    assert_refused(stp_run_read_json(run, "b.json", &object, &err), STP_ERR_IO, &err, "b.json");
    testing_write_file(in_run("b.json"), "{\"x\": 1,\n", 9);
    assert_refused(stp_run_read_json(run, "b.json", &object, &err), STP_ERR_FORMAT, &err, "b.json:2:");
    testing_write_file(in_run("b.json"), "{\"x\":1,\"x\":2}", 13);
    assert_refused(stp_run_read_json(run, "b.json", &object, &err), STP_ERR_FORMAT, &err, "b.json:1:");
    assert_int_equal(mkfifo(in_run("pipe.json"), 0600), 0);
    assert_refused(stp_run_read_json(run, "pipe.json", &object, &err), STP_ERR_IO, &err,
                   "not a regular file");
    assert_null(object);
}

// Doubles come back with the same bits: results depend on them.
static void json_keeps_bits(void **state) {
    (void)state;
    const double values[] = {0.1, 1.0 / 3, 6e-4, 1e-300, 123456789.123456789, -0.0};
    json_t *object = json_object(), *back;
    json_t *list = json_array();
    for (int i = 0; i < 6; i++)
        json_array_append_new(list, json_real(values[i]));
    json_object_set_new(object, "z", list);
    json_object_set_new(object, "a", json_string("caf\xc3\xa9"));
    assert_int_equal(stp_run_write_json(run, "r.json", object, &err), STP_OK);
    assert_int_equal(stp_run_read_json(run, "r.json", &back, &err), STP_OK);
    for (int i = 0; i < 6; i++) {
        double value = json_real_value(json_array_get(json_object_get(back, "z"), (size_t)i));
        assert_memory_equal(&value, &values[i], sizeof value);
    }
    char one[41], two[41];
    stp_json_digest(object, one);
    stp_json_digest(back, two);
    assert_string_equal(one, two);
    json_object_set_new(back, "a", json_string("cafe"));
    stp_json_digest(back, two);
    assert_string_not_equal(one, two);
    json_decref(object);
    json_decref(back);
    // Key order does not count; the value is SHA-1 of {"a":1,"b":2}.
    json_t *ab = json_pack("{s:i,s:i}", "b", 2, "a", 1);
    stp_json_digest(ab, one);
    assert_string_equal(one, "4acc71e0547112eb432f0a36fb1924c4a738cb49");
    json_decref(ab);
    // Reals count by their bits, however a version of jansson writes them: SHA-1 of
    // {"a":[1,"3fb999999999999a"],"b":"c000000000000000"}.
    json_t *reals = json_pack("{s:f,s:[i,f]}", "b", -2.0, "a", 1, 0.1);
    stp_json_digest(reals, one);
    assert_string_equal(one, "e66e5ba55f6d806d391abb2b31754fb8eb2cf21b");
    json_decref(reals);
}

static void journals_are_cut_back(void **state) {
    (void)state;
    assert_int_equal(stp_run_size(run, "j.jsonl"), 0);
    assert_int_equal(stp_run_truncate(run, "j.jsonl", 0, &err), STP_OK); // none yet, none expected
    long long sizes[4] = {0};
    for (int i = 0; i < 3; i++) {
        json_t *line = json_pack("{s:i,s:s}", "epoch", i, "text", "two\nlines");
        assert_int_equal(stp_run_append(run, "j.jsonl", line, &err), STP_OK);
        json_decref(line);
        sizes[i + 1] = stp_run_size(run, "j.jsonl");
        assert_true(sizes[i + 1] > sizes[i]);
    }
    assert_int_equal(stp_run_truncate(run, "j.jsonl", sizes[2], &err), STP_OK);
    assert_int_equal(stp_run_size(run, "j.jsonl"), sizes[2]);
    FILE *file = fopen(in_run("j.jsonl"), "r");
    char line[128];
    for (int i = 0; i < 2; i++) {
        assert_non_null(fgets(line, sizeof line, file));
        json_t *object = json_loads(line, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(object, "epoch")), i);
        json_decref(object);
    }
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
    json_t *last = NULL;
    assert_int_equal(stp_run_last_line(run, "j.jsonl", &last, &err), STP_OK);
    assert_int_equal(json_integer_value(json_object_get(last, "epoch")), 1);
    json_decref(last);
    assert_refused(stp_run_truncate(run, "j.jsonl", sizes[3], &err), STP_ERR_FORMAT, &err, "it was cut");
    assert_refused(stp_run_truncate(run, "k.jsonl", 5, &err), STP_ERR_FORMAT, &err, "k.jsonl: has 0 bytes");
}

static void the_last_line_is_a_whole_one(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int epoch; // -1: there is none
    } cases[] = {{"", -1},
                 {"{\"epoch\":0", -1},
                 {"{\"epoch\":0}\n", 0},
                 {"{\"epoch\":0}\n{\"epoch\":1}\n", 1},
                 {"{\"epoch\":0}\n{\"epoch\":1}\n{\"epo", 1}};
    json_t *last;
    assert_int_equal(stp_run_last_line(run, "none.jsonl", &last, &err), STP_OK);
    assert_null(last);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        testing_write_file(in_run("l.jsonl"), cases[i].text, strlen(cases[i].text));
        assert_int_equal(stp_run_last_line(run, "l.jsonl", &last, &err), STP_OK);
        assert_int_equal(last ? json_integer_value(json_object_get(last, "epoch")) : -1, cases[i].epoch);
        json_decref(last);
    }
    // resuming adds to whole lines
    assert_int_equal(stp_run_cut_half_line(run, "l.jsonl", &err), STP_OK);
    assert_int_equal(stp_run_size(run, "l.jsonl"), 2 * strlen("{\"epoch\":0}\n"));
    assert_int_equal(stp_run_cut_half_line(run, "none.jsonl", &err), STP_OK);
    testing_write_file(in_run("l.jsonl"), "{}\nrubbish\n", 11);
    assert_refused(stp_run_last_line(run, "l.jsonl", &last, &err), STP_ERR_FORMAT, &err, "l.jsonl");
    assert_null(last);
}

// --- checkpoints -------------------------------------------------------------------------------------------
enum { WEIGHTS = 100 };
static float weights[WEIGHTS];
static int step;
static const stp_section sections[] = {
    {"weights", weights, sizeof weights}, {"step", &step, sizeof step}, {"none", NULL, 0}};

static void write_checkpoint(void) {
    for (int i = 0; i < WEIGHTS; i++)
        weights[i] = (float)i * 0.25f;
    step = 42;
    assert_int_equal(stp_checkpoint_write(run, "last.ckpt", digest, sections, 3, &err), STP_OK);
    memset(weights, 0, sizeof weights);
    step = 0;
}

static stp_status read_checkpoint(void) {
    return stp_checkpoint_read(run, "last.ckpt", digest, 0, sections, 3, &err);
}

static void assert_untouched(void) {
    assert_int_equal(step, 0);
    for (int i = 0; i < WEIGHTS; i++)
        assert_true(weights[i] == 0);
}

static size_t load(unsigned char *bytes, size_t room) {
    FILE *file = fopen(in_run("last.ckpt"), "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, room, file);
    assert_true(size < room);
    fclose(file);
    return size;
}

static void checkpoints_come_back(void **state) {
    (void)state;
    assert_refused(read_checkpoint(), STP_ERR_IO, &err, "there is no checkpoint");
    write_checkpoint();
    assert_int_equal(read_checkpoint(), STP_OK);
    assert_int_equal(step, 42);
    assert_true(weights[99] == 24.75f);
    stp_section one = {"step", &step, sizeof step}; // fewer than there are, in any order
    assert_int_equal(stp_checkpoint_read(run, "last.ckpt", digest, 0, &one, 1, &err), STP_OK);
    assert_int_equal(entries(stp_run_path(run)), 1);
}

static void cut_checkpoints_are_refused(void **state) {
    (void)state;
    write_checkpoint();
    unsigned char bytes[2048];
    size_t size = load(bytes, sizeof bytes);
    for (size_t cut = 0; cut < size; cut++) {
        testing_write_file(in_run("last.ckpt"), bytes, cut);
        assert_refused(read_checkpoint(), STP_ERR_FORMAT, &err, "cut off");
    }
    bytes[size] = 0;
    testing_write_file(in_run("last.ckpt"), bytes, size + 1);
    assert_refused(read_checkpoint(), STP_ERR_FORMAT, &err, "longer");
    assert_untouched();
}

static void corrupted_checkpoints_are_refused(void **state) {
    (void)state;
    write_checkpoint();
    unsigned char bytes[2048];
    size_t size = load(bytes, sizeof bytes);
    for (size_t at = 0; at < size; at++) {
        bytes[at] ^= 1u << (at % 8);
        testing_write_file(in_run("last.ckpt"), bytes, size);
        assert_refused(read_checkpoint(), STP_ERR_FORMAT, &err, "last.ckpt");
        bytes[at] ^= 1u << (at % 8);
    }
    assert_untouched();
}

// Changes bytes of the file and makes its checksum right again.
static void forge(size_t at, const void *what, size_t count) {
    unsigned char bytes[2048];
    size_t size = load(bytes, sizeof bytes);
    memcpy(bytes + at, what, count);
    uint32_t crc = (uint32_t)crc32(0, bytes, (unsigned)(size - 4));
    memcpy(bytes + size - 4, &crc, 4);
    testing_write_file(in_run("last.ckpt"), bytes, size);
}
enum {
    AT_VERSION = 8,
    AT_ORDER = 12,
    AT_ISA = 24,
    AT_SECTIONS = 84,
    AT_FIRST_NAME = 88,
    AT_FIRST_BYTES = 120
};

static void foreign_checkpoints_are_refused(void **state) {
    (void)state;
    uint32_t number = 99;
    write_checkpoint();
    forge(AT_VERSION, &number, 4);
    assert_refused(read_checkpoint(), STP_ERR_FORMAT, &err, "format version 99");
    write_checkpoint();
    number = 0x04030201;
    forge(AT_ORDER, &number, 4);
    assert_refused(read_checkpoint(), STP_ERR_FORMAT, &err, "byte order");

    write_checkpoint();
    assert_refused(stp_checkpoint_read(run, "last.ckpt", other_digest, 0, sections, 3, &err),
                   STP_ERR_MISMATCH, &err, "other settings");
    assert_refused(stp_checkpoint_read(run, "last.ckpt", other_digest, 1, sections, 3, &err),
                   STP_ERR_MISMATCH, &err,
                   "other settings"); // nothing forces that
    assert_refused(stp_checkpoint_read(run, "last.ckpt", "", 0, sections, 3, &err), STP_ERR_MEMORY, &err,
                   "digest");
    assert_refused(stp_checkpoint_write(run, "last.ckpt", "", sections, 3, &err), STP_ERR_MEMORY, &err,
                   "digest");

    char isa[16] = "neon";
    forge(AT_ISA, isa, sizeof isa);
    assert_refused(read_checkpoint(), STP_ERR_MISMATCH, &err, "made on neon");
    assert_untouched();
    assert_int_equal(stp_checkpoint_read(run, "last.ckpt", digest, 1, sections, 3, &err), STP_OK);
    assert_int_equal(step, 42);
}

static void sections_must_fit(void **state) {
    (void)state;
    write_checkpoint();
    stp_section wanted[] = {{"weights", weights, sizeof weights}, {"moments", &step, sizeof step}};
    assert_refused(stp_checkpoint_read(run, "last.ckpt", digest, 0, wanted, 2, &err), STP_ERR_MISMATCH, &err,
                   "no section 'moments'");
    wanted[1] = (stp_section){"step", &step, sizeof step - 1};
    assert_refused(stp_checkpoint_read(run, "last.ckpt", digest, 0, wanted, 2, &err), STP_ERR_MISMATCH, &err,
                   "4 bytes instead of 3");
    // Lengths that lie, under a right checksum, lead to a refusal and not beyond the file.
    const uint64_t lies[] = {sizeof weights + 1, UINT64_MAX, UINT64_MAX - 40, 1u << 31};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        forge(AT_FIRST_BYTES, &lies[i], 8);
        assert_int_equal(read_checkpoint(), STP_ERR_MISMATCH);
    }
    uint32_t many = UINT32_MAX;
    write_checkpoint();
    forge(AT_SECTIONS, &many, 4);
    forge(AT_FIRST_NAME, "WEIGHTS", 7);
    assert_refused(read_checkpoint(), STP_ERR_MISMATCH, &err, "no section 'weights'");
    assert_untouched();
    stp_section named = {"a name that is far longer than thirty-one bytes", &step, sizeof step};
    assert_refused(stp_checkpoint_write(run, "last.ckpt", digest, &named, 1, &err), STP_ERR_USAGE, &err,
                   "at most 31");
}

// --- disks that are full -----------------------------------------------------------------------------------
static void expect_no_room(const char *remedy) {
    static char big[1 << 20];
    stp_section large = {"large", big, sizeof big};
    assert_refused(stp_checkpoint_write(run, "last.ckpt", digest, &large, 1, &err), STP_ERR_IO, &err, remedy);
    json_t *object = json_pack("{s:o}", "text", json_stringn(memset(big, 'x', sizeof big), sizeof big));
    assert_refused(stp_run_write_json(run, "a.json", object, &err), STP_ERR_IO, &err, remedy);
    long long before = stp_run_size(run, "j.jsonl");
    assert_refused(stp_run_append(run, "j.jsonl", object, &err), STP_ERR_IO, &err, remedy);
    assert_int_equal(stp_run_size(run, "j.jsonl"), before); // no half line
    json_decref(object);
}

static void expect_old_files(void) {
    assert_int_equal(read_number("a.json"), 7);
    assert_int_equal(read_checkpoint(), STP_OK);
    assert_int_equal(step, 42);
    assert_int_equal(entries(stp_run_path(run)), 3);
}

static void write_old_files(void) {
    write_number("a.json", 7);
    json_t *line = json_pack("{s:i}", "epoch", 1);
    assert_int_equal(stp_run_append(run, "j.jsonl", line, &err), STP_OK);
    json_decref(line);
    write_checkpoint();
}

// A limit on file sizes fails a write half way, as a full disk does, and anybody may set it.
static void size_limits_leave_old_files(void **state) {
    (void)state;
    write_old_files();
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    expect_no_room("ulimit -f");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    expect_old_files();
}

static void full_disks_leave_old_files(void **state) {
    (void)state;
    char disk[128], path[160];
    snprintf(disk, sizeof disk, "%s/disk", folder);
    assert_int_equal(mkdir(disk, 0700), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=256k") != 0) {
        print_message("mounting is not permitted here: a full disk is only simulated by a size limit\n");
        skip();
    }
    stp_run_close(run);
    snprintf(path, sizeof path, "%s/run", disk);
    assert_int_equal(stp_run_create(&run, path, &err), STP_OK);
    write_old_files();
    expect_no_room("free some space");
    expect_old_files();
    stp_run_close(run); // its claim keeps the disk busy
    run = NULL;
    assert_int_equal(umount(disk), 0);
}

// --- memory that runs out ----------------------------------------------------------------------------------
static stp_status do_everything(void) {
    stp_run *again = NULL;
    json_t *read = NULL, *object = NULL;
    stp_status status = stp_run_open(&again, stp_run_path(run), &err);
    if (status == STP_OK)
        status = stp_run_read_json(again, "settings.json", &read, &err);
    if (status == STP_OK && !(object = json_pack("{s:i}", "epoch", 1)))
        status = STP_ERR_MEMORY;
    if (status == STP_OK)
        status = stp_run_write_json(again, "a.json", object, &err);
    if (status == STP_OK)
        status = stp_run_append(again, "j.jsonl", object, &err);
    char made[41];
    if (status == STP_OK)
        stp_json_digest(object, made);
    if (status == STP_OK)
        status = stp_checkpoint_write(again, "last.ckpt", made, sections, 3, &err);
    if (status == STP_OK)
        status = stp_checkpoint_read(again, "last.ckpt", made, 0, sections, 3, &err);
    json_decref(read);
    json_decref(object);
    stp_run_close(again);
    return status;
}

static void runs_survive_want_of_memory(void **state) {
    (void)state;
    write_number("settings.json", 3);
    stp_json_memory_init();
    long failed = 0;
    for (;; failed++) {
        stp_alloc_fail_after(failed);
        stp_status status = do_everything();
        stp_alloc_fail_after(-1);
        if (status == STP_OK)
            break;
        stp_json_memory_lost(); // of documents that were given up
        if (status != STP_ERR_MEMORY)
            fail_msg("allocation %ld: %s", failed, err.text);
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(failed > 10);
    assert_int_equal(read_number("settings.json"), 3);
}

#define WITH_RUN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_RUN(folders_are_made_and_opened),
        WITH_RUN(runs_that_came_to_nothing_go),
        WITH_RUN(a_folder_has_one_maker),
        WITH_RUN(folders_that_cannot_be_are_refused),
        WITH_RUN(json_files_are_whole),
        WITH_RUN(json_keeps_bits),
        WITH_RUN(journals_are_cut_back),
        WITH_RUN(the_last_line_is_a_whole_one),
        WITH_RUN(checkpoints_come_back),
        WITH_RUN(cut_checkpoints_are_refused),
        WITH_RUN(corrupted_checkpoints_are_refused),
        WITH_RUN(foreign_checkpoints_are_refused),
        WITH_RUN(sections_must_fit),
        WITH_RUN(size_limits_leave_old_files),
        WITH_RUN(full_disks_leave_old_files),
        WITH_RUN(runs_survive_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
