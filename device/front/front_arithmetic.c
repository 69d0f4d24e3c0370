// A compiler that contracts a*b + c to a fused multiply-add, reassociates, or keeps excess precision changes
// the last bits of features. That is found here, at init, and not in the field.
#include "front/front_scalar.h"

enum { ROUNDS = 64 };

// Inputs the compiler cannot know, so that it must emit the operations instead of folding them.
static volatile uint32_t seed = 0x2545f491u;

static float next_value(uint32_t *state) { // -1 .. 1, with 24 bits that matter
    *state = *state * 1664525u + 1013904223u;
    return (float)(int32_t)(*state >> 7) * 0x1p-24f - 1.0f;
}

// Each kind of step the front-end takes: butterfly with twiddle, power, four partial sums, logarithm.
FRONT_COLD static uint32_t sum_of_steps(void) {
    uint32_t state = seed, sum = 2166136261u;
    float s0 = 0.0f, s1 = 0.0f;
    for (int i = 0; i < ROUNDS; i++) {
        core_root w = {0.0f, 0.0f};
        w.re = next_value(&state);
        w.im = next_value(&state);
        core_complex a = {next_value(&state), next_value(&state)};
        core_complex b = {next_value(&state), next_value(&state)};
        core_complex c = core_add(b, core_mul(a, w));
        float power = c.re * c.re + c.im * c.im;
        s0 = s0 + power * w.re;
        s1 = s1 + a.re * w.im;
        sum = front_mix(sum, c.re);
        sum = front_mix(sum, c.im);
        sum = front_mix(sum, core_log(power + 1e-6f));
    }
    sum = front_mix(sum, s0);
    return front_mix(sum, s1);
}

FRONT_COLD int stapes_front_arithmetic_ok(void) {
    return sum_of_steps() == 0x950e8e6bu;
}
