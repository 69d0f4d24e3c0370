// stapes eval RUN: how often a trained system is right, how sure that is, and what it confuses.
#include "cli.h"
#include "commands.h"
#include "eval/examine.h"
#include "eval/metrics.h"
#include "int8.h"
#include "quant/int8_file.h"
#include "report/figures.h"
#include "report/meter.h"
#include "report/table.h"
#include "trained.h"

#include <stdio.h>
#include <string.h>

enum { TABLE_CLASSES = 12 }; // most classes whose confusion matrix fits a terminal

typedef struct examination {
    stp_settings settings; // of this command
    stp_cli_trained trained;
    stp_meter meter;
    stp_corpus corpus;
    stp_split split;
    long long *counts;
    stp_metrics metrics;
    stp_rate in_float, agreement; // with --int8, whose answers the counts are then
    char figure[STP_PATH_BYTES];
} examination;

static const char *const *labels_of(const examination *e) {
    return (const char *const *)e->trained.model->labels;
}

static stp_status draw(examination *e, stp_err *err) {
    const stp_model *model = e->trained.model;
    char title[160];
    snprintf(title, sizeof title, "%s%s: %.1f %% of %lld clips", stp_split_name(e->split),
             e->settings.int8 ? ", int8" : "", 100 * e->metrics.accuracy.value, e->metrics.accuracy.total);
    stp_svg svg;
    stp_figure_confusion(&svg, e->counts, model->classes, labels_of(e), title);
    return stp_cli_draw("eval", e->trained.run, &svg, e->settings.out,
                        e->settings.int8 ? "confusion-int8.svg" : "confusion.svg", e->figure, err);
}

static stp_status examine_int8(examination *e, stp_err *err) {
    const stp_model *model = e->trained.model;
    stp_cli_int8_answers answers;
    stp_int8_net *net;
    STP_TRY(stp_int8_load(&net, model, e->trained.run, err));
    stp_status status =
        stp_cli_int8_answer(&answers, net, &e->corpus, model, e->split, e->trained.settings.data, err);
    stp_int8_net_destroy(net);
    STP_TRY(status);
    e->in_float = stp_cli_right(&answers.in_float);
    e->agreement = stp_cli_agreement(&answers);
    stp_answers_count(&answers.in_int8, model, e->counts);
    stp_cli_int8_free(&answers);
    return STP_OK;
}

static stp_status examine(examination *e, stp_err *err) {
    const stp_model *model = e->trained.model;
    stp_settings *options = &e->trained.settings;
    options->threads = e->settings.threads;
    if (e->settings.data[0])
        snprintf(options->data, sizeof options->data, "%s", e->settings.data);
    e->counts =
        stp_arena_alloc(model->arena, sizeof *e->counts * (size_t)model->classes * (size_t)model->classes);
    if (!e->counts)
        return stp_err_memory(err, "the confusion matrix", 0);
    stp_observer observer = stp_meter_observer(&e->meter, NULL);
    STP_TRY(stp_examine_open(&e->corpus, model, options, &observer, err));
    if (e->settings.int8)
        STP_TRY(examine_int8(e, err));
    else
        STP_TRY(stp_examine(&e->corpus, model, options, e->split, e->counts, err));
    stp_confusion_metrics(&e->metrics, e->counts, model->classes, labels_of(e));
    return STP_OK;
}

static stp_status run(examination *e, int argc, char **argv, stp_err *err) {
    const char *path;
    STP_TRY(stp_cli_parse_run(&e->settings, STP_CMD_EVAL, argc, argv, &path, NULL, NULL, err));
    STP_TRY(stp_cli_check_ending(e->settings.out, ".svg", err));
    stp_meter_init(&e->meter, stderr, e->settings.quiet);
    STP_TRY(stp_split_parse(&e->split, e->settings.split, err));
    STP_TRY(stp_cli_trained_open(&e->trained, path, err));
    return examine(e, err);
}

// --- as text --------------------------------------------------------------------------------------------

static void print_rate(const char *name, stp_rate rate, const char *what) {
    if (rate.total > 0)
        printf("%-12s %5.1f %%   (%.1f to %.1f; %lld of %lld %s)\n", name, 100 * rate.value, 100 * rate.low,
               100 * rate.high, rate.hits, rate.total, what);
}

static void print_classes(const examination *e) {
    stp_table table = {0};
    stp_table_column(&table, "class", STP_TABLE_LEFT);
    stp_table_column(&table, "clips", STP_TABLE_RIGHT);
    stp_table_column(&table, "recall %", STP_TABLE_RIGHT);
    stp_table_column(&table, "from", STP_TABLE_RIGHT);
    stp_table_column(&table, "to", STP_TABLE_RIGHT);
    for (int c = 0; c < e->trained.model->classes; c++) {
        stp_rate recall = stp_confusion_recall(e->counts, e->trained.model->classes, c);
        stp_table_cell(&table, "%s", labels_of(e)[c]);
        stp_table_cell(&table, "%lld", recall.total);
        for (int k = 0; k < 3; k++) {
            double value = k == 0 ? recall.value : k == 1 ? recall.low : recall.high;
            if (recall.total > 0)
                stp_table_number(&table, 100 * value, 1);
            else
                stp_table_cell(&table, "-");
        }
    }
    printf("\n");
    stp_cli_print_table(&table);
}

