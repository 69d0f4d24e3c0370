// Where the time of the steps that `stapes bench` times goes, beside what they compute and move.
#ifndef STP_CLI_BENCH_PROFILE_H
#define STP_CLI_BENCH_PROFILE_H

#include "graph/profile.h"

#include <jansson.h>

typedef struct stp_bench_profile {
    stp_profile of_operations;
    double seconds; // of the steps as a whole
    int steps;
} stp_bench_profile;

// A table: milliseconds of a step (`what` names it), shares, work and rates.
void stp_bench_profile_print(const stp_bench_profile *profile, const char *what);
// The same as an array of objects, a step's; NULL: no memory.
json_t *stp_bench_profile_json(const stp_bench_profile *profile);

#endif
