#include "frontend/lanes/front_vector.h"

#include <string.h>

typedef int16_t front_short __attribute__((vector_size(STP_LANES * 2)));

// Interleaves the lower (which 0) or upper halves of a and b: a0 b0 a1 b1 ..
FRONT_INLINE front_vec interleave(front_vec a, front_vec b, const int which) {
#if STP_LANES == 16
    return which ? __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
                 : __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
#elif STP_LANES == 8
    return which ? __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
                 : __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
#else
    return which ? __builtin_shufflevector(a, b, 2, 6, 3, 7) : __builtin_shufflevector(a, b, 0, 4, 1, 5);
#endif
}

// Rows are clips, columns samples; log2(LANES) rounds of interleaving row i with row i + LANES/2 transpose
// them.
FRONT_INLINE void transpose_square(front_vec *rows) {
    FRONT_UNROLL
    for (int round = 1; round < LANES; round *= 2) {
        front_vec next[LANES];
        FRONT_UNROLL
        for (int i = 0; i < LANES / 2; i++) {
            next[2 * i] = interleave(rows[i], rows[i + LANES / 2], 0);
            next[2 * i + 1] = interleave(rows[i], rows[i + LANES / 2], 1);
        }
        FRONT_UNROLL
        for (int i = 0; i < LANES; i++)
            rows[i] = next[i];
    }
}

static void transpose(const int16_t *const *clips, int samples, float *out) {
    front_vec *signal = (front_vec *)out;
    int at = 0;
    for (; at + LANES <= samples; at += LANES) {
        front_vec rows[LANES];
        FRONT_UNROLL
        for (int lane = 0; lane < LANES; lane++) {
            front_short row = {0};
            if (clips[lane])
                memcpy(&row, clips[lane] + at, sizeof row);
            rows[lane] = __builtin_convertvector(row, front_vec);
        }
        transpose_square(rows);
        FRONT_UNROLL
        for (int i = 0; i < LANES; i++)
            signal[at + i] = rows[i];
    }
    for (; at < samples; at++)
        for (int lane = 0; lane < LANES; lane++)
            out[at * LANES + lane] = clips[lane] ? (float)clips[lane][at] : 0.0f;
}

static void spectrum(const stapes_front_config *config, const float *signal, float *out) {
    core_fft(config, (const front_vec *)signal, (front_vec *)out);
    core_power(config, (front_vec *)out);
}

static void bands(const stapes_front_config *config, const float *in, float *out) {
    core_bands(config, (const front_vec *)in, (front_vec *)out);
}

static void cepstra(const stapes_front_config *config, const float *in, float *folded, float *out) {
    core_cepstra(config, (const front_vec *)in, (front_vec *)folded, (front_vec *)out);
}

static void normalise(const stapes_front_config *config, const float *in, float *out) {
    core_normalise((const front_vec *)in, config->mean, config->inv_deviation, config->coefficients,
                   (front_vec *)out);
}

const stp_front_lanes FRONT_NAME(stp_front_lanes) = {
    .isa = STP_ISA,
    .lanes = LANES,
    .transpose = transpose,
    .spectrum = spectrum,
    .bands = bands,
    .cepstra = cepstra,
    .normalise = normalise,
};
