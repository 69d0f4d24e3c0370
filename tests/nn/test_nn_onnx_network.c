// Whole networks as .onnx files, run by onnxruntime: nothing of the int8 file is left in floats, its logits
// are the device's but for a few steps; those of the float file are the network's.
//   test_nn_onnx_network PACKAGE
#include "export/onnx_network.h"
#include "int8_oracle.h"
#include "onnx.h"
#include "quant/device_model.h"
#include "whole_networks.h"

// --- int8 ---------------------------------------------------------------------------------------------

static void load(const stp_int8_net *net, stp_onnx_numbers numbers, const char *name) {
    stp_bytes file;
    stp_err err;
    int in_floats;
    problem_must(stp_onnx_network_build(net, numbers, "a test", NULL, &file, &err), &err);
    if (!onnx_load(file.bytes, file.size, &in_floats))
        fail_msg("%s: onnxruntime refuses the file", name);
    if (numbers == STP_ONNX_IN_INT8 && in_floats > 0)
        fail_msg("%s: onnxruntime leaves %d operators in floats", name, in_floats);
    stp_bytes_free(&file);
}

typedef struct tally {
    int inputs, decisions, changes; // inputs with the same decision; with other logits than the one before
    int most;                       // steps
    double sum;
    long values;
} tally;

static int best_of(const double *logits, int classes) {
    int best = 0;
    for (int c = 1; c < classes; c++)
        best = logits[c] > logits[best] ? c : best;
    return best;
}

static void compare(const int8_t *device, const float *runtime, const stp_int8_scale *scale, int classes,
                    tally *t) {
    double ours[NETWORK_MOST_CLASSES], theirs[NETWORK_MOST_CLASSES];
    for (int c = 0; c < classes; c++) {
        ours[c] = device[c];
        theirs[c] = nearbyint((double)runtime[c] / (double)scale->scale) + scale->zero;
        const int steps = (int)fabs(ours[c] - theirs[c]);
        t->most = steps > t->most ? steps : t->most;
        t->sum += steps;
        t->values++;
    }
    t->inputs++;
    t->decisions += best_of(ours, classes) == best_of(theirs, classes);
}

static void compare_network(const int8_problem *q, const char *name, tally *t) {
    stp_err err;
    stp_device_model *device;
    stapes s;
    problem_must(stp_device_model_create(&device, q->net, NULL, &err), &err);
    int8_t *arena = problem_room(device->model.arena_bytes, 1);
    assert_int_equal(stapes_init(&s, &device->model, arena, device->model.arena_bytes, NULL, 0), STAPES_OK);
    load(q->net, STP_ONNX_IN_INT8, name);
    const stp_int8_scale *in = stp_int8_scale_of(q->net, q->net->input),
                         *out = stp_int8_scale_of(q->net, q->net->output);
    const stapes_map *map = &device->model.map[device->model.input];
    const size_t values = (size_t)map->h * map->w, classes = (size_t)q->p.classes;
    int8_t *input = problem_room(values, 1), before[NETWORK_MOST_CLASSES] = {0};
    float *features = problem_room(NETWORK_INPUTS * values, sizeof *features),
          *logits = problem_room(NETWORK_INPUTS * classes, sizeof *logits);
    for (int n = 0; n < NETWORK_INPUTS; n++) {
        network_input(q, n, input, values);
        for (size_t i = 0; i < values; i++)
            features[(size_t)n * values + i] = in->scale * (float)(input[i] - in->zero);
    }
    if (!onnx_run(features, NETWORK_INPUTS * values, logits, NETWORK_INPUTS * classes))
        fail_msg("%s: onnxruntime cannot run it", name);
    for (int n = 0; n < NETWORK_INPUTS; n++) {
        network_input(q, n, stapes_input(&s), values);
        stapes_invoke(&s);
        compare(stapes_logits(&s), logits + (size_t)n * classes, out, (int)classes, t);
        t->changes += memcmp(before, stapes_logits(&s), classes) != 0;
        memcpy(before, stapes_logits(&s), classes);
    }
    stp_free(logits);
    stp_free(features);
    stp_free(input);
    stp_free(arena);
    stp_device_model_destroy(device);
}

static void logits_are_nearly_the_devices(void **state) {
    int inputs = 0, decisions = 0;
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        int8_problem q;
        tally t = {0};
        const char *name;
        stp_graph *g = network_build(i, &name);
        int8_problem_make(&q, g, 60 + (uint64_t)i);
        int8_problem_quantise(&q, i % 2 ? 0.5 : 1); // a narrow range saturates
        compare_network(&q, name, &t);
        printf("%-14s %d of %d decisions, logits %.2f steps apart, %d at most\n", name, t.decisions, t.inputs,
               t.sum / (double)t.values, t.most);
        // layer by layer a step more or less: some where few values are averaged, wrong weights or padding
        // many
        if (t.most > 10 || t.sum > 2 * (double)t.values)
            fail_msg("%s: too far apart", name);
        if (t.changes < NETWORK_INPUTS / 4)
            fail_msg("%s: only %d of %d inputs change its logits", name, t.changes, NETWORK_INPUTS);
        inputs += t.inputs;
        decisions += t.decisions;
        int8_problem_free(&q);
    }
    assert_true(1000 * decisions >= 995 * inputs);
}

// --- each result ----------------------------------------------------------------------------------------

