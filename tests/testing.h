// What the unit tests share: cmocka with its prerequisites, and a scratch folder.
#ifndef STP_TESTS_TESTING_H
#define STP_TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A new folder under the system's temporary folder; testing_remove deletes it with all it holds.
static inline void testing_make_folder(char path[64]) {
    snprintf(path, 64, "/tmp/stapes_test_XXXXXX");
    assert_non_null(mkdtemp(path));
}

static inline void testing_remove_folder(const char *path) {
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

static inline void testing_write_file(const char *path, const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

// Every error is one line that says something.
#define assert_refused(call, expected, err, part)                                                            \
    do {                                                                                                     \
        (err)->text[0] = 0;                                                                                  \
        assert_int_equal((call), (expected));                                                                \
        assert_int_equal((err)->status, (expected));                                                         \
        if (!strstr((err)->text, (part)))                                                                    \
            fail_msg("'%s' does not say '%s'", (err)->text, (part));                                         \
        assert_null(strchr((err)->text, '\n'));                                                              \
    } while (0)

#endif
