// stapes bench: how fast this machine is, and the search on it.
#include "base/isa.h"
#include "bench.h"
#include "cli.h"
#include "commands.h"

#include <string.h>

static const struct {
    const char *name;
    int (*run)(stp_settings *settings);
} benches[] = {{"search", stp_bench_search}, {"machine", stp_bench_machine}};

static stp_status parse(stp_settings *s, int argc, char **argv, int *bench, stp_err *err) {
    const char *words[1] = {NULL};
    int count = 0;
    STP_TRY(stp_settings_parse(s, STP_CMD_BENCH, argc, argv, words, 1, &count, err));
    STP_TRY(stp_isa_select(s->isa, err));
    for (int i = 0; count > 0 && i < (int)(sizeof benches / sizeof *benches); i++)
        if (strcmp(words[0], benches[i].name) == 0) {
            *bench = i;
            return STP_OK;
        }
    return stp_err_set(err, STP_ERR_USAGE, "say what to time: stapes bench search, or stapes bench machine");
}

int stp_cmd_bench(int argc, char **argv) {
    stp_settings settings;
    stp_err err;
    int bench = 0;
    if (parse(&settings, argc, argv, &bench, &err) != STP_OK)
        return stp_cli_fail("bench", &err);
    return benches[bench].run(&settings);
}
