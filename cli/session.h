// What search and train share: a run folder, new or resumed, with its settings, observer and progress line.
#ifndef STP_CLI_SESSION_H
#define STP_CLI_SESSION_H

#include "report/meter.h"
#include "run/run.h"
#include "settings/settings.h"
#include "step/corpus.h"

typedef struct stp_cli_session {
    stp_settings settings;
    const char *word; // the one argument that is no flag; NULL
    stp_run *run;
    stp_meter meter;
    stp_observer observer;
    stp_corpus corpus;
    int resume;
} stp_cli_session;

// Parses, selects the instruction set, starts the progress line; with --resume opens the run and takes its
// settings.
stp_status stp_cli_session_begin(stp_cli_session *session, stp_command command, int argc, char **argv,
                                 stp_err *err);
// The recordings, by settings.data; then (unless resuming) makes the run folder and writes settings.json, so
// that a mistake in the options or the recordings leaves nothing behind.
// fronts: a list of front-ends, `origin` the option or file that says it.
stp_status stp_cli_session_open(stp_cli_session *session, stp_command command, const char *fronts,
                                const char *origin, stp_err *err);
void stp_cli_session_end(stp_cli_session *session);

#endif
