// Whole networks as .tflite files, run by TensorFlow Lite: logits of the int8 file are the device's bit for
// bit, those of the float file are the network's.   test_nn_tflite_network LIBRARY
#include "export/tflite_network.h"
#include "int8_oracle.h"
#include "quant/device_model.h"
#include "tflite.h"
#include "whole_networks.h"

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
    int8_t *input = problem_room(bytes, 1), logits[NETWORK_MOST_CLASSES], before[NETWORK_MOST_CLASSES] = {0};
    int changes = 0;
    for (int n = 0; n < NETWORK_INPUTS; n++) {
        network_input(q, n, input, bytes);
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
    stp_bytes_free(&file);
    stp_free(input);
    stp_free(arena);
    stp_device_model_destroy(device);
    return changes;
}

static void logits_are_the_devices(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        int8_problem q;
        const char *name;
        stp_graph *g = network_build(i, &name);
        int8_problem_make(&q, g, 60 + (uint64_t)i);
        int8_problem_quantise(&q, i % 2 ? 0.5 : 1); // a narrow range saturates
        int changes = expect_bits(&q, name);
        if (changes < NETWORK_INPUTS / 4)
            fail_msg("%s: only %d of %d inputs change its logits", name, changes, NETWORK_INPUTS);
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
    stp_bytes_free(&file);
}

// Logits could hide what the mean over a map evens out.
static void every_result_is_the_devices(void **state) {
    (void)state;
    for (int i = 1; i < NETWORKS; i++) { // the first one is large, and has nothing that the second lacks
        int8_problem q;
        const char *name;
        int8_problem_make(&q, network_build(i, &name), 70 + (uint64_t)i);
        int8_problem_quantise(&q, 1);
        const stp_int8_storage *in = stp_int8_storage_of(q.net, q.net->input);
        size_t bytes = (size_t)(in->h * in->w);
        int8_t *input = problem_room(bytes, 1);
        int8_oracle o = int8_oracle_make(q.net);
        network_input(&q, i % 2 ? 0 : NETWORK_INPUTS - 1, input, bytes);
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
        float logits[NETWORK_MOST_CLASSES];
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
    stp_bytes_free(&file);
    stp_free(wanted);
}

// Lowered, but never quantised.
static void float_logits_are_the_networks(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        int8_problem q;
        const char *name;
        stp_graph *g = network_build(i, &name);
        int8_problem_make(&q, g, 80 + (uint64_t)i);
        expect_near(&q, name);
        int8_problem_free(&q);
    }
}

int main(int count, char **arguments) {
    if (count < 2 || !tflite_open(arguments[1])) {
        printf("TensorFlow Lite's library is there and cannot be loaded\n");
        return 1;
    }
    printf("TensorFlow Lite %s, %d networks, %d inputs\n", tflite_version(), NETWORKS, NETWORK_INPUTS);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_the_devices),
        cmocka_unit_test(every_result_is_the_devices),
        cmocka_unit_test(float_logits_are_the_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
