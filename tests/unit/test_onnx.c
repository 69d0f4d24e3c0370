// The protobuf writer by the format's own examples, and a system as an .onnx file: what stands in it, what it
// cannot be made of. What the onnx package's checker and onnxruntime say of such files is tested in tests/nn.
#include "base/file.h"
#include "base/json_memory.h"
#include "export/onnx_file.h"
#include "small_system.h"

// --- protobuf -------------------------------------------------------------------------------------------

static void expect_bytes(stp_protobuf *file, const void *bytes, size_t count) {
    assert_int_equal(file->size, count);
    assert_memory_equal(file->bytes, bytes, count);
    stp_bytes_free(file);
}

// protobuf.dev, "Encoding": 150 as field 1, "testing" as field 2, the former as a message in field 3.
static void fields_are_the_formats(void **state) {
    (void)state;
    stp_protobuf file = {0};
    stp_protobuf_int(&file, 1, 150);
    expect_bytes(&file, "\x08\x96\x01", 3);
    stp_protobuf_text(&file, 2, "testing");
    expect_bytes(&file, "\x12\x07testing", 9);
    size_t message = stp_protobuf_begin(&file, 3);
    stp_protobuf_int(&file, 1, 150);
    stp_protobuf_end(&file, message);
    expect_bytes(&file, "\x1a\x03\x08\x96\x01", 5);
    stp_protobuf_int(&file, 1, -2);
    expect_bytes(&file, "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
    stp_protobuf_int(&file, 20, 0); // a field's number may need two bytes too
    expect_bytes(&file, "\xa0\x01\x00", 3);
}

// A length of two bytes moves what was written, in the message around it too.
static void long_messages_keep_their_content(void **state) {
    (void)state;
    char text[200];
    memset(text, 'x', sizeof text);
    stp_protobuf file = {0};
    size_t outer = stp_protobuf_begin(&file, 1), inner = stp_protobuf_begin(&file, 2);
    stp_protobuf_bytes(&file, 3, text, sizeof text);
    stp_protobuf_end(&file, inner);
    stp_protobuf_int(&file, 4, 5);
    stp_protobuf_end(&file, outer);
    assert_int_equal(file.size, 3 + 3 + 3 + 200 + 2);
    assert_memory_equal(file.bytes, "\x0a\xd0\x01\x12\xcb\x01\x1a\xc8\x01x", 10);
    assert_memory_equal(file.bytes + file.size - 3, "x\x20\x05", 3);
    stp_bytes_free(&file);
}

// --- the file -------------------------------------------------------------------------------------------

// A protobuf reader of a few lines: the place behind the key and length of the `nth` field of that number
// among those from `at` to `end`; NULL: none. bytes: of the field.
static const unsigned char *find_field(const unsigned char *at, const unsigned char *end, unsigned field,
                                       int nth, size_t *bytes) {
    while (at < end) {
        size_t number[2] = {0, 0};
        for (int i = 0; i < 2; i++) { // key, then value or length
            int shift = 0;
            do
                number[i] |= (size_t)(*at & 127) << shift;
            while (shift += 7, *at++ & 128);
        }
        const unsigned wire = number[0] & 7;
        assert_true(wire == 0 || wire == 2);
        *bytes = wire == 2 ? number[1] : 0;
        if (number[0] >> 3 == field && nth-- == 0)
            return at;
        at += *bytes;
    }
    assert_ptr_equal(at, end);
    return NULL;
}

static json_t *read_metadata(const char *data, size_t bytes) {
    const unsigned char *first = (const unsigned char *)data;
    size_t entry_bytes, key_bytes, text_bytes;
    json_error_t what;
    const unsigned char *entry = find_field(first, first + bytes, 14, 0, &entry_bytes);
    assert_non_null(entry);
    const unsigned char *key = find_field(entry, entry + entry_bytes, 1, 0, &key_bytes),
                        *text = find_field(entry, entry + entry_bytes, 2, 0, &text_bytes);
    assert_memory_equal(key, "stapes.json", key_bytes);
    return json_loadb((const char *)text, text_bytes, 0, &what);
}

static void labels_and_front_end_travel_along(void **state) {
    (void)state;
    char folder[64], path[128], *data;
    size_t bytes;
    stp_err err;
    stp_model *model = small_system_model();
    stp_int8_net *net = small_system_net(model);
    testing_make_folder(folder);
    snprintf(path, sizeof path, "%s/x.onnx", folder);
    problem_must(stp_onnx_file_write(net, model, STP_ONNX_IN_INT8, path, &err), &err);
    problem_must(stp_file_read(path, &data, &bytes, &err), &err);
    json_t *about = read_metadata(data, bytes), *front = json_object_get(about, "front");
    assert_non_null(about);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_string_value(json_array_get(json_object_get(about, "labels"), i)),
                            small_labels[i]);
    assert_int_equal(json_integer_value(json_object_get(front, "frames")), 19);
    for (size_t i = 0; i < 10; i++) // to the bit
        assert_true((float)json_real_value(json_array_get(json_object_get(front, "mean"), i)) ==
                    model->norm_mean[i]);
    json_decref(about);
    stp_free(data);
    assert_refused(stp_onnx_file_write(net, model, STP_ONNX_IN_INT8, "/no/such/x.onnx", &err), STP_ERR_IO,
                   &err, "/no/such/x.onnx");
    stp_int8_net_destroy(net);
    stp_model_destroy(model);
    testing_remove_folder(folder);
}

