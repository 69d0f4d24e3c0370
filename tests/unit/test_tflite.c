// A system as a .tflite file: what stands in it, what it cannot be made of. That TensorFlow Lite computes the
// device's bits from it is tested in tests/nn, where its library is at hand.
#include "base/file.h"
#include "base/json_memory.h"
#include "export/tflite_file.h"
#include "small_system.h"

// The JSON text in a file's metadata: a buffer that begins with a brace.
static json_t *read_metadata(const char *data, size_t bytes) {
    for (size_t i = 0; i + 3 < bytes; i++)
        if (memcmp(data + i, "{\n \"", 4) == 0) {
            uint32_t length;
            json_error_t what;
            memcpy(&length, data + i - 4, 4);
            assert_true(i + length <= bytes);
            return json_loadb(data + i, length, 0, &what);
        }
    return NULL;
}

static void labels_and_front_end_travel_along(void **state) {
    (void)state;
    char folder[64], path[128], *data;
    size_t bytes;
    stp_err err;
    stp_model *model = small_system_model();
    stp_int8_net *net = small_system_net(model);
    testing_make_folder(folder);
    snprintf(path, sizeof path, "%s/x.tflite", folder);
    problem_must(stp_tflite_file_write(net, model, STP_TFLITE_IN_INT8, path, &err), &err);
    problem_must(stp_file_read(path, &data, &bytes, &err), &err);
    assert_memory_equal(data + 4, "TFL3", 4);
    json_t *about = read_metadata(data, bytes), *front = json_object_get(about, "front");
    assert_non_null(about);
    for (int i = 0; i < 3; i++)
        assert_string_equal(json_string_value(json_array_get(json_object_get(about, "labels"), (size_t)i)),
                            small_labels[i]);
    assert_int_equal(json_integer_value(json_object_get(about, "clip_samples")), 4000);
    assert_int_equal(json_integer_value(json_object_get(front, "window_samples")), 400);
    assert_int_equal(json_integer_value(json_object_get(front, "fft_samples")), 512);
    assert_int_equal(json_integer_value(json_object_get(front, "frames")), 19);
    for (size_t i = 0; i < 10; i++) { // to the bit
        assert_true((float)json_real_value(json_array_get(json_object_get(front, "mean"), i)) ==
                    model->norm_mean[i]);
        assert_true((float)json_real_value(json_array_get(json_object_get(front, "inv_deviation"), i)) ==
                    model->norm_inv[i]);
    }
    json_decref(about);
    stp_free(data);
    assert_refused(stp_tflite_file_write(net, model, STP_TFLITE_IN_INT8, "/no/such/x.tflite", &err),
                   STP_ERR_IO, &err, "/no/such/x.tflite");
    stp_int8_net_destroy(net);
    stp_model_destroy(model);
    testing_remove_folder(folder);
}

static stp_status build(const stp_int8_net *net, stp_tflite_numbers numbers, stp_err *err) {
    stp_flatbuffer file;
    stp_status status = stp_tflite_network_build(net, numbers, "a test", NULL, 0, &file, err);
    stp_bytes_free(&file);
    return status;
}

static uint32_t word(const stp_flatbuffer *file, size_t at) {
    uint32_t value;
    assert_true(at + 4 <= file->size);
    memcpy(&value, file->bytes + at, 4);
    return value;
}

// Where a table's field is.
static size_t field(const stp_flatbuffer *file, size_t table, size_t number) {
    size_t vtable = table - word(file, table); // the writer has it in front
    return table + (word(file, vtable + 4 + 2 * number) & 0xffff);
}

static size_t follow(const stp_flatbuffer *file, size_t place) {
    return place + word(file, place);
}

static void operator_codes_stand_once(void **state) {
    (void)state;
    stp_err err;
    stp_flatbuffer file;
    int8_problem q;
    int8_problem_make(&q, int8_found(3, 4, (stp_shape){11, 9}, 0), 5);
    int8_problem_quantise(&q, 1);
    problem_must(stp_tflite_network_build(q.net, STP_TFLITE_IN_INT8, "a test", NULL, 0, &file, &err), &err);
    size_t codes = follow(&file, field(&file, follow(&file, 0), 1)), count = word(&file, codes);
    assert_in_range(count, 5, 8); // of some hundred operations
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(word(&file, field(&file, follow(&file, codes + 4 + 4 * i), 3)),
                                 word(&file, field(&file, follow(&file, codes + 4 + 4 * k), 3)));
    stp_bytes_free(&file);
    int8_problem_free(&q);
}

static void what_the_format_cannot_say_is_refused(void **state) {
    (void)state;
    stp_err err;
    int8_problem q;
    int8_problem_make(&q, int8_found(3, 4, (stp_shape){11, 9}, 0), 5);
    int8_problem_quantise(&q, 1);
    stp_int8_net *net = q.net;
    assert_int_equal(build(net, STP_TFLITE_IN_INT8, &err), STP_OK);
    net->op[0].window.pad_top += 1;
    assert_refused(build(net, STP_TFLITE_IN_INT8, &err), STP_ERR_MISMATCH, &err, "stem.conv: its padding is");
    net->op[0].window.pad_top -= 1;
    int depthwise = 0;
    while (net->op[depthwise].kind != STAPES_DEPTHWISE)
        depthwise++;
    net->op[depthwise].window.pad_left = -1;
    assert_refused(build(net, STP_TFLITE_IN_INT8, &err), STP_ERR_MISMATCH, &err, "its padding is");
    net->op[depthwise].window.pad_left = 1;
    assert_int_equal(build(net, STP_TFLITE_IN_FLOATS, &err), STP_OK);
    int part = 0; // of a concatenation: moved, it leaves a gap in the whole
    while (net->tensor[net->op[part].out].c == stp_int8_storage_of(net, net->op[part].out)->c)
        part++;
    net->tensor[net->op[part].out].c_first++;
    assert_refused(build(net, STP_TFLITE_IN_INT8, &err), STP_ERR_MISMATCH, &err, "otherwise than they are");
    int8_problem_free(&q);
}

static stp_status write_int8(const stp_int8_net *net, const stp_model *model, const char *path,
                             stp_err *err) {
    return stp_tflite_file_write(net, model, STP_TFLITE_IN_INT8, path, err);
}

static void memory_can_run_out(void **state) {
    (void)state;
    small_system_memory_runs_out("x.tflite", write_int8);
}

int main(void) {
    stp_json_memory_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_and_front_end_travel_along),
        cmocka_unit_test(operator_codes_stand_once),
        cmocka_unit_test(what_the_format_cannot_say_is_refused),
        cmocka_unit_test(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
