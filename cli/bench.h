// What `stapes bench` can time. Each prints its results and returns the exit status.
#ifndef STP_CLI_BENCH_H
#define STP_CLI_BENCH_H

#include "settings/settings.h"

int stp_bench_search(stp_settings *settings);
int stp_bench_machine(stp_settings *settings);

#endif
