#include "eval/examine.h"

#include "base/path.h"
#include "eval/evaluate.h"
#include "eval/metrics.h"

#include <string.h>
#include <sys/stat.h>

enum { EXAMINED_AT_ONCE = 64 }; // clips; with running statistics their number changes no result

static int has_folder(const char *dir, const char *name) {
    char path[STP_PATH_BYTES];
    struct stat info;
    return stp_path_join(path, dir, name, NULL) == STP_OK && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int label_at(const stp_model *model, const char *label) {
    for (int i = 0; i < model->classes; i++)
        if (strcmp(model->labels[i], label) == 0)
            return i;
    return -1;
}

// --- does the folder fit? -----------------------------------------------------------------------------

static stp_status refuse_missing(const char *dir, const char *missing, int count, int words, stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    stp_path_brief(brief, dir);
    if (count == words)
        return stp_err_set(err, STP_ERR_DATA,
                           "%s: none of the system's words is a folder there (%s); give recordings of the "
                           "same words",
                           brief, missing);
    return stp_err_set(err, STP_ERR_DATA,
                       "%s: %d of the system's %d words %s no folder there (%s); add recordings of %s", brief,
                       count, words, count == 1 ? "has" : "have", missing, count == 1 ? "it" : "them");
}

// All at once: whoever has to add folders wants to know which.
static stp_status check_words(const stp_model *model, const char *dir, stp_err *err) {
    char missing[400] = "", brief[STP_PATH_BRIEF_BYTES];
    size_t length = 0;
    int count = 0, words = 0;
    struct stat info;
    if (stat(dir, &info) != 0)
        return stp_err_set(err, STP_ERR_IO, "%s: there is no such folder of recordings; name one with --data",
                           stp_path_brief(brief, dir));
    for (int i = 0; i < model->classes; i++) {
        if (!stp_label_is_target(model->labels[i]))
            continue;
        words++;
        if (has_folder(dir, model->labels[i]))
            continue;
        size_t room = sizeof missing - length, bytes = strlen(model->labels[i]) + 2;
        if (bytes + 5 < room)
            length += (size_t)snprintf(missing + length, room, "%s%s", count ? ", " : "", model->labels[i]);
        else if (length && missing[length - 1] != '.')
            length += (size_t)snprintf(missing + length, room, " ...");
        count++;
    }
    return count ? refuse_missing(dir, missing, count, words, err) : STP_OK;
}

// --- the options that open it --------------------------------------------------------------------------

// The model's words as --labels has them, in the model's order; 0 when they do not fit there.
static int join_words(const stp_model *model, char labels[STP_TEXT_BYTES]) {
    size_t length = 0;
    labels[0] = 0;
    for (int i = 0; i < model->classes; i++) {
        if (!stp_label_is_target(model->labels[i]))
            continue;
        size_t bytes = strlen(model->labels[i]) + 1;
        if (length + bytes >= STP_TEXT_BYTES)
            return 0;
        length += (size_t)snprintf(labels + length, STP_TEXT_BYTES - length, "%s%s", length ? "," : "",
                                   model->labels[i]);
    }
    return 1;
}

static void choose_options(stp_settings *s, const stp_model *model, const stp_observer *observer) {
    char labels[STP_TEXT_BYTES];
    // Hundreds of words can only have come from "every folder is a word", which is then asked for again.
    snprintf(s->labels, sizeof s->labels, "%s", join_words(model, labels) ? labels : "");
    s->unknown = label_at(model, "_unknown_") >= 0;
    s->silence = label_at(model, "_silence_") >= 0;
    if (s->silence && !has_folder(s->data, "_background_noise_")) {
        s->silence = 0;
        if (observer->note)
            observer->note(observer->context,
                           "no _background_noise_ in this folder: _silence_ is not tested");
    }
    snprintf(s->features, sizeof s->features, "%s", model->front.kind == STP_FRONT_MFCC ? "mfcc" : "logmel");
    s->rate_hz = model->rate_hz;
    s->low_hz = model->front.low_hz;
    s->high_hz = model->front.high_hz;
}

static stp_status check_corpus(const stp_corpus *corpus, const stp_model *model, stp_err *err) {
    const stp_dataset *dataset = corpus->dataset;
    if (dataset->clip_samples != model->clip_samples)
        return stp_err_set(err, STP_ERR_MISMATCH,
                           "settings.json has clips of %d samples and model.json of %d; they are of two runs",
                           dataset->clip_samples, model->clip_samples);
    for (int i = 0; i < dataset->classes; i++)
        if (label_at(model, dataset->labels[i]) < 0)
            return stp_err_set(err, STP_ERR_MISMATCH,
                               "the folder '%s' is no word of this system; take it out of the recordings",
                               dataset->labels[i]);
    return STP_OK;
}

stp_status stp_examine_open(stp_corpus *corpus, const stp_model *model, const stp_settings *settings,
                            const stp_observer *observer, stp_err *err) {
    char front[STP_FRONT_TEXT_BYTES];
    stp_settings s = *settings;
    STP_TRY(check_words(model, s.data, err));
    choose_options(&s, model, observer);
    stp_front_spec_format(&model->front, front);
    STP_TRY(stp_corpus_open(corpus, &s, front, 0, observer, err));
    stp_status status = check_corpus(corpus, model, err);
    if (status != STP_OK) {
        stp_corpus_close(corpus);
        return status;
    }
    stp_front_bank_set_norm(corpus->bank, 0, model->norm_mean, model->norm_inv);
    return STP_OK;
}

// --- the test -------------------------------------------------------------------------------------------

stp_status stp_answers_begin(stp_answers *a, const stp_corpus *corpus, const stp_model *model,
                             stp_split split, const char *data, stp_err *err) {
    const stp_dataset *dataset = corpus->dataset;
    *a = (stp_answers){.count = stp_dataset_select(dataset, split, NULL)};
    if (a->count == 0)
        return stp_err_set(err, STP_ERR_DATA,
                           "%s: no clip for %s in this folder; take another --split, or all", data,
                           stp_split_name(split));
    size_t bytes = sizeof(int) * (size_t)a->count;
    a->clips = stp_alloc(bytes);
    a->truth = stp_alloc(bytes);
    a->predicted = stp_alloc(bytes);
    if (!a->clips || !a->truth || !a->predicted) {
        stp_answers_free(a);
        return stp_err_memory(err, "the answers", 3 * bytes);
    }
    stp_dataset_select(dataset, split, a->clips);
    for (int i = 0; i < a->count; i++)
        a->truth[i] = label_at(model, dataset->labels[dataset->clip[a->clips[i]].class_index]);
    return STP_OK;
}

void stp_answers_free(stp_answers *a) {
    stp_free(a->clips);
    stp_free(a->truth);
    stp_free(a->predicted);
    *a = (stp_answers){0};
}

stp_status stp_answers_float(stp_answers *a, const stp_corpus *corpus, const stp_model *model, stp_err *err) {
    stp_stepper *stepper;
    STP_TRY(stp_evaluate_stepper(&stepper, model, corpus, EXAMINED_AT_ONCE, NULL, err));
    // Only what the model answers is taken from here: the folder's classes may be fewer than the model's.
    stp_evaluation evaluation = {.predicted = a->predicted};
    stp_evaluate(stepper, corpus, model->weights, model->running, NULL, a->clips, a->count, &evaluation);
    stp_stepper_destroy(stepper);
    return STP_OK;
}

void stp_answers_count(const stp_answers *a, const stp_model *model, long long *counts) {
    for (int i = 0; i < a->count; i++)
        stp_confusion_add(counts, model->classes, a->truth[i], a->predicted[i]);
}

stp_status stp_examine(const stp_corpus *corpus, const stp_model *model, const stp_settings *settings,
                       stp_split split, long long *counts, stp_err *err) {
    stp_answers answers;
    STP_TRY(stp_answers_begin(&answers, corpus, model, split, settings->data, err));
    stp_status status = stp_answers_float(&answers, corpus, model, err);
    if (status == STP_OK)
        stp_answers_count(&answers, model, counts);
    stp_answers_free(&answers);
    return status;
}
