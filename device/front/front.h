// The front-end that ships: 16-bit samples to normalised features, in C99 with no heap, no library and no
// double. Every output bit is the same on every processor with IEEE 754 single precision, as long as the
// compiler keeps to the source: -ffp-contract=off, no fast math. stapes_front_init checks that.
//
// What it computes, for a window of samples: x / 32768, times a periodic Hann window, real FFT of the next
// power of two (128 at least), power spectrum, HTK mel filters, ln(x + 1e-6), and for MFCC an orthonormal
// DCT-II; then (y - mean) * inv_deviation for each coefficient. The tables come from the host.
#ifndef STAPES_FRONT_FRONT_H
#define STAPES_FRONT_FRONT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    STAPES_FRONT_MIN_FFT = 128,
    STAPES_FRONT_MAX_FFT = 2048,
    STAPES_FRONT_MIN_WINDOW = 16,
    STAPES_FRONT_MAX_FILTERS = 128
};

typedef enum stapes_front_status {
    STAPES_FRONT_OK = 0,
    STAPES_FRONT_ERR_CONFIG,     // a table is missing, or a size is out of range
    STAPES_FRONT_ERR_MEMORY,     // too little memory given, or not aligned for a float
    STAPES_FRONT_ERR_ARITHMETIC, // this compiler or processor rounds differently (contraction, fast math)
    STAPES_FRONT_ERR_CHECK       // the tables are not the ones that the host checked
} stapes_front_status;

// With N = fft_samples and n = N / 2. All tables may lie in flash.
typedef struct stapes_front_config {
    int16_t window_samples, hop_samples, fft_samples;
    int16_t filters, coefficients;
    int16_t cepstra;       // 1: DCT; 0: log-mel, and coefficients == filters
    const float *window;   // [window_samples / 2 + 1] the rising half of a Hann window, times 2^-16: 2^-15
                           // for the samples, 1/2 for the split
    const uint16_t *order; // [n/4, or n/8 where log2 n is odd] where each first butterfly goes
    const float *roots;    // [n/2][2] exp(-2 pi i k / N): a quarter turn
    const uint16_t *mel_first;  // [filters] first bin with a weight; 1 at least
    const uint16_t *mel_count;  // [filters] bins; first + count <= n
    const float *mel_weights;   // filter after filter
    const float *dct;           // [coefficients][(filters + 1) / 2], NULL for log-mel; see front_core.h
    const float *mean;          // [coefficients]
    const float *inv_deviation; // [coefficients]
    uint32_t check;             // stapes_front_checksum on the host
} stapes_front_config;

typedef struct stapes_front {
    const stapes_front_config *config;
    float *spectrum;  // [fft_samples]
    float *bands;     // [filters]
    int16_t *history; // [window_samples] the samples of the window so far
    int16_t filled;   // samples in history; negative: samples to skip first (hop longer than the window)
} stapes_front;

// Bytes of working memory; 0 when the configuration is not valid.
size_t stapes_front_memory_bytes(const stapes_front_config *config);

// Checks the configuration, the arithmetic of this build, and the tables (one frame of a test signal).
// `memory` is working memory that stays with `front`, aligned for a float. Cost: about two frames.
stapes_front_status stapes_front_init(stapes_front *front, const stapes_front_config *config, void *memory,
                                      size_t memory_bytes);

// Checksum of the tables (but the norm's) and of what the front-end makes of a test signal, step by step:
// what config->check has to be. Overwrites the history.
uint32_t stapes_front_checksum(stapes_front *front);

// One window of samples, [window_samples], to one row, [coefficients].
void stapes_front_frame(stapes_front *front, const int16_t *samples, float *row);

// Framing of a stream. Takes samples, any number at a time, from *samples, moves both forward, and returns 1
// as soon as a window is complete and `row` is filled; 0 when all samples are taken. The same rows as
// stapes_front_frame on windows hop_samples apart.
int stapes_front_push(stapes_front *front, const int16_t **samples, size_t *count, float *row);
void stapes_front_reset(stapes_front *front); // forgets the samples so far

#ifdef __cplusplus
}
#endif

#endif