static void print_confusion(const examination *e) {
    int classes = e->trained.model->classes;
    if (classes > TABLE_CLASSES)
        return;
    stp_table table = {0};
    stp_table_column(&table, "said \\ heard as", STP_TABLE_LEFT);
    for (int c = 0; c < classes; c++)
        stp_table_column(&table, labels_of(e)[c], STP_TABLE_RIGHT);
    for (int truth = 0; truth < classes; truth++) {
        stp_table_cell(&table, "%s", labels_of(e)[truth]);
        for (int c = 0; c < classes; c++) {
            long long count = e->counts[truth * classes + c];
            if (count)
                stp_table_cell(&table, "%lld", count);
            else
                stp_table_cell(&table, ".");
        }
    }
    printf("\n");
    stp_cli_print_table(&table);
}

static void print_text(const examination *e) {
    const stp_metrics *m = &e->metrics;
    char what[160];
    snprintf(what, sizeof what, "%s clips", stp_split_name(e->split));
    printf("recordings   %s\n", e->trained.settings.data);
    print_rate("accuracy", m->accuracy, what);
    if (e->settings.int8) {
        print_rate("in float", e->in_float, what);
        print_rate("agreement", e->agreement, "decisions are those in float");
    }
    printf("balanced     %5.1f %%   (mean recall of %d class%s)\n", 100 * m->balanced_accuracy,
           m->measured_classes, m->measured_classes == 1 ? "" : "es");
    if (m->miss.total < m->accuracy.total) { // some class is no word
        print_rate("missed", m->miss, "words taken for none");
        print_rate("false alarm", m->false_alarm, "other clips taken for a word");
    }
    print_classes(e);
    print_confusion(e);
    if (e->figure[0])
        printf("\nfigure       %s\n", e->figure);
    printf("\n95 %% intervals (Wilson) in brackets and from - to\n");
}

// --- as JSON ---------------------------------------------------------------------------------------------

static json_t *recalls_json(const examination *e) {
    json_t *object = json_object();
    for (int c = 0; object && c < e->trained.model->classes; c++)
        json_object_set_new(object, labels_of(e)[c],
                            stp_cli_rate_json(stp_confusion_recall(e->counts, e->trained.model->classes, c)));
    return object;
}

static json_t *labels_json(const examination *e) {
    json_t *list = json_array();
    for (int c = 0; list && c < e->trained.model->classes; c++)
        json_array_append_new(list, json_string(labels_of(e)[c]));
    return list;
}

static json_t *confusion_json(const examination *e) {
    int classes = e->trained.model->classes;
    json_t *rows = json_array();
    for (int truth = 0; rows && truth < classes; truth++) {
        json_t *row = json_array();
        for (int c = 0; c < classes; c++)
            json_array_append_new(row, json_integer(e->counts[truth * classes + c]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *whole_json(const examination *e) {
    const stp_metrics *m = &e->metrics;
    int words_only = m->miss.total == m->accuracy.total;
    json_t *object = json_pack(
        "{s:o*, s:o*, s:s, s:I, s:f, s:f, s:f, s:f}", "run", stp_cli_json_text(stp_run_path(e->trained.run)),
        "data", stp_cli_json_text(e->trained.settings.data), "split", stp_split_name(e->split), "n",
        (json_int_t)m->accuracy.total, "accuracy", 100 * m->accuracy.value, "low", 100 * m->accuracy.low,
        "high", 100 * m->accuracy.high, "balanced_accuracy", 100 * m->balanced_accuracy);
    if (e->settings.int8) {
        json_object_set_new(object, "in_float", stp_cli_rate_json(e->in_float));
        json_object_set_new(object, "agreement", stp_cli_rate_json(e->agreement));
    }
    json_object_set_new(object, "miss", words_only ? json_null() : stp_cli_rate_json(m->miss));
    json_object_set_new(object, "false_alarm", words_only ? json_null() : stp_cli_rate_json(m->false_alarm));
    json_object_set_new(object, "labels", labels_json(e));
    json_object_set_new(object, "recall", recalls_json(e));
    json_object_set_new(object, "confusion", confusion_json(e));
    json_object_set_new(object, "figure", e->figure[0] ? stp_cli_json_text(e->figure) : json_null());
    return object;
}

int stp_cmd_eval(int argc, char **argv) {
    examination e = {.counts = NULL};
    stp_err err;
    stp_status status = run(&e, argc, argv, &err);
    stp_status drawn = status == STP_OK ? draw(&e, &err) : STP_OK;
    stp_meter_finish(&e.meter);
    int exit_status = 0;
    if (status == STP_OK && e.settings.json)
        exit_status = stp_cli_print_json("eval", whole_json(&e));
    else if (status == STP_OK)
        print_text(&e);
    if (exit_status == 0 &&
        (status != STP_OK || drawn != STP_OK)) // the figures in numbers are told all the same
        exit_status = stp_cli_fail("eval", &err);
    stp_corpus_close(&e.corpus);
    stp_cli_trained_close(&e.trained);
    return exit_status;
}
