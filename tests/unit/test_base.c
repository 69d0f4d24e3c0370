// Errors, memory, whole files, and "did you mean".
#include "testing.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/nearest.h"
#include "base/path.h"
#include "base/status.h"

#include <sys/stat.h>
#include <unistd.h>

static stp_err err;

static void errors_are_one_line(void **state) {
    (void)state;
    assert_int_equal(stp_err_set(&err, STP_ERR_DATA, "%s: %d", "a\nb\t\x7f\x1b[31m caf\xc3\xa9", 7),
                     STP_ERR_DATA);
    assert_string_equal(err.text, "a?b???[31m caf\xc3\xa9: 7");
    assert_int_equal(err.status, STP_ERR_DATA);
    char long_text[3000];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    stp_err_set(&err, STP_ERR_IO, "%s", long_text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_int_equal(stp_err_set(NULL, STP_ERR_IO, "nobody listens"), STP_ERR_IO);
    assert_int_equal(stp_err_memory(&err, "the plan", 123), STP_ERR_MEMORY);
    assert_non_null(strstr(err.text, "the plan (123 bytes)"));
}

// What a message proposes to type must reach the program as one argument, whatever the path.
static void paths_become_words(void **state) {
    (void)state;
    static const char *const paths[] = {"runs/a-1.5_x",  "my runs/one", "it's", "'",     "a\tb", "$HOME;*?",
                                        "caf\xc3\xa9/x", "~/x",         "",     "\"q\"", "a\\b"};
    static char quoted[STP_PATH_BYTES], command[STP_PATH_BYTES + 32], read[STP_PATH_BYTES];
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        snprintf(command, sizeof command, "printf '%%s' %s", stp_path_word(quoted, paths[i]));
        FILE *shell = popen(command, "r");
        assert_non_null(shell);
        read[fread(read, 1, sizeof read - 1, shell)] = 0;
        assert_int_equal(pclose(shell), 0);
        assert_string_equal(read, paths[i]);
    }
    assert_string_equal(stp_path_word(quoted, "-x"), "'./-x'");  // which no command takes for an option
    assert_string_equal(stp_path_word(quoted, "=x"), "'=x'");    // a program's place, to zsh
    assert_ptr_equal(stp_path_word(quoted, paths[0]), paths[0]); // plain ones stay as they were typed
    static char longest[2 * STP_PATH_BYTES];
    memset(longest, '\'', STP_PATH_BYTES / 4);
    assert_ptr_equal(stp_path_word(quoted, longest), longest);
}

static void exit_codes_are_the_documented(void **state) {
    (void)state;
    assert_int_equal(stp_status_exit_code(STP_OK), 0);
    assert_int_equal(stp_status_exit_code(STP_ERR_USAGE), 2);
    assert_int_equal(stp_status_exit_code(STP_ERR_INTERRUPTED), 130);
    for (int status = STP_ERR_IO; status < STP_ERR_INTERRUPTED; status++)
        assert_int_equal(stp_status_exit_code((stp_status)status), 1);
}

static void assert_zero_and_aligned(const unsigned char *memory, size_t bytes) {
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % 64, 0);
    for (size_t i = 0; i < bytes; i++)
        if (memory[i])
            fail_msg("byte %zu of %zu is not zero", i, bytes);
}

static void allocations_are_zero_and_aligned(void **state) {
    (void)state;
    const size_t sizes[] = {0, 1, 63, 64, 65, 100000, 3 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *memory = stp_alloc(sizes[i]);
        assert_zero_and_aligned(memory, sizes[i]);
        memset(memory, 0xff, sizes[i]); // so that the next one would show what is not cleared
        stp_free(memory);
    }
    assert_null(stp_alloc(SIZE_MAX));
    assert_null(stp_alloc((size_t)1 << 60));
    stp_free(NULL);
}

static void allocations_fail_when_told(void **state) {
    (void)state;
    unsigned long before = stp_alloc_count();
    void *memory[3];
    stp_alloc_fail_after(2);
    for (int i = 0; i < 3; i++)
        memory[i] = stp_alloc(10);
    assert_null(stp_alloc(10));
    stp_alloc_fail_after(-1);
    assert_true(memory[0] && memory[1] && !memory[2]);
    assert_int_equal(stp_alloc_count() - before, 2);
    stp_free(memory[0]);
    stp_free(memory[1]);
}

static void one_allocation_fails_when_told(void **state) {
    (void)state;
    long live = stp_alloc_live();
    void *memory[3];
    stp_alloc_fail_once(1);
    for (int i = 0; i < 3; i++)
        memory[i] = stp_alloc(10);
    assert_int_equal(stp_alloc_refused(), 1);
    assert_true(memory[0] && !memory[1] && memory[2]);
    assert_int_equal(stp_alloc_live() - live, 2);
    stp_free(memory[0]);
    stp_free(memory[2]);
    assert_int_equal(stp_alloc_live(), live);
}

