// What is read of the linker's map and of the counts of instructions, C arrays that compilers read back bit
// for bit, and the signals that every processor hears.
#include "emulate/count_file.h"
#include "emulate/edge_clips.h"
#include "emulate/link_map.h"
#include "export/c_array.h"
#include "testing.h"

#include <math.h>

static void test_counts(void **state) {
    (void)state;
    const char *text =
        "0 605 alu 202 load 201 store 101 branch 101\n1 7 vector-multiply 7\n12 3000000000 dsp 3000000000\n";
    stp_count count;
    assert_true(stp_count_file_find(text, 0, &count));
    assert_int_equal(count.total, 605);
    long long sum = 0;
    for (int i = 0; i < STP_COUNT_CLASSES; i++)
        sum += count.of[i];
    assert_int_equal(sum, 605);
    assert_string_equal(stp_count_class_name(0), "alu");
    assert_int_equal(count.of[0], 202);
    assert_true(stp_count_file_find(text, 12, &count));
    assert_int_equal(count.total, 3000000000ll);
    assert_false(stp_count_file_find(text, 2, &count));
    assert_int_equal(count.total, 0);
    assert_false(stp_count_file_find("", 0, &count));
}

static void test_map(void **state) {
    (void)state;
    const char *map = "Discarded input sections\n"
                      " .text.unused   0x00000000       0x99 program.d/stapes-nn-add.o\n"
                      "\nLinker script and memory map\n\n"
                      ".text           0x00000000     0x8d78\n"
                      " .text.fw_main  0x00000040       0x40 program.d/kit/start.o\n"
                      " .text.main     0x00000080       0x40 program.d/..-firmware-run_on.o\n"
                      " .text.a        0x00000100       0x10 program.d/stapes-nn-conv.o\n"
                      " .text.stapes_front_push_and_more\n"
                      "                0x00000110       0x20 program.d/stapes-front-front.o\n"
                      "                0x00000110                stapes_front_push\n"
                      " .text.c        0x00000130       0x04 program.d/stapes-runtime-check.o\n"
                      " *fill*         0x00000134        0x2\n"
                      " .rodata.model_weights\n"
                      "                0x00000140      0x100 program.d/model.o\n"
                      " .rodata.model_front_window 0x00000240 0x200 program.d/model.o\n"
                      " .rodata.model_ops 0x00000440 0x30 program.d/model.o\n"
                      " .text          0x00000470       0x08 /usr/lib/gcc/lib/libgcc.a(_arm_addsubsf3.o)\n"
                      " .data.seed     0x20000000        0x4 program.d/stapes-front-front_arithmetic.o\n"
                      " .bss.arena     0x20000010     0x4000 program.d/..-firmware-run_on.o\n";
    stp_flash flash;
    long ram;
    stp_link_map_read(map, &flash, &ram);
    assert_int_equal(flash.nn, 0x10);
    assert_int_equal(flash.front, 0x20 + 4);
    assert_int_equal(flash.runtime, 4);
    assert_int_equal(flash.weights, 0x100);
    assert_int_equal(flash.front_tables, 0x200);
    assert_int_equal(flash.plan, 0x30);
    assert_int_equal(flash.compiler, 8);
    assert_int_equal(ram, 4);
    assert_int_equal(stp_link_map_object(map, "stapes-nn-conv.o"), 0x10);
    assert_int_equal(stp_link_map_object(map, "stapes-front-front_arithmetic.o"), 4);
    assert_int_equal(stp_link_map_object(map, "stapes-nn-add.o"), 0); // discarded
    stp_link_map_read("", &flash, &ram);
    assert_int_equal(flash.nn + flash.front + ram, 0);
}

// strtof reads hex floats exactly.
static void test_floats(void **state) {
    (void)state;
    const float values[] = {0.0f,   1.0f,    -1.5f,           0.1f,          -3.4e38f, 1e-38f,
                            1e-45f, -1e-40f, 0x1.fffffep127f, 0x1.6a09e6p-1f};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[STP_C_FLOAT_BYTES], *end;
        stp_c_float(text, values[i]);
        float back = strtof(text, &end);
        assert_memory_equal(&back, &values[i], sizeof back);
        assert_string_equal(end, "f");
    }
    char text[STP_C_FLOAT_BYTES];
    stp_c_float(text, -0.0f);
    assert_string_equal(text, "-0.0f");
}

static void test_arrays(void **state) {
    (void)state;
    const int32_t values[] = {INT32_MIN, -1, 0, INT32_MAX};
    int8_t many[300];
    stp_text text = {0};
    stp_c_i32(&text, "v", values, 4);
    assert_string_equal(text.data,
                        "static const int32_t v[4] = {\n    -2147483647 - 1, -1, 0, 2147483647,\n};\n");
    for (int i = 0; i < 300; i++)
        many[i] = (int8_t)(i % 256 - 128);
    stp_c_i8(&text, "w", many, 300);
    for (const char *line = text.data; line && *line; line = strchr(line, '\n'), line += line != NULL)
        assert_true(strcspn(line, "\n") <= 110);
    stp_text_free(&text);
}

static void test_edge_clips(void **state) {
    (void)state;
    int16_t clips[STP_EDGE_CLIPS][40];
    stp_edge_clips(clips[0], 40);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(clips[0][i], 0);
        assert_int_equal(clips[1][i], i / 18 == 1 ? 32767 : -32768);
        assert_int_equal(clips[2][i], i % 2 ? 32767 : -32768);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts), cmocka_unit_test(test_map),        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_arrays), cmocka_unit_test(test_edge_clips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