// onnxruntime's result of an operation, as the file's output, into the oracle's storages.
static void fetch(const int8_problem *q, const int8_oracle *o, int op, const float *features, size_t values) {
    stp_int8_net net = *q->net;
    net.ops = op + 1; // no more than it takes: a file is loaded for every operation
    net.output = net.op[op].out;
    load(&net, STP_ONNX_IN_INT8, net.op[op].name);
    const stp_int8_storage *s = stp_int8_storage_of(&net, net.output);
    const stp_int8_scale *scale = stp_int8_scale_of(&net, net.output);
    const int channels = net.tensor[net.output].c;
    float *result = problem_room((size_t)(s->h * s->w * channels), sizeof *result), *at = result;
    if (!onnx_run(features, values, result, (size_t)(s->h * s->w * channels)))
        fail_msg("%s: onnxruntime cannot run it", net.op[op].name);
    for (int c = 0; c < channels; c++)
        for (int h = 0; h < s->h; h++)
            for (int w = 0; w < s->w; w++, at++)
                *int8_oracle_at(o, net.output, h, w, c) =
                    (int8_t)(nearbyint((double)*at / (double)scale->scale) + scale->zero);
    stp_free(result);
}

// What the device makes of onnxruntime's inputs of an operation, against onnxruntime's result; which stays.
static void expect_a_step(const int8_problem *q, int8_oracle *o, int op, tally *t) {
    const stp_int8_op *x = &q->net->op[op];
    const stp_int8_storage *s = stp_int8_storage_of(q->net, x->out);
    const size_t bytes = (size_t)(s->h * s->w * s->c);
    int8_t *kept = problem_room(bytes, 1), *made = o->storage[q->net->tensor[x->out].storage];
    memcpy(kept, made, bytes);
    int8_oracle_run(o, op);
    for (size_t i = 0; i < bytes; i++) {
        const int steps = abs(made[i] - kept[i]);
        t->most = steps > t->most ? steps : t->most;
        t->sum += steps;
        if (steps > 1)
            fail_msg("%s: %d, and onnxruntime says %d", x->name, made[i], kept[i]);
    }
    t->values += (long)bytes;
    memcpy(made, kept, bytes);
    stp_free(kept);
}

// Of the operations in their places, with the network's own scales: a DS-CNN's and two found networks', of
// even and odd sizes.
static void every_result_is_within_a_step(void **state) {
    static const int some[] = {1, 6, 7};
    (void)state;
    for (size_t k = 0; k < sizeof some / sizeof *some; k++) {
        const int i = some[k];
        int8_problem q;
        const char *name;
        int8_problem_make(&q, network_build(i, &name), 70 + (uint64_t)i);
        int8_problem_quantise(&q, 1);
        const stp_int8_storage *in = stp_int8_storage_of(q.net, q.net->input);
        const stp_int8_scale *scale = stp_int8_scale_of(q.net, q.net->input);
        const size_t values = (size_t)(in->h * in->w);
        int8_oracle o = int8_oracle_make(q.net);
        int8_t *input = o.storage[q.net->tensor[q.net->input].storage];
        float *features = problem_room(values, sizeof *features);
        tally t = {0};
        network_input(&q, i % 2 ? 0 : NETWORK_INPUTS - 1, input, values);
        for (size_t at = 0; at < values; at++)
            features[at] = scale->scale * (float)(input[at] - scale->zero);
        for (int op = 0; op < q.net->ops; op++)
            fetch(&q, &o, op, features, values);
        for (int op = 0; op < q.net->ops; op++)
            expect_a_step(&q, &o, op, &t);
        printf("%-14s %d operations, %.0f of %ld values a step apart\n", name, q.net->ops, t.sum, t.values);
        int8_oracle_free(&o);
        stp_free(features);
        int8_problem_free(&q);
    }
}

// --- floats -------------------------------------------------------------------------------------------

// Single precision summed in another order: a thousandth of the largest logit is plenty for some hundred
// layers, and a wrong tap or a wrong padding changes more.
static void expect_near(const int8_problem *q, const char *name) {
    const stp_int8_storage *in = stp_int8_storage_of(q->net, q->net->input);
    const size_t values = (size_t)(in->h * in->w), classes = (size_t)q->p.classes,
                 count = INT8_SAMPLES * classes;
    stp_real *wanted = problem_room(count, sizeof *wanted);
    float *logits = problem_room(count, sizeof *logits);
    stp_exec_state exec_state = {.weights = q->p.weights, .running = q->p.running};
    int8_problem_logits(&q->p, q->p.g, &exec_state, wanted);
    load(q->net, STP_ONNX_IN_FLOATS, name);
    if (!onnx_run(q->p.inputs[0], INT8_SAMPLES * values, logits, count))
        fail_msg("%s: onnxruntime cannot run the file of floats", name);
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs((double)wanted[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)logits[i] - (double)wanted[i]) <= 1e-3 * most))
            fail_msg("%s, input %zu, class %zu: %g, and onnxruntime says %g", name, i / classes, i % classes,
                     (double)wanted[i], (double)logits[i]);
    stp_free(logits);
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
    if (count < 2 || !onnx_open(arguments[1])) {
        printf("onnxruntime is there and cannot be started\n");
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_nearly_the_devices),
        cmocka_unit_test(every_result_is_within_a_step),
        cmocka_unit_test(float_logits_are_the_networks),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    onnx_close();
    return failed;
}
