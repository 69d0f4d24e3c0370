// Tables, compared with the text a reader should see.
#include "base/arena.h"
#include "report/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static void expect_table(stp_table *table, int indent, const char *expected) {
    stp_text out = {0};
    stp_err err = {0};
    assert_int_equal(stp_table_format(table, indent, &out, &err), STP_OK);
    assert_string_equal(out.data ? out.data : "", expected);
    stp_text_free(&out);
    stp_table_free(table);
}

static void test_alignment(void **state) {
    (void)state;
    stp_table table = {0};
    stp_table_column(&table, "word", STP_TABLE_LEFT);
    stp_table_column(&table, "clips", STP_TABLE_RIGHT);
    stp_table_column(&table, "recall", STP_TABLE_RIGHT);
    stp_table_cell(&table, "marvin");
    stp_table_number(&table, 195, 0);
    stp_table_number(&table, 97.4359, 1);
    stp_table_cell(&table, "h\303\270jre");
    stp_table_number(&table, 1200, 0);
    stp_table_number(&table, NAN, 1);
    stp_table_rule(&table);
    stp_table_cell(&table, "%s", "all");
    stp_table_number(&table, 1395, 0);
    stp_table_number(&table, 3e9, 1);
    expect_table(&table, 2,
                 "  word    clips      recall\n"
                 "  -------------------------\n"
                 "  marvin    195        97.4\n"
                 "  h\303\270jre    1200           -\n"
                 "  -------------------------\n"
                 "  all      1395  3000000000\n");
}

static void test_gaps(void **state) {
    (void)state;
    stp_table table = {0};
    stp_table_column(&table, "a", STP_TABLE_RIGHT);
    stp_table_column(&table, "b", STP_TABLE_LEFT);
    stp_table_column(&table, "c", STP_TABLE_LEFT);
    stp_table_cell(&table, "%s", "");
    stp_table_cell(&table, "%s", "");
    stp_table_cell(&table, "end");
    stp_table_cell(&table, "1\n2"); // one line, whatever a cell holds
    stp_table_cell(&table, "%s", "");
    stp_table_cell(&table, "%s", "");
    stp_table_cell(&table, "cut"); // the rest of the last row is left out
    expect_table(&table, 0,
                 "  a  b  c\n"
                 "-----------\n"
                 "        end\n"
                 "1?2\n"
                 "cut\n");
}

static void test_headless(void **state) {
    (void)state;
    stp_table table = {0};
    stp_table_column(&table, "", STP_TABLE_LEFT);
    stp_table_column(&table, "", STP_TABLE_RIGHT);
    stp_table_cell(&table, "parameters");
    stp_table_cell(&table, "22 604");
    stp_table_cell(&table, "MACs");
    stp_table_cell(&table, "2 656 768");
    expect_table(&table, 0, "parameters     22 604\nMACs        2 656 768\n");
    table = (stp_table){0};
    expect_table(&table, 0, "");
}

static void test_errors(void **state) {
    (void)state;
    stp_table table = {0};
    stp_err err = {0};
    stp_alloc_fail_after(0);
    stp_table_column(&table, "a", STP_TABLE_LEFT);
    stp_table_cell(&table, "b");
    stp_table_rule(&table);
    stp_alloc_fail_after(-1);
    assert_int_equal(stp_table_write(&table, 0, stdout, "standard output", &err), STP_ERR_MEMORY);
    stp_table_free(&table);
    if (access("/dev/full", W_OK) != 0)
        return;
    table = (stp_table){0};
    stp_table_column(&table, "a", STP_TABLE_LEFT);
    FILE *full = fopen("/dev/full", "w");
    assert_int_equal(stp_table_write(&table, 0, full, "the table", &err), STP_ERR_IO);
    fclose(full);
    stp_table_free(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_headless),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
