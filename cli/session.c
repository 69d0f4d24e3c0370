#include "session.h"

#include "base/isa.h"
#include "cli.h"
#include "run/run_settings.h"

#include <stdlib.h>
#include <string.h>

static stp_status take_saved_settings(stp_cli_session *s, stp_command command, stp_err *err) {
    json_t *options;
    STP_TRY(stp_run_open(&s->run, s->settings.resume, err));
    STP_TRY(stp_run_read_options(s->run, command, &options, err));
    stp_status status = stp_settings_resume(&s->settings, command, options, stp_run_path(s->run), err);
    const char *data = json_string_value(json_object_get(options, "data"));
    if (data && !stp_settings_given(&s->settings, command, "data"))
        snprintf(s->settings.data, sizeof s->settings.data, "%s", data);
    json_decref(options);
    s->resume = 1;
    return status == STP_OK ? stp_run_claim(s->run, err) : status;
}

stp_status stp_cli_session_begin(stp_cli_session *s, stp_command command, int argc, char **argv,
                                 stp_err *err) {
    const char *words[1] = {NULL};
    int count = 0;
    memset(s, 0, sizeof *s);
    STP_TRY(stp_settings_parse(&s->settings, command, argc, argv, words, 1, &count, err));
    s->word = count > 0 ? words[0] : NULL;
    STP_TRY(stp_isa_select(s->settings.isa, err));
    stp_meter_init(&s->meter, stderr, s->settings.quiet);
    s->observer = stp_meter_observer(&s->meter, NULL);
    if (s->settings.resume[0]) {
        if (s->word)
            return stp_err_set(err, STP_ERR_USAGE, "--resume takes everything from the run; leave '%s' away",
                               s->word);
        if (s->settings.out[0] && strcmp(s->settings.out, s->settings.resume) != 0)
            return stp_err_set(err, STP_ERR_USAGE,
                               "--out: a resumed run stays in its folder, %s; leave --out away",
                               s->settings.resume);
        return take_saved_settings(s, command, err);
    }
    if (!s->settings.out[0])
        return stp_err_set(err, STP_ERR_USAGE,
                           "--out is missing: name the run folder to make, as in --out runs/first");
    return stp_run_may_create(s->settings.out, err);
}

// A run must find its recordings again, from wherever it is resumed.
static stp_status make_absolute(stp_settings *settings, stp_err *err) {
    if (!settings->data[0])
        return stp_err_set(err, STP_ERR_USAGE, "name the folder of recordings");
    char *path = realpath(settings->data, NULL);
    if (!path)
        return stp_err_set(err, STP_ERR_IO,
                           "%s: no such folder of recordings; say with --data where they are",
                           settings->data);
    stp_status status = stp_settings_set_data(settings, path, "the folder of recordings, from the root", err);
    free(path);
    return status;
}

// Only so that the line of refusal begins with what is to be changed.
static stp_status check_fronts(const stp_settings *s, const char *fronts, const char *origin, stp_err *err) {
    stp_front_spec specs[STP_FRONT_MAX];
    int count;
    stp_err problem = {0};
    stp_status status = stp_front_list_parse(specs, &count, fronts, s->features, (int)s->rate_hz, s->low_hz,
                                             s->high_hz, &problem);
    if (status == STP_OK)
        return STP_OK;
    int names_option = strncmp(problem.text, "--", 2) == 0;
    return stp_err_set(err, status, "%s%s%s", names_option ? "" : origin, names_option ? "" : ": ",
                       problem.text);
}

stp_status stp_cli_session_open(stp_cli_session *s, stp_command command, const char *fronts,
                                const char *origin, stp_err *err) {
    char recordings[41];
    STP_TRY(check_fronts(&s->settings, fronts, origin, err));
    STP_TRY(make_absolute(&s->settings, err));
    STP_TRY(stp_corpus_open(&s->corpus, &s->settings, fronts, 1, &s->observer, err));
    s->observer.stop = stp_cli_catch_interrupt(); // until here an end loses nothing but time
    stp_dataset_digest(s->corpus.dataset, recordings);
    if (s->resume)
        return stp_run_rejoin_recordings(s->run, s->settings.data, recordings, err);
    STP_TRY(stp_run_create(&s->run, s->settings.out, err));
    return stp_run_save_settings(s->run, &s->settings, command, recordings, s->corpus.dataset->classes, err);
}

void stp_cli_session_end(stp_cli_session *s) {
    stp_meter_finish(&s->meter);
    stp_corpus_close(&s->corpus);
    // Without a checkpoint there is nothing to resume, and the same --out must be free for the next try.
    if (s->run && !s->resume && !stp_run_has(s->run, "checkpoint.bin"))
        stp_run_discard(s->run);
    else
        stp_run_close(s->run);
}
