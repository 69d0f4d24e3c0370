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
                               int front, const stp_shape *grid, int group_samples, int batch, stp_err *err);
void stp_supernet_destroy(stp_supernet *net);

// What a supernet has learned, on its own: weights, velocities and running statistics, and the graph that
// names them.
typedef struct stp_supernet_memory {
    stp_graph *graph;
    stp_real *weights, *velocity, *running;
} stp_supernet_memory;

// Takes a copy, and the graph away from `net` (which can only be destroyed then).
stp_status stp_supernet_keep(stp_supernet *net, stp_supernet_memory *memory, stp_err *err);
// Into `net`, whose parameters all are in memory's graph too, by name.
void stp_supernet_recall(stp_supernet *net, const stp_supernet_memory *memory);
void stp_supernet_forget(stp_supernet_memory *memory);

#endif
