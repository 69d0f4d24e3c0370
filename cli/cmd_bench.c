// stapes bench: how fast this machine is, and stapes on it.
#include "base/isa.h"
#include "bench.h"
#include "cli.h"
#include "commands.h"
#include "step/corpus.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { MOST_WORDS = 256 };

static const struct {
    const char *name;
    int (*run)(stp_settings *settings, const char *const *words, int count);
    int most_words; // after the name
} benches[] = {{"search", stp_bench_search, 0},
               {"train", stp_bench_train, 0},
               {"front", stp_bench_front, 0},
               {"kernel", stp_bench_kernels, MOST_WORDS},
               {"machine", stp_bench_machine, 0}};

static stp_status parse(stp_settings *s, int argc, char **argv, const char **words, int *count, int *bench,
                        stp_err *err) {
    STP_TRY(stp_settings_parse(s, STP_CMD_BENCH, argc, argv, words, MOST_WORDS + 1, count, err));
    STP_TRY(stp_isa_select(s->isa, err));
    for (int i = 0; *count > 0 && i < (int)(sizeof benches / sizeof *benches); i++) {
        if (strcmp(words[0], benches[i].name) != 0)
            continue;
        *bench = i;
        if (*count - 1 > benches[i].most_words)
            return stp_err_set(err, STP_ERR_USAGE, "'%s' is one argument too many; see stapes help bench",
                               words[1]);
        return STP_OK;
    }
    return stp_err_set(err, STP_ERR_USAGE,
                       "say what to time: stapes bench search, train, front, kernel or machine");
}

int stp_cmd_bench(int argc, char **argv) {
    stp_settings settings;
    const char *words[MOST_WORDS + 1];
    stp_err err;
    int bench = 0, count = 0;
    if (parse(&settings, argc, argv, words, &count, &bench, &err) != STP_OK)
        return stp_cli_fail("bench", &err);
    return benches[bench].run(&settings, words + 1, count - 1);
}

stp_status stp_bench_sizes(stp_settings *s, int batch, stp_err *err) {
    int group, clips;
    s->search_cells = s->bench_cells;
    s->search_channels = s->bench_channels;
    s->search_batch = s->bench_batch > 0 ? s->bench_batch : batch;
    STP_TRY(stp_corpus_group(s, (int)s->search_batch, s->search_batch, &group, &clips, err));
    s->bn_group = group;
    return STP_OK;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double stp_bench_median(double *seconds, int count) {
    qsort(seconds, (size_t)count, sizeof *seconds, by_size);
    return seconds[count / 2];
}

long long stp_bench_peak_bytes(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss * 1024LL : 0; // Linux counts in KiB
}
