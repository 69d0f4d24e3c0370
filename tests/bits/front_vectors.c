// Writes what front_device.c compares on an emulated processor: the tables of a front-end (C source), clips,
// and the features of the host. front_vectors SPEC KIND FOLDER; clips: speech-like syllables, faint noise,
// silence, full-scale square waves, full-scale noise, and a step of one.
#include "base/arena.h"
#include "base/file.h"
#include "base/rng.h"
#include "export/front_source.h"
#include "frontend/front_bank.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 16000, KINDS = 7 };
static const double PI = 3.14159265358979323846;

static void must(stp_status status, const stp_err *err) {
    if (status == STP_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

// Harmonics of a gliding pitch under two moving formants, in syllables with pauses, over a little noise.
static double speech(int i, stp_rng *rng) {
    static double phase;
    double t = i / 16000.0, pitch = 120 + 30 * sin(2 * PI * 1.7 * t), sum = 0;
    double formants[2] = {500 + 300 * sin(2 * PI * 2.3 * t), 1700 + 600 * cos(2 * PI * 1.9 * t)};
    phase += 2 * PI * pitch / 16000;
    for (int h = 1; h < 30; h++)
        for (int f = 0; f < 2; f++)
            sum += sin(h * phase) / (1 + pow((h * pitch - formants[f]) / 120, 2));
    double syllable = fmax(0, sin(2 * PI * 3.1 * t));
    return 6000 * syllable * sum + 40 * stp_rng_normal(rng);
}

static void make_clip(int kind, int16_t *clip) {
    stp_rng rng = stp_rng_at(1, STP_RNG_TEST, (uint64_t)kind, 0);
    for (int i = 0; i < SAMPLES; i++) {
        double values[KINDS] = {speech(i, &rng), // every clip draws the same numbers
                                2 * stp_rng_normal(&rng),
                                0,
                                i / 18 % 2 ? 32767 : -32768,
                                i % 2 ? 32767 : -32768,
                                40000 * stp_rng_normal(&rng),
                                i > SAMPLES / 2};
        clip[i] = (int16_t)lrint(fmax(-32768, fmin(32767, values[kind])));
    }
}

// Values that are not round, so that normalising rounds too.
static void set_norm(stp_front_bank *bank) {
    float mean[STP_FRONT_MAX_COEFFICIENTS], inv_deviation[STP_FRONT_MAX_COEFFICIENTS];
    for (int i = 0; i < STP_FRONT_MAX_COEFFICIENTS; i++) {
        mean[i] = -3.7f / (float)(i + 1);
        inv_deviation[i] = 0.3f + 0.01f * (float)i;
    }
    stp_front_bank_set_norm(bank, 0, mean, inv_deviation);
}

static void write_file(const char *folder, const char *name, const void *data, size_t bytes) {
    char path[STP_PATH_BYTES];
    stp_err err;
    must(stp_path_join(path, folder, name, &err), &err);
    must(stp_path_make_parents(path, &err), &err);
    must(stp_file_write(path, data, bytes, &err), &err);
}

// What the program needs to know before it reads the clips.
static void write_tables(const stp_front_bank *bank, const char *folder) {
    stp_text text = {0};
    stp_text_puts(&text, "#include \"front/front.h\"\n");
    stp_front_source(&text, stp_front_bank_config(bank, 0), "tables");
    stp_text_printf(&text, "extern const stapes_front_config *const config;\n"
                           "const stapes_front_config *const config = &tables;\n");
    write_file(folder, "tables.c", text.data, text.bytes);
    stp_text_free(&text);
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    stp_err err;
    stp_front_spec spec;
    stp_front_bank *bank;
    must(stp_front_spec_parse(&spec, argv[1], argv[2], 16000, 20, 7600, &err), &err);
    must(stp_front_bank_create(&bank, &spec, 1, SAMPLES, &err), &err);
    set_norm(bank);
    write_tables(bank, argv[3]);
    size_t row = (size_t)spec.coefficients, rows = (size_t)stp_front_bank_frames(bank, 0);
    int16_t *clips = stp_alloc(sizeof(int16_t) * SAMPLES * KINDS);
    float *features = stp_alloc(sizeof(float) * rows * row * KINDS);
    for (int kind = 0; kind < KINDS; kind++) {
        make_clip(kind, clips + kind * SAMPLES);
        must(stp_front_scalar(bank, 0, clips + kind * SAMPLES, features + (size_t)kind * rows * row, &err),
             &err);
    }
    write_file(argv[3], "clips.i16", clips, sizeof(int16_t) * SAMPLES * KINDS);
    write_file(argv[3], "features.f32", features, sizeof(float) * rows * row * KINDS);
    stp_free(features);
    stp_free(clips);
    stp_front_bank_destroy(bank);
    return 0;
}
