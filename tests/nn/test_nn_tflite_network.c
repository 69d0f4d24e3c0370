// Whole networks as .tflite files, run by TensorFlow Lite: logits of the int8 file are the device's bit for
// bit, those of the float file are the network's.   test_nn_tflite_network LIBRARY
#include "export/tflite_network.h"
#include "int8_oracle.h"
#include "int8_problem.h"
#include "quant/device_model.h"
#include "tflite.h"

enum { INPUTS = 40, MOST_CLASSES = 16, NETWORKS = 8 };

// --- inputs -------------------------------------------------------------------------------------------

// Noise over the whole range, saturation, silence, and features as a front-end gives them.
static void fill_input(const int8_problem *q, int number, int8_t *input, size_t bytes) {
    const stp_int8_scale *scale = stp_int8_scale_of(q->net, q->net->input);
    stp_rng rng = stp_rng_at(77, STP_RNG_TEST, 0, (uint64_t)number);
    for (size_t i = 0; i < bytes; i++) {
        double x = number < INPUTS - INT8_SAMPLES
                       ? 0
                       : nearbyint((double)q->p.inputs[0][(size_t)(number % INT8_SAMPLES) * bytes + i] /
                                   (double)scale->scale);
        int8_t feature = (int8_t)fmin(127, fmax(-128, x + scale->zero));
        int8_t noise = (int8_t)(stp_rng_below(&rng, 256) - 128), extreme = noise < 0 ? -128 : 127;
        input[i] = number < 5 ? noise : number == 5 ? extreme : feature;
    }
}

// --- int8 ---------------------------------------------------------------------------------------------

static void build(const stp_int8_net *net, stp_tflite_numbers numbers, stp_flatbuffer *file) {
    stp_err err;
    problem_must(stp_tflite_network_build(net, numbers, "a test", NULL, 0, file, &err), &err);
}

// Returns how many inputs gave other logits than the one before: a network that always says the same proves
// nothing.
static int expect_bits(const int8_problem *q, const char *name) {
    stp_err err;
    stp_device_model *device;
    stp_flatbuffer file;
    stapes s;
    problem_must(stp_device_model_create(&device, q->net, NULL, &err), &err);
    int8_t *arena = problem_room(device->model.arena_bytes, 1);
    assert_int_equal(stapes_init(&s, &device->model, arena, device->model.arena_bytes, NULL, 0), STAPES_OK);
    build(q->net, STP_TFLITE_IN_INT8, &file);
    const stapes_map *in = &device->model.map[device->model.input];
    size_t bytes = (size_t)in->h * in->w, classes = (size_t)q->p.classes;
    int8_t *input = problem_room(bytes, 1), logits[MOST_CLASSES], before[MOST_CLASSES] = {0};
    int changes = 0;
    for (int n = 0; n < INPUTS; n++) {
        fill_input(q, n, input, bytes);
        memcpy(stapes_input(&s), input, bytes);
        stapes_invoke(&s);
        if (!tflite_run(file.bytes, file.size, input, bytes, logits, classes))
            fail_msg("%s: TensorFlow Lite refuses the file", name);
        for (size_t c = 0; c < classes; c++)
            if (logits[c] != stapes_logits(&s)[c])
                fail_msg("%s, input %d, class %zu: %d, and TensorFlow Lite says %d", name, n, c,
                         stapes_logits(&s)[c], logits[c]);
        changes += memcmp(before, logits, classes) != 0;
        memcpy(before, logits, classes);
    }
    stp_flatbuffer_free(&file);
    stp_free(input);
    stp_free(arena);
    stp_device_model_destroy(device);
    return changes;
}

// Every operation of the cells at both strides, odd and even sizes, few and many channels.
static stp_graph *network(int number, const char **name) {
    static const struct {
        const char *name;
        int cells, channels;
        stp_shape shape;
    } row[NETWORKS] = {{"ds-cnn 49x10", 0, 0, {49, 10}}, {"ds-cnn 7x5", 0, 0, {7, 5}},
                       {"found 13x10", 5, 4, {13, 10}},  {"found 11x9", 3, 6, {11, 9}},
                       {"found 10x12", 6, 4, {10, 12}},  {"found 21x20", 5, 8, {21, 20}},
                       {"found 9x8", 3, 2, {9, 8}},      {"found 4x3", 4, 4, {4, 3}}};
    *name = row[number].name;
    return row[number].cells ? int8_found(row[number].cells, row[number].channels, row[number].shape, 0)
                             : int8_ds_cnn(row[number].shape);
}

static void logits_are_the_devices(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        int8_problem q;
        const char *name;
        stp_graph *g = network(i, &name);
        int8_problem_make(&q, g, 60 + (uint64_t)i);
        int8_problem_quantise(&q, i % 2 ? 0.5 : 1); // a narrow range saturates
        int changes = expect_bits(&q, name);
        if (changes < INPUTS / 4)
            fail_msg("%s: only %d of %d inputs change its logits", name, changes, INPUTS);
        int8_problem_free(&q);
    }
}

