// Networks that the table of costs was not fitted to, with random weights: known ones, found ones, one of
// plain convolutions; odd sizes among them.
#ifndef STP_TESTS_COST_NETWORKS_H
#define STP_TESTS_COST_NETWORKS_H

#include "space/networks.h"

typedef enum cost_network_kind { COST_DS_CNN, COST_RESIDUAL, COST_FOUND } cost_network_kind;

typedef struct cost_network {
    const char *name;
    cost_network_kind kind;
    const char *front, *features;
    int clip_samples, classes;
    int genotype, cells, channels; // of a found one; the residual one has channels
} cost_network;

// The small ones first: those that are tried when only some are.
enum { COST_NETWORKS = 14, COST_NETWORKS_SMALL = 3 };
extern const cost_network cost_networks[COST_NETWORKS];

stp_status cost_network_build(stp_graph **graph, const cost_network *network, stp_shape input, stp_err *err);

#endif
