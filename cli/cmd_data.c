// stapes data check DIR: what a folder of recordings holds, and whether it can be used.
#include "cli.h"
#include "commands.h"
#include "data_json.h"
#include "dataset/check.h"
#include "report/meter.h"
#include "report/table.h"
#include "step/corpus.h"

#include <stdio.h>
#include <string.h>

enum { FEW = 10 }; // lines shown of a long list; --json has all of them

static void heads(stp_table *table, const char *first, int with_unusable) {
    stp_table_column(table, first, STP_TABLE_LEFT);
    for (int split = 0; split < STP_SPLITS; split++)
        stp_table_column(table, stp_split_name((stp_split)split), STP_TABLE_RIGHT);
    if (with_unusable)
        stp_table_column(table, "unusable", STP_TABLE_RIGHT);
}

static stp_status print_table(stp_table *table, stp_err *err) {
    stp_status status = stp_table_write(table, 0, stdout, "standard output", err);
    stp_table_free(table);
    printf("\n");
    return status;
}

static stp_status print_words(const stp_check *check, stp_err *err) {
    stp_table table = {0};
    int unusable = 0;
    heads(&table, "word", 1);
    for (int w = 0; w < check->folder.words; w++) {
        stp_table_cell(&table, "%s", check->word[w].label);
        for (int split = 0; split < STP_SPLITS; split++)
            stp_table_cell(&table, "%d", check->word[w].clips[split]);
        stp_table_cell(&table, "%d", check->word[w].unusable);
        unusable += check->word[w].unusable;
    }
    stp_table_rule(&table);
    stp_table_cell(&table, "all");
    for (int split = 0; split < STP_SPLITS; split++)
        stp_table_cell(&table, "%d", check->clips[split]);
    stp_table_cell(&table, "%d", unusable);
    return print_table(&table, err);
}

// Only where the classes are not simply the words.
static stp_status print_classes(const stp_check *check, const stp_settings *settings, stp_err *err) {
    const stp_dataset *dataset = &check->dataset;
    if (!check->usable || (!*settings->labels && !settings->silence))
        return STP_OK;
    stp_table table = {0};
    heads(&table, "class", 0);
    for (int c = 0; c < dataset->classes; c++) {
        stp_table_cell(&table, "%s", dataset->labels[c]);
        for (int split = 0; split < STP_SPLITS; split++)
            stp_table_cell(&table, "%d", stp_dataset_count(dataset, (stp_split)split, c));
    }
    return print_table(&table, err);
}

static void print_tallies(const char *unit, const stp_tally *list, int count) {
    for (int i = 0; i < count; i++)
        printf("%s%d at %d%s", i ? ", " : "", list[i].count, list[i].value, unit);
}

static void print_form(const stp_check *check) {
    printf("rates     ");
    print_tallies(" Hz", check->rate, check->rates);
    printf("\nchannels  ");
    for (int i = 0; i < check->channel_counts; i++)
        printf("%s%d with %d", i ? ", " : "", check->channels[i].count, check->channels[i].value);
    printf(
        "\nlengths   %.3f s shortest, %.3f s median, %.3f s longest; %d shorter and %d longer than a clip\n",
        check->shortest_s, check->median_s, check->longest_s, check->shorter, check->longer);
    printf("noise     %d recording%s, %.0f s\n", check->noises, check->noises == 1 ? "" : "s",
           check->noise_s);
}

static void print_speakers(const stp_check *check) {
    if (check->speakers == 0) {
        printf("speakers  not told by the names (<speaker>_nohash_<n>)\n");
        return;
    }
    printf("speakers  %d, %d of them in more than one split", check->speakers, check->shared_count);
    for (int i = 0; i < check->shared_count && i < FEW; i++) {
        printf("%s", i ? ", " : ": ");
        stp_cli_print_name(check->shared[i]);
    }
    printf("%s\n", check->shared_count > FEW ? ", ..." : "");
}

static int over_splits(const stp_check *check, int group) {
    for (int i = check->group[group] + 1; i < check->group[group + 1]; i++)
        if (check->equal[i]->split != check->equal[i - 1]->split)
            return 1;
    return 0;
}

