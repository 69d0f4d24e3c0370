#include "run/run_settings.h"

#include "base/isa.h"

#include <limits.h>
#include <string.h>

#ifndef STAPES_VERSION
#define STAPES_VERSION "unknown"
#endif

stp_status stp_run_save_settings(stp_run *run, const stp_settings *settings, stp_command command,
                                 const char *recordings, int classes, stp_err *err) {
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:o}", "stapes", STAPES_VERSION, "command",
                  stp_command_name(command), "isa", stp_isa_name(stp_isa_current()), "recordings", recordings,
                  "classes", classes, "options", stp_settings_to_json(settings, command));
    if (!object)
        return stp_err_memory(err, "settings.json", 4096);
    stp_status status = stp_run_write_json(run, "settings.json", object, err);
    json_decref(object);
    return status;
}

static stp_status read_settings(stp_run *run, json_t **object, const char **command, stp_err *err) {
    STP_TRY(stp_run_read_json(run, "settings.json", object, err));
    *command = json_string_value(json_object_get(*object, "command"));
    if (*command && json_is_object(json_object_get(*object, "options")))
        return STP_OK;
    json_decref(*object);
    return stp_err_set(err, STP_ERR_FORMAT,
                       "%s/settings.json: command or options is missing; this is no run of stapes",
                       stp_run_path(run));
}

stp_status stp_run_read_options(stp_run *run, stp_command command, json_t **options, stp_err *err) {
    json_t *object;
    const char *made_by;
    stp_status status = STP_OK;
    STP_TRY(read_settings(run, &object, &made_by, err));
    if (strcmp(made_by, stp_command_name(command)) != 0)
        status = stp_err_set(err, STP_ERR_USAGE,
                             "%s was made by stapes %s, not by stapes %s; give a run of the latter",
                             stp_run_path(run), made_by, stp_command_name(command));
    else
        *options = json_incref(json_object_get(object, "options"));
    json_decref(object);
    return status;
}

stp_status stp_run_command(stp_run *run, stp_command *command, stp_err *err) {
    json_t *object;
    const char *made_by;
    STP_TRY(read_settings(run, &object, &made_by, err));
    int search = strcmp(made_by, stp_command_name(STP_CMD_SEARCH)) == 0;
    int train = strcmp(made_by, stp_command_name(STP_CMD_TRAIN)) == 0;
    *command = search ? STP_CMD_SEARCH : STP_CMD_TRAIN;
    json_decref(object);
    if (!search && !train)
        return stp_err_set(err, STP_ERR_FORMAT, "%s/settings.json: the command is neither search nor train",
                           stp_run_path(run));
    return STP_OK;
}

stp_status stp_run_classes(stp_run *run, int *classes, stp_err *err) {
    json_t *object;
    const char *made_by;
    STP_TRY(read_settings(run, &object, &made_by, err));
    json_int_t count = json_integer_value(json_object_get(object, "classes"));
    json_decref(object);
    if (count < 2 || count > INT_MAX)
        return stp_err_set(err, STP_ERR_FORMAT,
                           "%s/settings.json: classes is no number from 2 on; restore the file",
                           stp_run_path(run));
    *classes = (int)count;
    return STP_OK;
}

static stp_status compare_recordings(const stp_run *run, const json_t *object, const char *data,
                                     const char *recordings, stp_err *err) {
    const char *saved = json_string_value(json_object_get(object, "recordings"));
    if (!saved)
        return stp_err_set(err, STP_ERR_FORMAT,
                           "%s/settings.json: 'recordings' is missing; was it written by another version?",
                           stp_run_path(run));
    if (strcmp(saved, recordings) == 0)
        return STP_OK;
    return stp_err_set(
        err, STP_ERR_MISMATCH,
        "%.200s: other clips, splits or sounds than %.120s began with; bring the recordings back, "
        "name their folder with --data, or start a new run",
        data, stp_run_path(run));
}

// The run lives with its recordings where they are now.
static stp_status note_place(stp_run *run, json_t *object, const char *data, stp_err *err) {
    json_t *options = json_object_get(object, "options");
    const char *saved = json_string_value(json_object_get(options, "data"));
    if (saved && strcmp(saved, data) == 0)
        return STP_OK;
    if (json_object_set_new(options, "data", json_string(data)) != 0)
        return stp_err_memory(err, "settings.json", 4096);
    return stp_run_write_json(run, "settings.json", object, err);
}

stp_status stp_run_rejoin_recordings(stp_run *run, const char *data, const char *recordings, stp_err *err) {
    json_t *object;
    const char *made_by;
    STP_TRY(read_settings(run, &object, &made_by, err));
    stp_status status = compare_recordings(run, object, data, recordings, err);
    if (status == STP_OK)
        status = note_place(run, object, data, err);
    json_decref(object);
    return status;
}
