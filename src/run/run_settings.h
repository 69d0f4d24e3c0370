// settings.json: with what a run was made. The whole configuration, the version, and the instruction set.
#ifndef STP_RUN_RUN_SETTINGS_H
#define STP_RUN_RUN_SETTINGS_H

#include "run/run.h"
#include "settings/settings.h"

// {"stapes": version, "command": ..., "isa": ..., "recordings": digest, "classes": their number, "options":
// {...}}. recordings: what stp_dataset_digest says.
stp_status stp_run_save_settings(stp_run *run, const stp_settings *settings, stp_command command,
                                 const char *recordings, int classes, stp_err *err);
// For --resume: refuses (STP_ERR_MISMATCH) recordings that are not those the run began with. `data`, where
// they are now, is written down when it is another place.
stp_status stp_run_rejoin_recordings(stp_run *run, const char *data, const char *recordings, stp_err *err);
// The options object of a run (a new reference). STP_ERR_USAGE when the run was made by another command.
stp_status stp_run_read_options(stp_run *run, stp_command command, json_t **options, stp_err *err);
// The command that made a run.
stp_status stp_run_command(stp_run *run, stp_command *command, stp_err *err);
// How many classes its recordings have.
stp_status stp_run_classes(stp_run *run, int *classes, stp_err *err);

#endif
