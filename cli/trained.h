// What the commands that look at a trained system share: its run folder opened, its figures drawn.
#ifndef STP_CLI_TRAINED_H
#define STP_CLI_TRAINED_H

#include "base/path.h"
#include "model/model.h"
#include "report/svg.h"
#include "settings/settings.h"

typedef struct stp_cli_trained {
    stp_run *run;
    stp_model *model;
    stp_settings settings; // with which it was trained
} stp_cli_trained;

// The run folder with its model. STP_ERR_USAGE when RUN is missing, or the training has not finished.
stp_status stp_cli_trained_open(stp_cli_trained *trained, const char *path, stp_err *err);
void stp_cli_trained_close(stp_cli_trained *trained);

// Parses the flags and the words of a command that takes RUN (more words: `rest`, NULL when none are wanted;
// room for argc) and selects the instruction set.
stp_status stp_cli_parse_run(stp_settings *settings, stp_command command, int argc, char **argv,
                             const char **run, const char **rest, int *rest_count, stp_err *err);

// Writes a figure and frees it. wanted: the path that --out gave, "" for `name` in the run folder; `path` is
// where it went. A run folder that cannot be written to is no failure: a note says so and path is empty.
stp_status stp_cli_draw(const char *command, const stp_run *run, stp_svg *svg, const char *wanted,
                        const char *name, char path[STP_PATH_BYTES], stp_err *err);

#endif