static void print_set(const stp_check *check, int group) {
    int first = check->group[group], end = check->group[group + 1];
    printf(" ");
    for (int i = first; i < end && i < first + FEW; i++) {
        printf("%s ", i > first ? " =" : "");
        stp_cli_print_name(check->equal[i]->path);
        printf(" (%s)", stp_split_name(check->equal[i]->split));
    }
    printf("%s\n", end - first > FEW ? " = ..." : "");
}

// Those across splits first: they spoil the test.
static void print_equal(const stp_check *check) {
    printf("equal     %d set%s of recordings with exactly the same samples", check->groups,
           check->groups == 1 ? "" : "s");
    if (check->groups)
        printf("; %d across splits, %d across words", check->groups_over_splits, check->groups_over_words);
    printf("\n");
    int shown = 0;
    for (int across = 1; across >= 0; across--)
        for (int g = 0; g < check->groups && shown < FEW; g++)
            if (over_splits(check, g) == across) {
                print_set(check, g);
                shown++;
            }
    if (check->groups > shown)
        printf("  ...\n");
}

static void print_unusable(const stp_check *check) {
    const stp_folder *folder = &check->folder;
    printf("unusable  %d\n", folder->skipped);
    for (int i = 0; i < folder->files; i++)
        if (folder->file[i].problem) {
            printf("  ");
            stp_cli_print_name(folder->file[i].problem);
            printf("\n");
        }
}

static stp_status print_text(const stp_check *check, const stp_settings *settings, stp_err *err) {
    STP_TRY(print_words(check, err));
    STP_TRY(print_classes(check, settings, err));
    print_form(check);
    print_speakers(check);
    print_equal(check);
    print_unusable(check);
    if (check->usable)
        printf("usable    %d classes, %d clips\n", check->dataset.classes, check->dataset.clips);
    return STP_OK;
}

typedef struct listener {
    stp_meter meter;
    json_t *notes; // NULL: shown at once
} listener;

static void take_note(void *context, const char *line) {
    listener *l = context;
    if (l->notes)
        json_array_append_new(l->notes, stp_data_json_text(line));
    else
        stp_meter_note(&l->meter, line);
}

static void take_count(void *context, const char *what, int done, int total) {
    stp_meter_count(&((listener *)context)->meter, what, done, total);
}

static stp_dataset_options options_of(const stp_settings *s, const char *dir, listener *l) {
    stp_dataset_options options = stp_corpus_dataset_options(s, dir);
    options.progress = take_count;
    options.progress_context = l;
    options.warn = take_note;
    return options;
}

static int refuse(const stp_err *err) {
    return stp_cli_fail("data", err);
}

// Prints what could be learnt, then, when the folder cannot be used, the reason as an error.
static int check_folder(const stp_settings *settings, const char *dir) {
    listener l = {.notes = settings->json ? json_array() : NULL};
    stp_err err = {0};
    stp_check check;
    stp_meter_init(&l.meter, stderr, (int)settings->quiet);
    stp_dataset_options options = options_of(settings, dir, &l);
    stp_status status = stp_check_open(&check, &options, &err);
    stp_meter_finish(&l.meter);
    if (status != STP_OK) {
        json_decref(l.notes);
        return refuse(&err);
    }
    int exit_status = 0;
    if (settings->json)
        exit_status = stp_cli_print_json("data", stp_data_json(&check, l.notes));
    else if (print_text(&check, settings, &err) != STP_OK)
        exit_status = refuse(&err);
    if (exit_status == 0 && !check.usable)
        exit_status = refuse(&check.why_not);
    stp_check_close(&check);
    return exit_status;
}

int stp_cmd_data(int argc, char **argv) {
    stp_settings settings;
    const char *words[2];
    int count = 0;
    stp_err err = {0};
    if (stp_settings_parse(&settings, STP_CMD_DATA, argc, argv, words, 2, &count, &err) != STP_OK)
        return refuse(&err);
    if (count >= 1 && strcmp(words[0], "check") != 0) {
        stp_err_set(&err, STP_ERR_USAGE, "'%s': say stapes data check DIR", words[0]);
        return refuse(&err);
    }
    if (count < 2) {
        stp_err_set(&err, STP_ERR_USAGE, "name the folder of recordings, as in: stapes data check DIR");
        return refuse(&err);
    }
    return check_folder(&settings, words[1]);
}
