// stapes quantize RUN: the int8 form of a trained system, and what it is worth on validation clips.
#include "cli.h"
#include "commands.h"
#include "int8.h"
#include "quant/calibrate.h"
#include "quant/int8_file.h"
#include "quant/lower.h"
#include "quant/quantise.h"
#include "report/meter.h"
#include "train/finetune.h"
#include "trained.h"

#include <stdio.h>
#include <string.h>

typedef struct quantising {
    stp_settings settings; // of this command
    stp_cli_trained trained;
    stp_meter meter;
    stp_observer observer;
    stp_corpus corpus;
    stp_int8_net *net;
    stp_run *out; // where it goes: the run itself, or the new folder of --out
    int made_a_folder;
    int calibration; // clips that ranges were measured on
    stp_cli_int8_answers answers;
    stp_rate before, before_agreement; // int8 without fine-tuning
    stp_rate right, agreement;         // int8 as it is kept
} quantising;

// --- the work -------------------------------------------------------------------------------------

static stp_status open_recordings(quantising *q, stp_err *err) {
    stp_settings *training = &q->trained.settings;
    training->threads = q->settings.threads;
    if (q->settings.data[0])
        snprintf(training->data, sizeof training->data, "%s", q->settings.data);
    STP_TRY(stp_examine_open(&q->corpus, q->trained.model, training, &q->observer, err));
    for (int split = STP_TRAINING; split <= STP_VALIDATION; split++)
        if (stp_dataset_count(q->corpus.dataset, (stp_split)split, -1) == 0)
            return stp_err_set(err, STP_ERR_DATA,
                               "%s: no clip for %s in this folder; give the recordings of the training",
                               training->data, stp_split_name((stp_split)split));
    return STP_OK;
}

// Fine-tuning tells the network right from wrong, so classes must be the same ones in the same order.
static stp_status check_classes(const quantising *q, stp_err *err) {
    const stp_dataset *d = q->corpus.dataset;
    const stp_model *m = q->trained.model;
    int same = d->classes == m->classes;
    for (int i = 0; same && i < m->classes; i++)
        same = strcmp(d->labels[i], m->labels[i]) == 0;
    return same ? STP_OK
                : stp_err_set(err, STP_ERR_MISMATCH,
                              "--qat: the recordings in %s lack some of the system's classes; give those of "
                              "the training",
                              q->trained.settings.data);
}

// After Ctrl-C. Nothing is written before the end, and there is no checkpoint: all of it takes a fraction of
// one training, and begun again it comes to the same bits.
static stp_status stopped(const quantising *q, stp_err *err) {
    return stp_err_set(err, STP_ERR_INTERRUPTED,
                       "stopped; nothing was written to %.600s; the same command begins again",
                       stp_run_path(q->out));
}

static stp_status fine_tune(quantising *q, stp_err *err) {
    stp_finetune_options options = {
        .epochs = (int)q->settings.qat, .rate = q->settings.qat_lr, .seed = (uint64_t)q->settings.seed};
    STP_TRY(stp_finetune(q->net, &q->corpus, &q->trained.settings, &options, &q->observer, err));
    STP_TRY(stp_cli_int8_answer_again(&q->answers, q->net, &q->corpus, err));
    q->right = stp_cli_right(&q->answers.in_int8);
    q->agreement = stp_cli_agreement(&q->answers);
    return STP_OK;
}

static stp_status quantise(quantising *q, stp_err *err) {
    const stp_model *model = q->trained.model;
    STP_TRY(stp_int8_lower(&q->net, model->graph, model->weights, model->running, err));
    q->calibration = (int)q->settings.calibration;
    STP_TRY(stp_int8_calibrate(q->net, &q->corpus, &q->calibration, (uint64_t)q->settings.seed, &q->observer,
                               err));
    STP_TRY(stp_int8_quantise(q->net, err));
    STP_TRY(stp_cli_int8_answer(&q->answers, q->net, &q->corpus, model, STP_VALIDATION,
                                q->trained.settings.data, err));
    q->right = q->before = stp_cli_right(&q->answers.in_int8);
    q->agreement = q->before_agreement = stp_cli_agreement(&q->answers);
    return q->settings.qat > 0 ? fine_tune(q, err) : STP_OK;
}

// --- keeping it -----------------------------------------------------------------------------------

static json_t *how_made(const quantising *q) {
    json_t *object = json_pack(
        "{s:I, s:I, s:I, s:f, s:o, s:o, s:o}", "calibration", (json_int_t)q->calibration, "seed",
        (json_int_t)q->settings.seed, "qat", (json_int_t)q->settings.qat, "qat-lr", q->settings.qat_lr,
        "validation_float", stp_cli_rate_json(stp_cli_right(&q->answers.in_float)), "validation_int8",
        stp_cli_rate_json(q->right), "validation_agreement", stp_cli_rate_json(q->agreement));
    return object;
}

