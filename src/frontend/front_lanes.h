// The steps of the front-end with one clip a lane: device/front's arithmetic (front/front_core.h) compiled
// with vectors, one table an instruction set. Each lane has the device's bits.
#ifndef STP_FRONTEND_FRONT_LANES_H
#define STP_FRONTEND_FRONT_LANES_H

#include "base/isa.h"
#include "front/front.h"

// All floats come in vectors of `lanes`, aligned to a vector: "[n]" below is n vectors.
typedef struct stp_front_lanes {
    stp_isa isa;
    int lanes;
    // Clips (one a lane; NULL: silence) to signal [samples].
    void (*transpose)(const int16_t *const *clips, int samples, float *signal);
    // One window, from signal at its first sample, to powers in spectrum [fft_samples].
    void (*spectrum)(const stapes_front_config *config, const float *signal, float *spectrum);
    // Log mel energies, bands [filters].
    void (*bands)(const stapes_front_config *config, const float *spectrum, float *bands);
    // Cepstra [coefficients] from bands; folded is working memory, [filters + 1].
    void (*cepstra)(const stapes_front_config *config, const float *bands, float *folded, float *out);
    // out = (x - mean) * inv_deviation, [config->coefficients].
    void (*normalise)(const stapes_front_config *config, const float *x, float *out);
} stp_front_lanes;

// The table of the current instruction set.
const stp_front_lanes *stp_front_lanes_current(void);

#endif
