// stapes export RUN --to FORM --out PATH: a trained system in a form that others build or load.
#include "base/path.h"
#include "cli.h"
#include "commands.h"
#include "export/firmware.h"
#include "export/onnx_file.h"
#include "export/tflite_file.h"
#include "quant/int8_file.h"
#include "quant/lower.h"
#include "shipped.h"

#include <stdio.h>
#include <string.h>

typedef struct form form;
struct form {
    const char *name; // of --to
    stp_status (*write)(const form *form, const char *run, const char *path, stp_err *err);
    const char *after; // what to do with it, or what is in it; %s: the path
    // Of a file: its ending, what its network is made of, and its format.
    const char *ending;
    int in_floats;
    stp_status (*write_file)(const stp_cli_trained *trained, const stp_int8_net *net, int in_floats,
                             const char *path, stp_err *err);
};

// --- the forms ----------------------------------------------------------------------------------------

static stp_status write_firmware(const form *f, const char *run, const char *path, stp_err *err) {
    stp_cli_shipped shipped;
    (void)f;
    stp_status status = stp_cli_shipped_open(&shipped, run, err);
    if (status == STP_OK)
        status = stp_firmware_write(&shipped.source, path, err);
    stp_cli_shipped_close(&shipped);
    return status;
}

// Files of others' formats: in int8 of a quantised system, in floats of any trained one, which lowering makes
// (it folds batch norm, and nothing is rounded).
static stp_status open_net(stp_int8_net **net, const stp_cli_trained *trained, int in_floats, stp_err *err) {
    const stp_model *model = trained->model;
    if (in_floats)
        return stp_int8_lower(net, model->graph, model->weights, model->running, err);
    return stp_int8_load(net, model, trained->run, err);
}

static stp_status write_tflite(const stp_cli_trained *trained, const stp_int8_net *net, int in_floats,
                               const char *path, stp_err *err) {
    return stp_tflite_file_write(net, trained->model, in_floats ? STP_TFLITE_IN_FLOATS : STP_TFLITE_IN_INT8,
                                 path, err);
}

static stp_status write_onnx(const stp_cli_trained *trained, const stp_int8_net *net, int in_floats,
                             const char *path, stp_err *err) {
    return stp_onnx_file_write(net, trained->model, in_floats ? STP_ONNX_IN_FLOATS : STP_ONNX_IN_INT8, path,
                               err);
}

static stp_status write_file(const form *f, const char *run, const char *path, stp_err *err) {
    stp_cli_trained trained;
    stp_int8_net *net = NULL;
    STP_TRY(stp_cli_trained_open(&trained, run, err));
    stp_status status = open_net(&net, &trained, f->in_floats, err);
    if (status == STP_OK)
        status = f->write_file(&trained, net, f->in_floats, path, err);
    stp_int8_net_destroy(net);
    stp_cli_trained_close(&trained);
    return status;
}

static const char about_file[] = "in it        features to logits; what features are, and the labels: its "
                                 "metadata, stapes.json";

static const form forms[] = {{"firmware", write_firmware, "next: make -C %s test", NULL, 0, NULL},
                             {"tflite", write_file, about_file, ".tflite", 0, write_tflite},
                             {"tflite-float", write_file, about_file, ".tflite", 1, write_tflite},
                             {"onnx", write_file, about_file, ".onnx", 0, write_onnx},
                             {"onnx-float", write_file, about_file, ".onnx", 1, write_onnx}};

static const form *form_of(const char *name) {
    size_t i = 0; // the options' table lets no other name pass
    while (strcmp(forms[i].name, name) != 0)
        i++;
    return &forms[i];
}

// --- the command --------------------------------------------------------------------------------------

static int tell(const stp_settings *settings, const char *run) {
    if (settings->json)
        return stp_cli_print_json("export",
                                  json_pack("{s:o*, s:s, s:o*}", "run", stp_cli_json_text(run), "to",
                                            settings->to, "out", stp_cli_json_text(settings->out)));
    printf("written      %s\n", settings->out);
    char quoted[STP_PATH_BYTES];
    printf(form_of(settings->to)->after, stp_path_word(quoted, settings->out));
    printf("\n");
    return 0;
}

int stp_cmd_export(int argc, char **argv) {
    stp_settings settings;
    const char *run;
    stp_err err;
    stp_status status = stp_cli_parse_run(&settings, STP_CMD_EXPORT, argc, argv, &run, NULL, NULL, &err);
    if (status == STP_OK && !settings.out[0])
        status = stp_err_set(&err, STP_ERR_USAGE, "say where to: --out PATH");
    if (status == STP_OK && form_of(settings.to)->ending)
        status = stp_cli_check_ending(settings.out, form_of(settings.to)->ending, &err);
    if (status == STP_OK)
        status = form_of(settings.to)->write(form_of(settings.to), run, settings.out, &err);
    return status == STP_OK ? tell(&settings, run) : stp_cli_fail("export", &err);
}
