// Growing text, its numbers, escapes and widths, and what happens when it cannot be written.
#include "base/arena.h"
#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void expect_number(double value, int decimals, int trim, const char *expected) {
    stp_text text = {0};
    stp_text_number(&text, value, decimals, trim);
    assert_string_equal(text.data, expected);
    stp_text_free(&text);
}

static void test_numbers(void **state) {
    (void)state;
    // a locale with a decimal comma, where the system has one: the point must stay
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8"))
        setlocale(LC_NUMERIC, "de_DE");
    expect_number(0, 2, 1, "0");
    expect_number(1.5, 2, 1, "1.5");
    expect_number(1.5, 2, 0, "1.50");
    expect_number(-0.001, 2, 1, "0");
    expect_number(-12.345, 1, 0, "-12.3");
    expect_number(9.999, 2, 0, "10.00");
    expect_number(0.05, 3, 0, "0.050");
    expect_number(1000000, 3, 1, "1000000");
    expect_number(100, 0, 1, "100");
    expect_number(NAN, 2, 1, "0");
    expect_number(INFINITY, 2, 1, "0");
    setlocale(LC_NUMERIC, "C");
}

static void expect_escape(const char *in, const char *expected) {
    stp_text text = {0};
    stp_text_escape(&text, in);
    stp_text_puts(&text, "");
    assert_string_equal(text.data, expected);
    stp_text_free(&text);
}

static void test_escapes(void **state) {
    (void)state;
    expect_escape("", "");
    expect_escape("a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c&#39;");
    expect_escape("b\303\245d \346\227\245", "b\303\245d \346\227\245");
    expect_escape("a\tb\x01", "a\357\277\275b\357\277\275");
    expect_escape("\303", "\357\277\275");                                                   // cut
    expect_escape("\300\257", "\357\277\275\357\277\275");                                   // overlong
    expect_escape("\355\240\200", "\357\277\275\357\277\275\357\277\275");                   // surrogate
    expect_escape("\364\220\200\200x", "\357\277\275\357\277\275\357\277\275\357\277\275x"); // past U+10FFFF
    expect_escape("\377", "\357\277\275");
}

static void test_columns(void **state) {
    (void)state;
    assert_int_equal(stp_text_columns(""), 0);
    assert_int_equal(stp_text_columns("marvin"), 6);
    assert_int_equal(stp_text_columns("h\303\270jre"), 5);
    assert_int_equal(stp_text_columns("e\314\201"), 1);                // e and a combining acute
    assert_int_equal(stp_text_columns("\346\227\245\346\234\254"), 4); // two ideographs
    assert_int_equal(stp_text_columns("a\377b"), 3);
    assert_int_equal(stp_text_prefix("h\303\270jre", 2), 3);
    assert_int_equal(stp_text_prefix("\346\227\245\346\234\254", 3), 3);
    assert_int_equal(stp_text_prefix("abc", 9), 3);
    assert_int_equal(stp_text_prefix("abc", 0), 0);
}

static void test_grows(void **state) {
    (void)state;
    stp_text text = {0};
    for (int i = 0; i < 20000; i++)
        stp_text_printf(&text, "%d,", i % 10);
    assert_int_equal(text.bytes, 40000);
    assert_int_equal(strlen(text.data), 40000);
    assert_memory_equal(text.data + 39980, "0,1,2,3,4,5,6,7,8,9,", 20);
    stp_text_free(&text);
}

static void test_memory_runs_out(void **state) {
    (void)state;
    stp_text text = {0};
    stp_err err = {0};
    stp_text_puts(&text, "kept");
    stp_alloc_fail_after(0);
    for (int i = 0; i < 1000; i++)
        stp_text_puts(&text, "0123456789");
    stp_alloc_fail_after(-1);
    assert_true(text.failed);
    assert_int_equal(stp_text_write_stream(&text, stdout, "standard output", &err), STP_ERR_MEMORY);
    assert_int_equal(stp_text_write_file(&text, "never-made", &err), STP_ERR_MEMORY);
    assert_int_equal(access("never-made", F_OK), -1);
    stp_text_free(&text);
}

static void test_files(void **state) {
    (void)state;
    char folder[] = "/tmp/stapes-text-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.txt", folder);
    stp_text text = {0};
    stp_err err = {0};
    stp_text_puts(&text, "hello\n");
    assert_int_equal(stp_text_write_file(&text, path, &err), STP_OK);
    FILE *file = fopen(path, "rb");
    char back[16] = "";
    assert_int_equal(fread(back, 1, sizeof back, file), 6);
    fclose(file);
    assert_string_equal(back, "hello\n");
    assert_int_equal(remove(path), 0);
    snprintf(path, sizeof path, "%s/none/a.txt", folder);
    assert_int_equal(stp_text_write_file(&text, path, &err), STP_ERR_IO);
    assert_non_null(strstr(err.text, path));
    assert_non_null(
        strstr(err.text, "No such file or directory; check the path")); // and not: free some space
    assert_int_equal(rmdir(folder), 0);
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(stp_text_write_file(&text, "/dev/full", &err), STP_ERR_IO);
        assert_non_null(
            strstr(err.text, "/dev/full: cannot write it: No space left on device; free some space"));
        assert_int_equal(access("/dev/full", W_OK), 0); // a device is not removed
    }
    stp_text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),         cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_columns),         cmocka_unit_test(test_grows),
        cmocka_unit_test(test_memory_runs_out), cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
