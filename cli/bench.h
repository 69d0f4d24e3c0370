// What `stapes bench` can time. Each prints its results and returns the exit status.
#ifndef STP_CLI_BENCH_H
#define STP_CLI_BENCH_H

#include "settings/settings.h"

// words[0 .. count): what follows the name on the command line.
int stp_bench_search(stp_settings *settings, const char *const *words, int count);
int stp_bench_train(stp_settings *settings, const char *const *words, int count);
int stp_bench_front(stp_settings *settings, const char *const *words, int count);
int stp_bench_kernels(stp_settings *settings, const char *const *words, int count);
int stp_bench_machine(stp_settings *settings, const char *const *words, int count);

// What several of them need.
// Cells, channels, batch (this one unless it is given) and its batch-norm group, to where a search looks for
// them.
stp_status stp_bench_sizes(stp_settings *settings, int batch, stp_err *err);
double stp_bench_median(double *seconds, int count); // sorts
long long stp_bench_peak_bytes(void);                // memory of this process at its fullest

#endif