static void arenas_hand_out_separate_memory(void **state) {
    (void)state;
    stp_arena *arena = stp_arena_create();
    enum { COUNT = 500 };
    unsigned char *part[COUNT];
    for (int i = 0; i < COUNT; i++) {
        size_t bytes = (size_t)(i * 37 % 1000);
        part[i] = stp_arena_alloc(arena, bytes);
        assert_zero_and_aligned(part[i], bytes);
        memset(part[i], i % 255 + 1, bytes);
    }
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < i * 37 % 1000; k++)
            if (part[i][k] != i % 255 + 1)
                fail_msg("part %d was written over", i);
    unsigned char *large = stp_arena_alloc(arena, 1 << 20); // larger than a chunk
    assert_zero_and_aligned(large, 1 << 20);
    assert_true(stp_arena_bytes(arena) >= (1 << 20));
    char *copy = stp_arena_strdup(arena, "stapes");
    assert_string_equal(copy, "stapes");
    double *numbers = STP_ARENA_ARRAY(arena, double, 7);
    assert_zero_and_aligned((unsigned char *)numbers, 56);
    assert_null(stp_arena_alloc(arena, SIZE_MAX));
    stp_arena_destroy(arena);
    stp_arena_destroy(NULL);
}

static void arenas_survive_want_of_memory(void **state) {
    (void)state;
    int failed = 0;
    for (long n = 0; n < 8; n++) {
        stp_alloc_fail_after(n);
        stp_arena *arena = stp_arena_create();
        void *small = arena ? stp_arena_alloc(arena, 100) : NULL;
        void *large = arena ? stp_arena_alloc(arena, 1 << 20) : NULL;
        stp_alloc_fail_after(-1);
        failed += !arena + !small + !large;
        if (arena && !large) // still usable
            assert_non_null(stp_arena_alloc(arena, 100));
        stp_arena_destroy(arena);
    }
    assert_int_equal(failed, 3 + 2 + 2 + 2 + 1 + 1 + 1);
}

