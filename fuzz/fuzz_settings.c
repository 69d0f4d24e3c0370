// What people may edit: settings.json, genotype.json, config files, and the names of front-ends. Whatever
// stands there is taken, or refused with a line, and what was taken is in range.
#include "fuzz.h"

#include "broken_json.h"
#include "frontend/front_spec.h"
#include "settings/settings.h"
#include "space/genotype.h"

enum { COMMANDS = 26 }; // as many as could be

static int command_count;
static stp_command commands[COMMANDS];

static struct {
    json_t *options[COMMANDS], *genotype;
    char config[96];
} f;

static void prepare(void) {
    stp_err err;
    stp_genotype genotype = {.front = "640/320/40:10", .features = "mfcc"};
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int k = 0; k < STP_CELL_KEPT_EDGES; k++)
            genotype.edge[kind][k] = (stp_genotype_edge){STP_CELL_MAX_POOL_3X3 + k % 7, k % 2};
    f.genotype = stp_genotype_to_json(&genotype);
    for (int letter = 'a'; letter <= 'z'; letter++)
        if (stp_command_name((stp_command)letter))
            commands[command_count++] = (stp_command)letter;
    for (int i = 0; i < command_count; i++) {
        stp_settings settings;
        fuzz_require(stp_settings_defaults(&settings, commands[i], "small", &err) == STP_OK, err.text);
        f.options[i] = stp_settings_to_json(&settings, commands[i]);
    }
    snprintf(f.config, sizeof f.config, "%s/config", fuzz_folder());
}

// What was taken is taken again from its own copy.
static void expect_stable(const stp_settings *settings, stp_command command) {
    stp_err err;
    stp_settings again = *settings;
    json_t *copy = stp_settings_to_json(settings, command);
    fuzz_require(copy && stp_settings_from_json(&again, command, copy, "copy", &err) == STP_OK,
                 "settings that were taken are refused");
    json_decref(copy);
}

static void read_options(fuzz_input *in) {
    int which = (int)fuzz_take(in, 1) % command_count;
    stp_command command = commands[which];
    stp_settings settings;
    stp_err err;
    json_t *broken = fuzz_json_break(f.options[which], in, 4);
    stp_settings_defaults(&settings, command, "small", &err);
    stp_status status = stp_settings_from_json(&settings, command, broken, "settings.json", &err);
    fuzz_require_line(status, &err);
    if (status == STP_OK)
        expect_stable(&settings, command);
    stp_settings_defaults(&settings, command, "small", &err);
    fuzz_require_line(stp_settings_resume(&settings, command, broken, "settings.json", &err), &err);
    stp_settings_defaults(&settings, command, "small", &err);
    fuzz_require_line(stp_settings_inherit(&settings, broken, "settings.json", &err), &err);
    json_decref(broken);
}

static void read_genotype(fuzz_input *in) {
    stp_genotype genotype;
    stp_err err;
    json_t *broken = fuzz_json_break(f.genotype, in, 4);
    stp_status status = stp_genotype_from_json(&genotype, broken, "genotype.json", &err);
    fuzz_require_line(status, &err);
    for (int i = 0; status == STP_OK && i < STP_CELL_KINDS * STP_CELL_KEPT_EDGES; i++) {
        const stp_genotype_edge *edge = &genotype.edge[i / STP_CELL_KEPT_EDGES][i % STP_CELL_KEPT_EDGES];
        fuzz_require(edge->from >= 0 && edge->from < STP_CELL_INPUTS + i % STP_CELL_KEPT_EDGES / 2 &&
                         (unsigned)edge->op < STP_CELL_OPS,
                     "a genotype with an edge from nowhere");
    }
    json_decref(broken);
}

static void read_config(fuzz_input *in) {
    char flag[] = "--config";
    char *arguments[] = {flag, f.config};
    const char *words[1];
    int count;
    stp_settings settings;
    stp_err err;
    stp_command command = commands[(int)fuzz_take(in, 1) % command_count];
    fuzz_write(f.config, in->data, in->size);
    stp_status status = stp_settings_parse(&settings, command, 2, arguments, words, 1, &count, &err);
    fuzz_require_line(status, &err);
    if (status == STP_OK)
        expect_stable(&settings, command);
}

static void read_fronts(fuzz_input *in) {
    static stp_front_spec specs[STP_FRONT_MAX];
    static const double edges[] = {0, 20, 7600, 8000, -1, 1e300};
    char text[256] = "";
    int count = 0;
    stp_err err;
    const char *kind = fuzz_take(in, 1) % 2 ? "mfcc" : "logmel";
    double low = edges[fuzz_take(in, 1) % 6], high = edges[fuzz_take(in, 1) % 6];
    int rate = (int)(fuzz_take(in, 1) % 8) * 6000;
    memcpy(text, in->data, in->size < 255 ? in->size : 255);
    stp_status status = stp_front_list_parse(specs, &count, text, kind, rate, low, high, &err);
    fuzz_require_line(status, &err);
    for (int i = 0; status == STP_OK && i < count; i++) {
        char name[STP_FRONT_TEXT_BYTES];
        stp_front_spec_format(&specs[i], name);
        fuzz_require(specs[i].coefficients >= 1 && specs[i].coefficients <= specs[i].filters &&
                         specs[i].filters <= STP_FRONT_MAX_COEFFICIENTS &&
                         stp_front_spec_fft(&specs[i]) <= 2048,
                     "a front-end out of range");
    }
}

// The first byte: which of them.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const readers[])(fuzz_input *) = {read_options, read_genotype, read_config, read_fronts};
    fuzz_input in = {data, size};
    if (!f.genotype)
        prepare();
    readers[fuzz_take(&in, 1) % 4](&in);
    return 0;
}
