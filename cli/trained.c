#include "trained.h"

#include "base/isa.h"
#include "cli.h"
#include "run/run_settings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static stp_status read_options(stp_cli_trained *t, stp_err *err) {
    json_t *options;
    STP_TRY(stp_settings_defaults(&t->settings, STP_CMD_TRAIN, "small", err));
    STP_TRY(stp_run_read_options(t->run, STP_CMD_TRAIN, &options, err));
    stp_status status =
        stp_settings_from_json(&t->settings, STP_CMD_TRAIN, options, stp_run_path(t->run), err);
    json_decref(options);
    return status;
}

stp_status stp_cli_trained_open(stp_cli_trained *t, const char *path, stp_err *err) {
    memset(t, 0, sizeof *t);
    STP_TRY(stp_run_open(&t->run, path, err));
    stp_status status = stp_model_load_finished(&t->model, t->run, err);
    if (status == STP_OK)
        status = read_options(t, err);
    if (status != STP_OK)
        stp_cli_trained_close(t);
    return status;
}

void stp_cli_trained_close(stp_cli_trained *t) {
    stp_model_destroy(t->model);
    stp_run_close(t->run);
    t->model = NULL;
    t->run = NULL;
}

stp_status stp_cli_parse_run(stp_settings *settings, stp_command command, int argc, char **argv,
                             const char **run, const char **rest, int *rest_count, stp_err *err) {
    int most = rest ? argc : 1, count = 0;
    const char **words = malloc(sizeof *words * (size_t)(argc + 1));
    if (!words)
        return stp_err_memory(err, "the arguments", sizeof *words * (unsigned long long)argc);
    stp_status status = stp_settings_parse(settings, command, argc, argv, words, most, &count, err);
    if (status == STP_OK && count == 0)
        status = stp_err_set(err, STP_ERR_USAGE, "name a run folder, as in: stapes %s RUN%s",
                             stp_command_name(command), rest ? " FILE" : "");
    if (status == STP_OK && rest && count == 1)
        status = stp_err_set(err, STP_ERR_USAGE, "name recordings after the run folder");
    if (status == STP_OK) {
        *run = words[0];
        for (int i = 1; rest && i < count; i++)
            rest[i - 1] = words[i];
        if (rest)
            *rest_count = count - 1;
        status = stp_isa_select(settings->isa, err);
    }
    free(words);
    return status;
}

stp_status stp_cli_draw(const char *command, const stp_run *run, stp_svg *svg, const char *wanted,
                        const char *name, char path[STP_PATH_BYTES], stp_err *err) {
    stp_status status = STP_OK;
    if (wanted[0]) // no longer than an option may be
        snprintf(path, STP_PATH_BYTES, "%s", wanted);
    else
        status = stp_path_join(path, stp_run_path(run), name, err);
    if (status == STP_OK)
        status = stp_svg_write_file(svg, path, err);
    stp_svg_free(svg);
    if (status == STP_OK || wanted[0] || status == STP_ERR_MEMORY)
        return status;
    path[0] = 0;
    stp_cli_warn((void *)(uintptr_t)command, err->text);
    return STP_OK;
}
