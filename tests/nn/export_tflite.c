// An exported file against the system it was made of: sounds go through the system's front-end, its features
// through TensorFlow Lite and through the device's code; logits must be equal bit for bit. The file of floats
// must give the probabilities that the trained system gives.   export_tflite LIBRARY RUN INT8_FILE FLOAT_FILE
#include "base/arena.h"
#include "base/file.h"
#include "base/json_memory.h"
#include "base/rng.h"
#include "quant/device_model.h"
#include "quant/int8_file.h"
#include "stapes/stapes.h"
#include "tflite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOUNDS = 200, MOST_CLASSES = 16 };

typedef struct system_of {
    stp_run *run;
    stp_model *model;
    stp_int8_net *net;
    stp_front_bank *bank;
    stapes_spotter *spotter;
    stp_device_model *device;
    stapes s;
    int8_t *arena;
    char *int8_file, *float_file;
    size_t int8_bytes, float_bytes;
} system_of;

static void must(stp_status status, const stp_err *err) {
    if (status != STP_OK) {
        fprintf(stderr, "%s\n", err->text);
        exit(1);
    }
}

static void open_system(system_of *y, char **paths) {
    stp_err err;
    char error[STAPES_ERROR_BYTES];
    if (stapes_spotter_open(&y->spotter, paths[0], 1, error) != 0) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    must(stp_run_open(&y->run, paths[0], &err), &err);
    must(stp_model_load_finished(&y->model, y->run, &err), &err);
    must(stp_int8_load(&y->net, y->model, y->run, &err), &err);
    must(stp_front_bank_create(&y->bank, &y->model->front, 1, y->model->clip_samples, &err), &err);
    stp_front_bank_set_norm(y->bank, 0, y->model->norm_mean, y->model->norm_inv);
    must(stp_device_model_create(&y->device, y->net, NULL, &err), &err);
    const stapes_model *model = &y->device->model;
    y->arena = stp_alloc(model->arena_bytes);
    if (!y->arena || stapes_init(&y->s, model, y->arena, model->arena_bytes, NULL, 0) != STAPES_OK) {
        fprintf(stderr, "the device refuses the model\n");
        exit(1);
    }
    must(stp_file_read(paths[1], &y->int8_file, &y->int8_bytes, &err), &err);
    must(stp_file_read(paths[2], &y->float_file, &y->float_bytes, &err), &err);
}

static void close_system(system_of *y) {
    stapes_spotter_close(y->spotter);
    stp_free(y->int8_file);
    stp_free(y->float_file);
    stp_free(y->arena);
    stp_device_model_destroy(y->device);
    stp_front_bank_destroy(y->bank);
    stp_int8_net_destroy(y->net);
    stp_model_destroy(y->model);
    stp_run_close(y->run);
}

// A tone that comes and goes, with noise; every loudness and pitch.
static void make_sound(int number, int16_t *clip, int samples, int rate_hz) {
    stp_rng rng = stp_rng_at(3, STP_RNG_TEST, 0, (uint64_t)number);
    const double hz = 200 * pow(20, stp_rng_uniform(&rng)),
                 loud = 20000 * pow(10, -2 * stp_rng_uniform(&rng));
    const double noise = 2000 * pow(stp_rng_uniform(&rng), 3);
    for (int i = 0; i < samples; i++) {
        const double envelope = sin(3.14159 * i / samples);
        clip[i] =
            (int16_t)(loud * envelope * sin(6.28318 * hz * i / rate_hz) + noise * stp_rng_normal(&rng) / 3);
    }
}

// Single precision in another order; a wrong tap or padding moves probabilities by far more.
static int is_near(const float *logits, const double *probabilities, int classes) {
    double sum = 0, most = logits[0];
    int near = 1;
    for (int c = 0; c < classes; c++)
        most = fmax(most, logits[c]);
    for (int c = 0; c < classes; c++)
        sum += exp(logits[c] - most);
    for (int c = 0; c < classes; c++)
        near &= fabs(exp(logits[c] - most) / sum - probabilities[c]) < 1e-4;
    return near;
}

typedef struct counts {
    int different, apart, changes;
    int8_t before[MOST_CLASSES];
} counts;

static void compare(system_of *y, const int16_t *clip, const float *features, counts *n) {
    const stapes_model *model = &y->device->model;
    const stapes_map *in = &model->map[model->input];
    const size_t values = (size_t)in->h * in->w, classes = (size_t)y->model->classes;
    int8_t *input = stapes_input(&y->s), logits[MOST_CLASSES];
    float in_float[MOST_CLASSES];
    double probabilities[MOST_CLASSES];
    for (int frame = 0; frame < in->h; frame++)
        stapes_quantize_row(model, features + frame * in->w, input + frame * in->w);
    if (!tflite_run(y->int8_file, y->int8_bytes, input, values, logits, classes) ||
        !tflite_run(y->float_file, y->float_bytes, features, sizeof(float) * values, in_float,
                    sizeof(float) * classes)) {
        fprintf(stderr, "TensorFlow Lite refuses a file\n");
        exit(1);
    }
    stapes_invoke(&y->s);
    n->different += memcmp(logits, stapes_logits(&y->s), classes) != 0;
    n->changes += memcmp(logits, n->before, classes) != 0;
    memcpy(n->before, logits, classes);
    stapes_spotter_hear(y->spotter, &clip, 1, probabilities);
    n->apart += !is_near(in_float, probabilities, (int)classes);
}

int main(int count, char **arguments) {
    system_of y = {0};
    counts n = {0};
    stp_err err;
    stp_json_memory_init();
    if (count < 5 || !tflite_open(arguments[1])) {
        printf("TensorFlow Lite's library is there and cannot be loaded\n");
        return 1;
    }
    open_system(&y, arguments + 2);
    int16_t *clip = stp_alloc(sizeof *clip * (size_t)y.model->clip_samples);
    float *features = stp_alloc(sizeof *features * (size_t)(y.model->input.h * y.model->input.w));
    for (int i = 0; i < SOUNDS; i++) {
        make_sound(i, clip, y.model->clip_samples, y.model->rate_hz);
        must(stp_front_scalar(y.bank, 0, clip, features, &err), &err);
        compare(&y, clip, features, &n);
    }
    printf("%s: %d of %d sounds differ in int8, %d in floats; %d gave other logits than the one before\n",
           arguments[2], n.different, SOUNDS, n.apart, n.changes);
    stp_free(clip);
    stp_free(features);
    close_system(&y);
    return n.different > 0 || n.apart > 0 || n.changes < SOUNDS / 4;
}
