// Whole networks with random weights, and inputs for them: what files for other runtimes are compared with.
#ifndef STP_TESTS_WHOLE_NETWORKS_H
#define STP_TESTS_WHOLE_NETWORKS_H

#include "int8_problem.h"

enum { NETWORK_INPUTS = 40, NETWORK_MOST_CLASSES = 16, NETWORKS = 8 };

// Every operation of the cells at both strides, odd and even sizes, few and many channels.
static inline stp_graph *network_build(int number, const char **name) {
    static const struct {
        const char *name;
        int cells, channels;
        stp_shape shape;
    } row[NETWORKS] = {{"ds-cnn 49x10", 0, 0, {49, 10}}, {"ds-cnn 7x5", 0, 0, {7, 5}},
                       {"found 13x10", 5, 4, {13, 10}},  {"found 11x9", 3, 6, {11, 9}},
                       {"found 10x12", 6, 4, {10, 12}},  {"found 21x20", 5, 8, {21, 20}},
                       {"found 9x8", 3, 2, {9, 8}},      {"found 4x3", 4, 4, {4, 3}}};
    *name = row[number].name;
    return row[number].cells ? int8_found(row[number].cells, row[number].channels, row[number].shape, 0)
                             : int8_ds_cnn(row[number].shape);
}

// Noise over the whole range, saturation, silence, and features as a front-end gives them.
static inline void network_input(const int8_problem *q, int number, int8_t *input, size_t bytes) {
    const stp_int8_scale *scale = stp_int8_scale_of(q->net, q->net->input);
    stp_rng rng = stp_rng_at(77, STP_RNG_TEST, 0, (uint64_t)number);
    for (size_t i = 0; i < bytes; i++) {
        double x = number < NETWORK_INPUTS - INT8_SAMPLES
                       ? 0
                       : nearbyint((double)q->p.inputs[0][(size_t)(number % INT8_SAMPLES) * bytes + i] /
                                   (double)scale->scale);
        int8_t feature = (int8_t)fmin(127, fmax(-128, x + scale->zero));
        int8_t noise = (int8_t)(stp_rng_below(&rng, 256) - 128), extreme = noise < 0 ? -128 : 127;
        input[i] = number < 5 ? noise : number == 5 ? extreme : feature;
    }
}

#endif
