// How a long computation tells what it does, and learns that it shall stop. The command line draws it; tests
// ignore it.
#ifndef STP_RUN_OBSERVER_H
#define STP_RUN_OBSERVER_H

#include <signal.h>

typedef struct stp_progress {
    const char *phase;     // "warm-up", "search", "training", ...
    int epoch, epochs;     // from 0
    long step, steps;      // within the epoch
    double loss, accuracy; // running mean of this epoch; accuracy in per cent
    const char *leader;    // leading front-end, or NULL
    double leader_weight;  // its softmax(gamma)
    int epoch_done;
    double validation_accuracy; // at an epoch's end; negative when not measured
} stp_progress;

typedef struct stp_observer {
    void (*progress)(void *context, const stp_progress *progress); // may be NULL; called once a step
    void (*note)(void *context, const char *line);                 // a line worth reading; may be NULL
    // Work of known pieces ("reading recordings", 120 of 4000); may be NULL.
    void (*count)(void *context, const char *what, int done, int total);
    void *context;
    const volatile sig_atomic_t
        *stop; // non-zero: finish the step, write a checkpoint, return STP_ERR_INTERRUPTED; may be NULL
} stp_observer;

#endif