// A folder that stands alone: the training's settings, the system in floats, and its int8 form.
static stp_status copy_system(quantising *q, stp_err *err) {
    json_t *settings;
    STP_TRY(stp_run_read_json(q->trained.run, "settings.json", &settings, err));
    stp_status status = stp_run_write_json(q->out, "settings.json", settings, err);
    json_decref(settings);
    STP_TRY(status);
    return stp_model_save(q->trained.model, q->out, err);
}

static stp_status keep(quantising *q, stp_err *err) {
    if (q->made_a_folder)
        STP_TRY(copy_system(q, err));
    json_t *made = how_made(q);
    if (!made)
        return stp_err_memory(err, "int8.json", 1024);
    stp_status status = stp_int8_save(q->net, q->trained.model, made, q->out, err);
    json_decref(made);
    return status;
}

static stp_status run(quantising *q, int argc, char **argv, stp_err *err) {
    const char *path;
    STP_TRY(stp_cli_parse_run(&q->settings, STP_CMD_QUANTIZE, argc, argv, &path, NULL, NULL, err));
    stp_meter_init(&q->meter, stderr, q->settings.quiet);
    q->observer = stp_meter_observer(&q->meter, NULL);
    STP_TRY(stp_cli_trained_open(&q->trained, path, err));
    STP_TRY(open_recordings(q, err));
    if (q->settings.qat > 0)
        STP_TRY(check_classes(q, err));
    q->observer.stop = stp_cli_catch_interrupt(); // until here an end loses nothing but time
    if (q->settings.out[0]) { // before the work: a folder that cannot be made or written is told at once
        STP_TRY(stp_run_create(&q->out, q->settings.out, err));
        q->made_a_folder = 1;
    } else {
        q->out = q->trained.run;
        STP_TRY(stp_run_claim(q->out, err));
    }
    stp_status status = quantise(q, err);
    if (status == STP_ERR_INTERRUPTED || (status == STP_OK && *q->observer.stop))
        return stopped(q, err);
    return status == STP_OK ? keep(q, err) : status;
}

// --- telling --------------------------------------------------------------------------------------

static void print_rates(const char *name, stp_rate rate, const stp_rate *agreement, stp_rate in_float) {
    printf("%-12s %5.2f %%   (%.1f to %.1f)", name, 100 * rate.value, 100 * rate.low, 100 * rate.high);
    if (agreement)
        printf("   drop %.2f points, %.2f %% of decisions as in float", 100 * (in_float.value - rate.value),
               100 * agreement->value);
    printf("\n");
}

static void print_text(const quantising *q) {
    stp_rate in_float = stp_cli_right(&q->answers.in_float);
    printf("operations   %d, %d weights, %d scales\n", q->net->ops, q->net->weights, q->net->scales);
    printf("validation   %d clips, 95 %% intervals (Wilson) in brackets\n", q->answers.in_float.count);
    print_rates("float", in_float, NULL, in_float);
    print_rates("int8", q->before, &q->before_agreement, in_float);
    if (q->settings.qat > 0)
        print_rates("fine-tuned", q->right, &q->agreement, in_float);
    printf("\nnext: stapes eval %s --int8\n", stp_run_word(q->out));
}

static json_t *whole_json(const quantising *q) {
    json_t *object =
        json_pack("{s:o, s:i, s:i, s:i, s:o}", "run", stp_cli_json_text(stp_run_path(q->out)), "operations",
                  q->net->ops, "weights", q->net->weights, "scales", q->net->scales, "without_finetuning",
                  json_pack("{s:o, s:o}", "validation_int8", stp_cli_rate_json(q->before),
                            "validation_agreement", stp_cli_rate_json(q->before_agreement)));
    json_t *made = how_made(q);
    if (object && made)
        json_object_update(object, made);
    json_decref(made);
    return object;
}

static void finish(quantising *q, stp_status status) {
    if (q->made_a_folder && status != STP_OK)
        stp_run_discard(q->out);
    else if (q->made_a_folder)
        stp_run_close(q->out);
    stp_cli_int8_free(&q->answers);
    stp_int8_net_destroy(q->net);
    stp_corpus_close(&q->corpus);
    stp_cli_trained_close(&q->trained);
}

int stp_cmd_quantize(int argc, char **argv) {
    quantising q = {.net = NULL};
    stp_err err;
    stp_status status = run(&q, argc, argv, &err);
    stp_meter_finish(&q.meter);
    int exit_status = 0;
    if (status != STP_OK)
        exit_status = stp_cli_fail("quantize", &err);
    else if (q.settings.json)
        exit_status = stp_cli_print_json("quantize", whole_json(&q));
    else
        print_text(&q);
    finish(&q, status);
    return exit_status;
}
