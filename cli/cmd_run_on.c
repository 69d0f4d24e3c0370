// stapes run-on PROCESSOR RUN: a quantised system on an emulated microcontroller, on real clips, compared
// with the host; and on silence and square waves, which only the bits are compared of.
#include "base/arena.h"
#include "cli.h"
#include "commands.h"
#include "cost/processor.h"
#include "emulate/edge_clips.h"
#include "eval/examine.h"
#include "report/meter.h"
#include "run_on.h"

#include <stdio.h>
#include <string.h>

typedef struct running {
    stp_settings settings;
    stp_cli_run_on r;
    stp_meter meter;
    stp_corpus corpus;
    stp_answers answers; // of the emulated processor
    int16_t *clips;      // [count + STP_EDGE_CLIPS][clip_samples]
} running;

static stp_status parse(running *x, int argc, char **argv, const char **run, stp_err *err) {
    const char *words[2];
    int count;
    STP_TRY(stp_settings_parse(&x->settings, STP_CMD_RUN_ON, argc, argv, words, 2, &count, err));
    if (count < 2)
        return stp_err_set(err, STP_ERR_USAGE,
                           "name a processor and a run folder, as in: stapes run-on m4 RUN");
    stp_processor processor;
    if (stp_processor_parse(&processor, words[0]) != 0)
        return stp_err_set(err, STP_ERR_USAGE, "there is no processor '%s': take m3, m4, m7, m55 or rv32",
                           words[0]);
    x->r.processor = stp_processor_name(processor);
    *run = words[1];
    return STP_OK;
}

// At most --limit clips, spread evenly over the split, so that every class and speaker has a chance.
static stp_status choose(running *x, stp_err *err) {
    const stp_model *model = x->r.shipped.trained.model;
    stp_settings *options = &x->r.shipped.trained.settings;
    stp_observer observer = stp_meter_observer(&x->meter, NULL);
    stp_split split;
    options->threads = x->settings.threads;
    if (x->settings.data[0])
        snprintf(options->data, sizeof options->data, "%s", x->settings.data);
    STP_TRY(stp_split_parse(&split, x->settings.split, err));
    STP_TRY(stp_examine_open(&x->corpus, model, options, &observer, err));
    STP_TRY(stp_answers_begin(&x->answers, &x->corpus, model, split, options->data, err));
    stp_answers *a = &x->answers;
    int wanted = x->settings.limit < a->count ? (int)x->settings.limit : a->count;
    for (int i = 0; i < wanted; i++) {
        int from = (int)((long long)i * a->count / wanted);
        a->clips[i] = a->clips[from];
        a->truth[i] = a->truth[from];
    }
    a->count = wanted;
    x->r.split = stp_split_name(split);
    return STP_OK;
}

static stp_status take_clips(running *x, stp_err *err) {
    size_t samples = (size_t)x->corpus.dataset->clip_samples, count = (size_t)x->answers.count;
    size_t bytes = sizeof *x->clips * samples * (count + STP_EDGE_CLIPS);
    x->clips = stp_alloc(bytes);
    if (!x->clips)
        return stp_err_memory(err, "clips", bytes);
    for (int i = 0; i < x->answers.count; i++)
        stp_batch_clip(x->corpus.dataset, x->answers.clips[i], NULL, 0, 0, 0, x->clips + (size_t)i * samples);
    stp_edge_clips(x->clips + count * samples, (int)samples);
    return STP_OK;
}

static void judge(running *x) {
    int classes = x->r.shipped.trained.model->classes, right = 0;
    for (int i = 0; i < x->answers.count; i++) {
        const int8_t *logits = x->r.result.logits + (size_t)i * (size_t)classes;
        int best = 0;
        for (int c = 1; c < classes; c++)
            best = logits[c] > logits[best] ? c : best;
        right += best == x->answers.truth[i];
    }
    x->r.right = stp_rate_of(right, x->answers.count);
}

static stp_status run(running *x, int argc, char **argv, stp_err *err) {
    const char *path = NULL;
    STP_TRY(parse(x, argc, argv, &path, err));
    stp_meter_init(&x->meter, stderr, x->settings.quiet);
    STP_TRY(stp_cli_shipped_open(&x->r.shipped, path, err));
    STP_TRY(choose(x, err));
    STP_TRY(take_clips(x, err));
    STP_TRY(stp_emulate(&x->r.result, &x->r.shipped.source, x->r.processor, x->clips,
                        x->answers.count + STP_EDGE_CLIPS, x->corpus.dataset->clip_samples, err));
    judge(x);
    return STP_OK;
}

int stp_cmd_run_on(int argc, char **argv) {
    running x = {.clips = NULL};
    stp_err err;
    stp_status status = run(&x, argc, argv, &err);
    stp_meter_finish(&x.meter);
    int exit_status = status == STP_OK ? 0 : stp_cli_fail("run-on", &err);
    if (status == STP_OK && x.settings.json)
        exit_status = stp_cli_print_json("run-on", stp_cli_run_on_json(&x.r));
    else if (status == STP_OK)
        stp_cli_run_on_print(&x.r);
    if (status == STP_OK && exit_status == 0)
        exit_status = !stp_cli_run_on_agrees(&x.r.result);
    stp_emulated_free(&x.r.result);
    stp_free(x.clips);
    stp_answers_free(&x.answers);
    stp_corpus_close(&x.corpus);
    stp_cli_shipped_close(&x.r.shipped);
    return exit_status;
}