// --- the graph ------------------------------------------------------------------------------------------

static stp_status build(const stp_int8_net *net, stp_bytes *file, stp_err *err) {
    return stp_onnx_network_build(net, STP_ONNX_IN_INT8, "a test", NULL, file, err);
}

static int count_nodes(const stp_bytes *file, const char *op) {
    size_t graph_bytes, node_bytes, op_bytes;
    const unsigned char *node, *graph = find_field(file->bytes, file->bytes + file->size, 7, 0, &graph_bytes);
    int found = 0;
    for (int i = 0; (node = find_field(graph, graph + graph_bytes, 1, i, &node_bytes)); i++) {
        const unsigned char *text = find_field(node, node + node_bytes, 4, 0, &op_bytes);
        found += op_bytes == strlen(op) && memcmp(text, op, op_bytes) == 0;
    }
    return found;
}

// An operation a node, each result rounded once; what the device has no operation for has a node here.
static void every_operation_is_a_node(void **state) {
    (void)state;
    stp_err err;
    stp_bytes file;
    int8_problem q;
    int8_problem_make(&q, int8_found(5, 4, (stp_shape){11, 9}, 0), 5);
    int8_problem_quantise(&q, 1);
    problem_must(build(q.net, &file, &err), &err);
    int kinds[STAPES_OP_KINDS] = {0}, rectified_later = 0;
    for (int i = 0; i < q.net->ops; i++) {
        const stp_int8_op *op = &q.net->op[i];
        kinds[op->kind]++;
        rectified_later += op->relu_out && stp_int8_scale_of(q.net, op->out)->zero > -128;
    }
    const int concatenations = count_nodes(&file, "Concat"), flats = count_nodes(&file, "Flatten");
    assert_int_equal(count_nodes(&file, "Conv"),
                     kinds[STAPES_CONV] + kinds[STAPES_POINTWISE] + kinds[STAPES_DEPTHWISE]);
    assert_int_equal(count_nodes(&file, "MaxPool"), kinds[STAPES_MAX_POOL]);
    assert_int_equal(count_nodes(&file, "AveragePool") + count_nodes(&file, "GlobalAveragePool"),
                     kinds[STAPES_AVERAGE_POOL]);
    assert_int_equal(count_nodes(&file, "Add"), kinds[STAPES_ADD]);
    assert_int_equal(count_nodes(&file, "Gemm"), 1);
    assert_true(concatenations >= 5);
    int relu_out = 0;
    for (int i = 0; i < q.net->ops; i++)
        relu_out += q.net->op[i].relu_out;
    const int relu_in = count_nodes(&file, "Relu") - relu_out;
    assert_true(relu_in > 0);
    assert_int_equal(count_nodes(&file, "QuantizeLinear"),
                     1 + q.net->ops + rectified_later + relu_in + concatenations + flats);
    stp_bytes_free(&file);
    int8_problem_free(&q);
}

static void what_the_format_cannot_say_is_refused(void **state) {
    (void)state;
    stp_err err;
    stp_bytes file;
    int8_problem q;
    int8_problem_make(&q, int8_found(3, 4, (stp_shape){11, 9}, 0), 5);
    int8_problem_quantise(&q, 1);
    stp_int8_net *net = q.net;
    int depthwise = 0, part = 0;
    while (net->op[depthwise].kind != STAPES_DEPTHWISE)
        depthwise++;
    net->op[depthwise].window.pad_left = -1;
    assert_refused(build(net, &file, &err), STP_ERR_MISMATCH, &err, "its padding is");
    net->op[depthwise].window.pad_left = 1;
    int *rows = &net->storage[net->tensor[net->op[0].out].storage].h;
    *rows -= 2; // of the stem: one less than fit without any padding
    assert_refused(build(net, &file, &err), STP_ERR_MISMATCH, &err, "stem.conv: its last window ends before");
    *rows += 2;
    while (net->tensor[net->op[part].out].c == stp_int8_storage_of(net, net->op[part].out)->c)
        part++; // of a concatenation: moved, it leaves a gap in the whole
    net->tensor[net->op[part].out].c_first++;
    assert_refused(build(net, &file, &err), STP_ERR_MISMATCH, &err, "otherwise than they are");
    assert_null(file.bytes);
    int8_problem_free(&q);
}

static stp_status write_int8(const stp_int8_net *net, const stp_model *model, const char *path,
                             stp_err *err) {
    return stp_onnx_file_write(net, model, STP_ONNX_IN_INT8, path, err);
}

static void memory_can_run_out(void **state) {
    (void)state;
    small_system_memory_runs_out("x.onnx", write_int8);
}

int main(void) {
    stp_json_memory_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_the_formats),
        cmocka_unit_test(long_messages_keep_their_content),
        cmocka_unit_test(labels_and_front_end_travel_along),
        cmocka_unit_test(every_operation_is_a_node),
        cmocka_unit_test(what_the_format_cannot_say_is_refused),
        cmocka_unit_test(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
