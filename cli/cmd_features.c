// stapes features: a recording through the device's own front-end, as numbers or as a picture.
#include "cli.h"
#include "commands.h"

#include "audio/audio.h"
#include "base/arena.h"
#include "base/isa.h"
#include "frontend/front_bank.h"
#include "report/figure_features.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static const double MIN_DEVIATION = 1e-3; // as in stp_norm_fit_end

typedef struct feature_job {
    stp_settings settings;
    const char *path;
    stp_front_spec spec;
    stp_sound sound;
    stp_front_bank *bank;
    int frames;
    float *features; // [frames][coefficients]
} feature_job;

// What can be found wrong before anything is read.
static stp_status check_arguments(feature_job *job, int words, stp_err *err) {
    const stp_settings *s = &job->settings;
    if (words == 0)
        return stp_err_set(err, STP_ERR_USAGE, "no recording is named; give its file");
    if (s->out[0] && !stp_cli_ends_with(s->out, ".csv") && !stp_cli_ends_with(s->out, ".png") &&
        !stp_cli_ends_with(s->out, ".svg"))
        return stp_err_set(err, STP_ERR_USAGE, "--out %s: give a name that ends in .csv, .png or .svg",
                           s->out);
    STP_TRY(stp_isa_select(s->isa, err));
    return stp_front_spec_parse(&job->spec, s->front, s->features, (int)s->rate_hz, s->low_hz, s->high_hz,
                                err);
}

static stp_status extract(feature_job *job, stp_err *err) {
    STP_TRY(stp_sound_read(&job->sound, job->path, job->spec.rate_hz, 0, err));
    size_t count = job->sound.count;
    if (count < (size_t)job->spec.window_samples)
        return stp_err_set(err, STP_ERR_DATA,
                           "%s: %zu sample%s at %d Hz, less than one window of %d; give a longer recording "
                           "or a shorter window",
                           job->path, count, count == 1 ? "" : "s", job->spec.rate_hz,
                           job->spec.window_samples);
    if (count > INT_MAX)
        return stp_err_set(err, STP_ERR_DATA, "%s: more than %d samples; cut it into parts", job->path,
                           INT_MAX);
    STP_TRY(stp_front_bank_create(&job->bank, &job->spec, 1, (int)count, err));
    job->frames = stp_front_bank_frames(job->bank, 0);
    size_t bytes = sizeof(float) * (size_t)job->frames * (size_t)job->spec.coefficients;
    job->features = stp_alloc(bytes);
    if (!job->features)
        return stp_err_memory(err, "the features", bytes);
    return stp_front_scalar(job->bank, 0, job->sound.samples, job->features, err);
}

// Mean 0 and deviation 1 for each coefficient over this recording; a run's norm comes from its training
// clips.
static void normalise(feature_job *job) {
    int coefficients = job->spec.coefficients;
    for (int c = 0; c < coefficients; c++) {
        double sum = 0, square = 0;
        for (int f = 0; f < job->frames; f++) {
            double x = job->features[(size_t)f * (size_t)coefficients + (size_t)c];
            sum += x;
            square += x * x;
        }
        double mean = sum / job->frames;
        double deviation = sqrt(fmax(square / job->frames - mean * mean, 0));
        double factor = deviation < MIN_DEVIATION ? 1 : 1 / deviation;
        for (int f = 0; f < job->frames; f++) {
            float *x = &job->features[(size_t)f * (size_t)coefficients + (size_t)c];
            *x = (float)((*x - mean) * factor);
        }
    }
}

// A number as C's locale writes it, with digits enough to read back the same float.
static void add_rows(const feature_job *job, stp_text *csv) {
    int coefficients = job->spec.coefficients;
    for (int f = 0; f < job->frames; f++)
        for (int c = 0; c < coefficients; c++)
            stp_text_printf(csv, "%.9g%c",
                            (double)job->features[(size_t)f * (size_t)coefficients + (size_t)c],
                            c + 1 < coefficients ? ',' : '\n');
}

static stp_status write_csv(const feature_job *job, stp_err *err) {
    stp_text csv = {0};
    add_rows(job, &csv);
    stp_status status = job->settings.out[0] ? stp_text_write_file(&csv, job->settings.out, err)
                                             : stp_text_write_stream(&csv, stdout, "standard output", err);
    stp_text_free(&csv);
    return status;
}

// The file's name where --out wrote one, else the rows themselves.
static json_t *whole_json(const feature_job *job) {
    char front[STP_FRONT_TEXT_BYTES];
    stp_front_spec_format(&job->spec, front);
    json_t *object = json_pack("{s:o*, s:s, s:s, s:i, s:i, s:i}", "file", stp_cli_json_text(job->path),
                               "kind", job->settings.features, "front", front, "rate_hz", job->spec.rate_hz,
                               "frames", job->frames, "coefficients", job->spec.coefficients);
    if (job->settings.out[0]) {
        json_object_set_new(object, "out", stp_cli_json_text(job->settings.out));
        return object;
    }
    json_t *rows = json_array();
    for (int f = 0; object && rows && f < job->frames; f++) {
        json_t *row = json_array();
        for (int c = 0; c < job->spec.coefficients; c++)
            json_array_append_new(row, json_real((double)job->features[f * job->spec.coefficients + c]));
        json_array_append_new(rows, row);
    }
    json_object_set_new(object, "features", rows);
    return object;
}

static stp_status write_png(const feature_job *job, stp_err *err) {
    stp_image image;
    STP_TRY(stp_figure_features_image(&image, &job->spec, job->features, job->frames, err));
    stp_status status = stp_image_write_png(&image, job->settings.out, err);
    stp_image_free(&image);
    return status;
}

static stp_status write_svg(const feature_job *job, stp_err *err) {
    char front[STP_FRONT_TEXT_BYTES], title[256];
    stp_front_spec_format(&job->spec, front);
    const char *slash = strrchr(job->path, '/');
    snprintf(title, sizeof title, "%.120s, %s %s%s", slash ? slash + 1 : job->path,
             job->spec.kind == STP_FRONT_MFCC ? "MFCC" : "log-mel", front,
             job->settings.raw ? "" : ", normalised");
    stp_svg svg;
    STP_TRY(stp_figure_features(&svg, &job->spec, job->features, job->frames, title, err));
    stp_status status = stp_svg_write_file(&svg, job->settings.out, err);
    stp_svg_free(&svg);
    return status;
}

static stp_status write(const feature_job *job, stp_err *err) {
    if (stp_cli_ends_with(job->settings.out, ".png"))
        return write_png(job, err);
    if (stp_cli_ends_with(job->settings.out, ".svg"))
        return write_svg(job, err);
    return job->settings.json && !job->settings.out[0] ? STP_OK : write_csv(job, err);
}

static stp_status run(feature_job *job, int argc, char **argv, stp_err *err) {
    int words = 0;
    STP_TRY(stp_settings_parse(&job->settings, STP_CMD_FEATURES, argc, argv, &job->path, 1, &words, err));
    STP_TRY(check_arguments(job, words, err));
    STP_TRY(extract(job, err));
    if (!job->settings.raw)
        normalise(job);
    return write(job, err);
}

int stp_cmd_features(int argc, char **argv) {
    feature_job job = {0};
    stp_err err;
    stp_status status = run(&job, argc, argv, &err);
    int exit_status = status == STP_OK ? 0 : stp_cli_fail("features", &err);
    if (status == STP_OK && job.settings.json)
        exit_status = stp_cli_print_json("features", whole_json(&job));
    stp_free(job.features);
    stp_front_bank_destroy(job.bank);
    stp_sound_free(&job.sound);
    return exit_status;
}
