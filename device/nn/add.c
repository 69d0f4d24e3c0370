// Sum of two maps with scales of their own (TensorFlow Lite's ADD).
#include "nn/nn.h"
#include "nn/rescale.h"

// Each input less its zero point is taken with 20 more bits, so that what rescaling rounds away does not
// show.
enum { STAPES_NN_ADD_BITS = 20 };

static void add_run(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                    const int8_t *a, const int8_t *b, int8_t *y, int32_t n) {
    const int32_t *multipliers = constants->multipliers + op->channel;
    const int8_t *shifts = constants->shifts + op->channel;
    const int32_t zero_a = maps[op->in].zero, zero_b = maps[op->second].zero, zero_y = maps[op->out].zero;
    for (int32_t i = 0; i < n; i++) {
        const int32_t wide_a = (a[i] - zero_a) * (1 << STAPES_NN_ADD_BITS);
        const int32_t wide_b = (b[i] - zero_b) * (1 << STAPES_NN_ADD_BITS);
        const int32_t sum = stapes_nn_rescale_away(wide_a, multipliers[0], shifts[0]) +
                            stapes_nn_rescale_away(wide_b, multipliers[1], shifts[1]);
        const int32_t q = stapes_nn_rescale_away(sum, multipliers[2], shifts[2]) + zero_y;
        y[i] = (int8_t)stapes_nn_clamp(q, op->out_low, op->out_high);
    }
}

void stapes_nn_add(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                   int8_t *arena, int8_t *scratch) {
    const stapes_map *in = &maps[op->in], *second = &maps[op->second], *out = &maps[op->out];
    const int8_t *a = arena + in->offset, *b = arena + second->offset;
    int8_t *y = arena + out->offset;
    const int32_t pixels = (int32_t)in->h * in->w;
    (void)scratch;
    if (in->pitch == in->c && second->pitch == in->c && out->pitch == in->c) {
        add_run(op, maps, constants, a, b, y, pixels * in->c);
        return;
    }
    for (int32_t p = 0; p < pixels; p++, a += in->pitch, b += second->pitch, y += out->pitch)
        add_run(op, maps, constants, a, b, y, in->c);
}
