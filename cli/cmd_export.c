// stapes export RUN --to FORM --out PATH: a quantised system in a form that others build or load.
#include "cli.h"
#include "commands.h"
#include "export/firmware.h"
#include "shipped.h"

#include <stdio.h>
#include <string.h>

typedef struct form {
    const char *name; // of --to
    stp_status (*write)(const stp_cli_shipped *shipped, const char *path, stp_err *err);
    const char *next; // what to do with it; %s: the path
} form;

static stp_status write_firmware(const stp_cli_shipped *shipped, const char *path, stp_err *err) {
    return stp_firmware_write(&shipped->source, path, err);
}

static const form forms[] = {{"firmware", write_firmware, "make -C %s test"}};

static const form *form_of(const char *name) {
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

static stp_status export(const stp_settings *settings, const char *run, stp_err *err) {
    stp_cli_shipped shipped;
    stp_status status = stp_cli_shipped_open(&shipped, run, err);
    if (status == STP_OK)
        status = form_of(settings->to)->write(&shipped, settings->out, err);
    stp_cli_shipped_close(&shipped);
    return status;
}

static int tell(const stp_settings *settings, const char *run) {
    if (settings->json)
        return stp_cli_print_json("export",
                                  json_pack("{s:o*, s:s, s:o*}", "run", stp_cli_json_text(run), "to",
                                            settings->to, "out", stp_cli_json_text(settings->out)));
    printf("written      %s\nnext: ", settings->out);
    printf(form_of(settings->to)->next, settings->out);
    printf("\n");
    return 0;
}

int stp_cmd_export(int argc, char **argv) {
    stp_settings settings;
    const char *run;
    stp_err err;
    stp_status status = stp_cli_parse_run(&settings, STP_CMD_EXPORT, argc, argv, &run, NULL, NULL, &err);
    if (status == STP_OK && !settings.out[0])
        status = stp_err_set(&err, STP_ERR_USAGE, "say where to: --out DIR");
    if (status == STP_OK && !form_of(settings.to))
        status = stp_err_set(&err, STP_ERR_USAGE, "--to: there is no form '%s': take firmware", settings.to);
    if (status == STP_OK)
        status = export(&settings, run, &err);
    return status == STP_OK ? tell(&settings, run) : stp_cli_fail("export", &err);
}
