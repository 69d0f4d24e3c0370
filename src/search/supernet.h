// The supernet of a search with its weights: built for all configurations, then, once gamma is settled, for
// one.
#ifndef STP_SEARCH_SUPERNET_H
#define STP_SEARCH_SUPERNET_H

#include "settings/settings.h"
#include "step/step.h"

typedef struct stp_supernet {
    stp_arena *arena;
    stp_graph *graph;
    stp_stepper *stepper, *tester;
    stp_real *weights, *velocity, *grads, *running;
} stp_supernet;

// front < 0: all of the corpus' configurations, weighted by gamma; else this one alone. grid: NULL takes what
// the configurations' shapes and --align give; a benchmark may ask for another one.
stp_status stp_supernet_create(stp_supernet *net, const stp_corpus *corpus, const stp_settings *settings,
                               int front, const stp_shape *grid, int group_samples, stp_err *err);
void stp_supernet_destroy(stp_supernet *net);

// Weights, velocities and running statistics that both have (by parameter name), from one to the other.
void stp_supernet_copy(stp_supernet *to, const stp_supernet *from);

#endif
