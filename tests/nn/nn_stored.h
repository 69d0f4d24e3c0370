// Random single operations (nn_case.h) with the scales of which a stored model makes multipliers.
#ifndef STP_TESTS_NN_STORED_H
#define STP_TESTS_NN_STORED_H

#include "nn_case.h"

typedef struct nn_scales {
    float in, second, out;
    float weight[NN_CASE_CHANNELS];
} nn_scales;

// Every fourth convolution is a 1x1 one of stride 2 that skips the first row and column. Results are not
// clamped. Biases are without the input's zero point, as models are stored.
void nn_stored_draw(nn_case *c, nn_scales *s, stapes_op_kind kind, uint32_t number);
// Biases as the device has them.
void nn_put_zero_into_biases(nn_case *c);
// A map without gaps; values under `low` as `low`.
void nn_pack(const nn_case *c, const stapes_map *map, int8_t low, int8_t *to);

#endif
