// Where the time of runs goes: what their steps take, compute and move, by kind of operation.
#ifndef STP_GRAPH_PROFILE_H
#define STP_GRAPH_PROFILE_H

#include "graph/graph.h"

typedef enum stp_profile_phase {
    STP_PROFILE_FORWARD,
    STP_PROFILE_AGAIN, // made again for backward
    STP_PROFILE_BACKWARD,
    STP_PROFILE_PHASES
} stp_profile_phase;

typedef struct stp_profile_row {
    double seconds;
    double flops, bytes; // as kernel/work.h counts them
} stp_profile_row;

// Start with the clock alone: every run that is given it (stp_exec_state) adds to it.
typedef struct stp_profile {
    double (*clock)(void); // seconds since some start
    stp_profile_row row[STP_OP_KINDS][STP_PROFILE_PHASES];
} stp_profile;

#endif