static void edits_are_counted(void **state) {
    (void)state;
    const struct {
        const char *a, *b;
        int distance;
    } rows[] = {{"", "", 0},
                {"", "abc", 3},
                {"abc", "abc", 0},
                {"kitten", "sitting", 3},
                {"serach", "search", 1},
                {"train", "trian", 1},
                {"a", "b", 1},
                {"epoch", "epochs", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(stp_edit_distance(rows[i].a, rows[i].b), rows[i].distance);
        assert_int_equal(stp_edit_distance(rows[i].b, rows[i].a), rows[i].distance);
    }
    char a[100], b[100];
    memset(a, 'a', sizeof a);
    memset(b, 'a', sizeof b);
    a[63] = b[63] = 0;
    assert_int_equal(stp_edit_distance(a, b), 0);
    a[63] = b[63] = 'a';
    a[99] = b[99] = 0;
    assert_true(stp_edit_distance(a, b) > 60);
}

static const char *nearest_of_three(const char *wanted) {
    stp_nearest nearest = stp_nearest_begin(wanted);
    stp_nearest_offer(&nearest, "search");
    stp_nearest_offer(&nearest, "train");
    stp_nearest_offer(&nearest, "features");
    return stp_nearest_best(&nearest);
}

static void nearest_words_are_near(void **state) {
    (void)state;
    assert_string_equal(nearest_of_three("serach"), "search");
    assert_string_equal(nearest_of_three("trian"), "train");
    assert_string_equal(nearest_of_three("feat"), "features"); // its beginning
    assert_null(nearest_of_three("zzzz"));
    assert_null(nearest_of_three(""));
    assert_null(nearest_of_three("x"));
}

static void files_are_replaced_whole(void **state) {
    (void)state;
    char folder[64], path[80], part[96], *data;
    size_t bytes;
    testing_make_folder(folder);
    snprintf(path, sizeof path, "%s/f", folder);
    snprintf(part, sizeof part, "%s.new", path);
    assert_refused(stp_file_read(path, &data, &bytes, &err), STP_ERR_IO, &err, "No such file");
    assert_int_equal(stp_file_write(path, "old\0one", 7, &err), STP_OK);

    stp_file_out out;
    assert_int_equal(stp_file_begin(&out, path, &err), STP_OK);
    assert_int_equal(stp_file_put(&out, "new", 3, &err), STP_OK);
    assert_int_equal(stp_file_read(path, &data, &bytes, &err), STP_OK); // the old one until commit
    assert_int_equal(bytes, 7);
    assert_memory_equal(data, "old\0one", 8); // and a NUL behind it
    stp_free(data);
    stp_file_abandon(&out);
    stp_file_abandon(&out);
    assert_int_not_equal(access(part, F_OK), 0);

    assert_int_equal(stp_file_begin(&out, path, &err), STP_OK);
    assert_int_equal(stp_file_put(&out, "new", 3, &err), STP_OK);
    assert_int_equal(stp_file_put(&out, "er", 2, &err), STP_OK);
    assert_int_equal(stp_file_commit(&out, &err), STP_OK);
    stp_file_abandon(&out); // harmless now
    assert_int_equal(stp_file_read(path, &data, &bytes, &err), STP_OK);
    assert_string_equal(data, "newer");
    stp_free(data);

    assert_int_equal(stp_file_write(path, NULL, 0, &err), STP_OK);
    assert_int_equal(stp_file_read(path, &data, &bytes, &err), STP_OK);
    assert_int_equal(bytes, 0);
    stp_free(data);
    testing_remove_folder(folder);
}

static void things_that_are_no_files_are_refused(void **state) {
    (void)state;
    char folder[64], path[80], deeper[96], *data;
    size_t bytes;
    testing_make_folder(folder);
    assert_refused(stp_file_read(folder, &data, &bytes, &err), STP_ERR_IO, &err, "not a regular file");
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(stp_file_read(path, &data, &bytes, &err), STP_ERR_IO, &err, "not a regular file");
    assert_refused(stp_file_read("/dev/zero", &data, &bytes, &err), STP_ERR_IO, &err, "not a regular file");

    // renaming would put a file in the place of the pipe, or of the device that the link names
    stp_file_out out;
    assert_refused(stp_file_write(path, "x", 1, &err), STP_ERR_IO, &err, "pipe: not a regular file");
    snprintf(path, sizeof path, "%s/link", folder);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_refused(stp_file_write(path, "x", 1, &err), STP_ERR_IO, &err, "link: not a regular file");
    struct stat there;
    assert_int_equal(lstat(path, &there), 0);
    assert_true(S_ISLNK(there.st_mode));
    snprintf(path, sizeof path, "%s/none/f", folder);
    assert_refused(stp_file_begin(&out, path, &err), STP_ERR_IO, &err, "none/f.new: cannot create it");
    snprintf(path, sizeof path, "%s/is_folder", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(stp_file_write(path, "x", 1, &err), STP_ERR_IO, &err, "is_folder: cannot write it");
    snprintf(deeper, sizeof deeper, "%s.new", path);
    assert_int_not_equal(access(deeper, F_OK), 0);

    snprintf(path, sizeof path, "%s/a/b//c/", folder);
    assert_int_equal(stp_dir_make(path, &err), STP_OK);
    assert_int_equal(stp_dir_make(path, &err), STP_OK);
    assert_int_equal(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/file", folder);
    testing_write_file(path, "x", 1);
    snprintf(deeper, sizeof deeper, "%s/sub", path);
    assert_refused(stp_dir_make(deeper, &err), STP_ERR_IO, &err,
                   "file: cannot make this folder: Not a directory");
    testing_remove_folder(folder);
}

static void paths_are_joined(void **state) {
    (void)state;
    char path[STP_PATH_BYTES], long_name[STP_PATH_BYTES];
    assert_int_equal(stp_path_join(path, "a/b", "c", &err), STP_OK);
    assert_string_equal(path, "a/b/c");
    assert_int_equal(stp_path_join(path, "/", "c", &err), STP_OK);
    assert_string_equal(path, "/c");
    memset(long_name, 'x', sizeof long_name);
    long_name[STP_PATH_BYTES - 3] = 0;
    assert_int_equal(stp_path_join(path, "a", long_name, &err), STP_OK);
    assert_refused(stp_path_join(path, "ab", long_name, &err), STP_ERR_USAGE, &err, "too long");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_one_line),
        cmocka_unit_test(paths_become_words),
        cmocka_unit_test(exit_codes_are_the_documented),
        cmocka_unit_test(allocations_are_zero_and_aligned),
        cmocka_unit_test(allocations_fail_when_told),
        cmocka_unit_test(one_allocation_fails_when_told),
        cmocka_unit_test(arenas_hand_out_separate_memory),
        cmocka_unit_test(arenas_survive_want_of_memory),
        cmocka_unit_test(edits_are_counted),
        cmocka_unit_test(nearest_words_are_near),
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(things_that_are_no_files_are_refused),
        cmocka_unit_test(paths_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