// One result of the network as the file's output, against the oracle of the device's kernels.
static void expect_result(const int8_problem *q, const int8_oracle *o, int op, const int8_t *input,
                          size_t bytes) {
    stp_int8_net net = *q->net;
    stp_flatbuffer file;
    net.output = net.op[op].out;
    build(&net, STP_TFLITE_IN_INT8, &file);
    const stp_int8_storage *s = stp_int8_storage_of(&net, net.output);
    int channels = net.tensor[net.output].c;
    size_t values = (size_t)(s->h * s->w * channels);
    int8_t *result = problem_room(values, 1), *at = result;
    if (!tflite_run(file.bytes, file.size, input, bytes, result, values))
        fail_msg("%s: TensorFlow Lite refuses the file", net.op[op].name);
    for (int h = 0; h < s->h; h++)
        for (int w = 0; w < s->w; w++)
            for (int c = 0; c < channels; c++, at++)
                if (*at != *int8_oracle_at(o, net.output, h, w, c))
                    fail_msg("%s at %d %d %d: %d, and TensorFlow Lite says %d", net.op[op].name, h, w, c,
                             *int8_oracle_at(o, net.output, h, w, c), *at);
    stp_free(result);
    stp_flatbuffer_free(&file);
}

// Logits could hide what the mean over a map evens out.
static void every_result_is_the_devices(void **state) {
    (void)state;
    for (int i = 1; i < NETWORKS; i++) { // the first one is large, and has nothing that the second lacks
        int8_problem q;
        const char *name;
        int8_problem_make(&q, network(i, &name), 70 + (uint64_t)i);
        int8_problem_quantise(&q, 1);
        const stp_int8_storage *in = stp_int8_storage_of(q.net, q.net->input);
        size_t bytes = (size_t)(in->h * in->w);
        int8_t *input = problem_room(bytes, 1);
        int8_oracle o = int8_oracle_make(q.net);
        fill_input(&q, i % 2 ? 0 : INPUTS - 1, input, bytes);
        memcpy(o.storage[q.net->tensor[q.net->input].storage], input, bytes);
        for (int op = 0; op < q.net->ops; op++) {
            int8_oracle_run(&o, op);
            expect_result(&q, &o, op, input, bytes);
        }
        int8_oracle_free(&o);
        stp_free(input);
        int8_problem_free(&q);
    }
}

// --- floats -------------------------------------------------------------------------------------------

// Single precision summed in another order: a thousandth of the largest logit is plenty for some hundred
// layers, and a wrong tap or a wrong padding changes more.
static void expect_near(const int8_problem *q, const char *name) {
    stp_flatbuffer file;
    size_t classes = (size_t)q->p.classes;
    stp_real *wanted = problem_room(INT8_SAMPLES * classes, sizeof *wanted);
    stp_exec_state exec_state = {.weights = q->p.weights, .running = q->p.running};
    int8_problem_logits(&q->p, q->p.g, &exec_state, wanted);
    const stp_int8_storage *in = stp_int8_storage_of(q->net, q->net->input);
    size_t values = (size_t)(in->h * in->w);
    build(q->net, STP_TFLITE_IN_FLOATS, &file);
    for (size_t n = 0; n < INT8_SAMPLES; n++) {
        float logits[MOST_CLASSES];
        double most = 0;
        if (!tflite_run(file.bytes, file.size, q->p.inputs[0] + n * values, sizeof(float) * values, logits,
                        sizeof(float) * classes))
            fail_msg("%s: TensorFlow Lite refuses the file of floats", name);
        for (size_t c = 0; c < classes; c++)
            most = fmax(most, fabs((double)wanted[n * classes + c]));
        for (size_t c = 0; c < classes; c++)
            if (!(fabs((double)logits[c] - (double)wanted[n * classes + c]) <= 1e-3 * most))
                fail_msg("%s, input %zu, class %zu: %g, and TensorFlow Lite says %g", name, n, c,
                         (double)wanted[n * classes + c], (double)logits[c]);
    }
    stp_flatbuffer_free(&file);
    stp_free(wanted);
}

// Lowered, but never quantised.
static void float_logits_are_the_networks(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        int8_problem q;
        const char *name;
        stp_graph *g = network(i, &name);
        int8_problem_make(&q, g, 80 + (uint64_t)i);
        expect_near(&q, name);
        int8_problem_free(&q);
    }
}

int main(int count, char **arguments) {
    if (count < 2 || !tflite_open(arguments[1])) {
        printf("TensorFlow Lite's library cannot be loaded: not compared\n");
        return 77;
    }
    printf("TensorFlow Lite %s, %d networks, %d inputs\n", tflite_version(), NETWORKS, INPUTS);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_the_devices),
        cmocka_unit_test(every_result_is_the_devices),
        cmocka_unit_test(float_logits_are_the_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
