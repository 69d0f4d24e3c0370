#include "frontend/front_tables.h"

#include "base/exact.h"

#include <math.h>
#include <stdlib.h>

// cos and sin of pi * a / b. The angle is brought into the first eighth of a turn as a fraction first: zeros
// and symmetries are exact.
static double cos_pi(long a, long b) {
    a = labs(a) % (2 * b);
    if (a > b)
        a = 2 * b - a;
    if (2 * a > b)
        return -cos_pi(b - a, b);
    return 4 * a > b ? stp_sin_pi((double)(b - 2 * a) / (double)(2 * b)) : stp_cos_pi((double)a / (double)b);
}

static double sin_pi(long a, long b) {
    return cos_pi(2 * a - b, 2 * b);
}

static const double ln_10 = 2.302585092994046;

static double mel_of_hz(double hz) {
    return 2595.0 / ln_10 * stp_log(1.0 + hz / 700.0);
}

// Corner i (0 .. filters + 1) of the filters, equally spaced in mel.
static double corner_hz(const stp_front_spec *spec, int i) {
    if (i == 0)
        return spec->low_hz;
    if (i == spec->filters + 1)
        return spec->high_hz;
    double low = mel_of_hz(spec->low_hz), high = mel_of_hz(spec->high_hz);
    double mel = low + (high - low) * i / (spec->filters + 1);
    return 700.0 * (stp_exp(ln_10 / 2595.0 * mel) - 1.0);
}

double stp_front_mel_center_hz(const stp_front_spec *spec, int filter) {
    return corner_hz(spec, filter + 1);
}

void stp_front_mel_filter(const stp_front_spec *spec, int filter, int *first, int *count, float *weights) {
    double left = corner_hz(spec, filter), middle = corner_hz(spec, filter + 1),
           right = corner_hz(spec, filter + 2);
    int fft = stp_front_spec_fft(spec);
    *first = 1;
    *count = 0;
    for (int k = 1; k < fft / 2; k++) {
        double hz = (double)spec->rate_hz * k / fft;
        float weight = (float)fmin((hz - left) / (middle - left), (right - hz) / (right - middle));
        if (weight > 1e-9f) { // a smaller one comes from rounding a corner that lies on a bin
            if (*count == 0)
                *first = k;
            weights[(*count)++] = weight;
        }
    }
}

int stp_front_mel_weights(const stp_front_spec *spec) {
    float weights[STP_FRONT_MAX_BINS];
    int total = 0;
    for (int f = 0, first, count; f < spec->filters; f++) {
        stp_front_mel_filter(spec, f, &first, &count, weights);
        total += count;
    }
    return total;
}

int stp_front_fft_head(int n) {
    int log2_n = 0;
    while (1 << log2_n < n)
        log2_n++;
    return log2_n % 2 ? 8 : 4;
}

// Half of a periodic Hann, with 2^-15 for 16-bit samples and the 1/2 of the real FFT's split (both exact).
static float *make_window(const stp_front_spec *spec, stp_arena *arena) {
    int samples = spec->window_samples;
    float *window = STP_ARENA_ARRAY(arena, float, samples / 2 + 1);
    for (int i = 0; window && i <= samples / 2; i++)
        window[i] = (float)((0.5 - 0.5 * cos_pi(2L * i, samples)) * 0x1p-16);
    return window;
}

// Decimation in time by four: the first butterfly of elements i, i + n/head, .. is leaf i with its base-4
// digits reversed.
static uint16_t *make_order(int n, stp_arena *arena) {
    int head = stp_front_fft_head(n), leaves = n / head;
    uint16_t *order = STP_ARENA_ARRAY(arena, uint16_t, leaves);
    for (int i = 0; order && i < leaves; i++) {
        int leaf = 0, digits = i;
        for (int size = leaves; size > 1; size /= 4, digits /= 4)
            leaf = 4 * leaf + digits % 4;
        order[i] = (uint16_t)(leaf * head);
    }
    return order;
}

static float *make_roots(int n, stp_arena *arena) {
    float *roots = STP_ARENA_ARRAY(arena, float, n);
    for (int k = 0; roots && k < n / 2; k++) {
        roots[2 * k] = (float)cos_pi(k, n);
        roots[2 * k + 1] = (float)-sin_pi(k, n);
    }
    return roots;
}

static int make_mel(stapes_front_config *config, const stp_front_spec *spec, stp_arena *arena) {
    uint16_t *first = STP_ARENA_ARRAY(arena, uint16_t, spec->filters);
    uint16_t *count = STP_ARENA_ARRAY(arena, uint16_t, spec->filters);
    // the last filters are written with room for a whole spectrum behind them
    float *weights = STP_ARENA_ARRAY(arena, float, stp_front_mel_weights(spec) + STP_FRONT_MAX_BINS);
    if (!first || !count || !weights)
        return 0;
    float *p = weights;
    for (int f = 0, filter_first, filter_count; f < spec->filters; f++, p += filter_count) {
        stp_front_mel_filter(spec, f, &filter_first, &filter_count, p);
        first[f] = (uint16_t)filter_first;
        count[f] = (uint16_t)filter_count;
    }
    config->mel_first = first;
    config->mel_count = count;
    config->mel_weights = weights;
    return 1;
}

// Orthonormal DCT-II, half of each row: see core_fold. The middle of an odd number of filters has half its
// weight, since the fold doubles it.
static float *make_dct(const stp_front_spec *spec, stp_arena *arena) {
    int filters = spec->filters, half = (filters + 1) / 2;
    float *dct = STP_ARENA_ARRAY(arena, float, spec->coefficients *half);
    for (int i = 0; dct && i < spec->coefficients; i++)
        for (int k = 0; k < half; k++) {
            double scale = sqrt((i == 0 ? 1.0 : 2.0) / filters) * (2 * k + 1 == filters ? 0.5 : 1.0);
            dct[i * half + k] = (float)(scale * cos_pi((2L * k + 1) * i, 2L * filters));
        }
    return dct;
}

static stp_status set_check(stapes_front_config *config, stp_err *err) {
    size_t bytes = stapes_front_memory_bytes(config);
    void *memory = stp_alloc(bytes);
    if (!memory)
        return stp_err_memory(err, "a front-end", bytes);
    stapes_front front;
    // the first pass finds the checksum, the second compares
    stapes_front_status status = stapes_front_init(&front, config, memory, bytes);
    if (status == STAPES_FRONT_ERR_CHECK) {
        config->check = stapes_front_checksum(&front);
        status = stapes_front_init(&front, config, memory, bytes);
    }
    stp_free(memory);
    if (status == STAPES_FRONT_OK)
        return STP_OK;
    if (status == STAPES_FRONT_ERR_ARITHMETIC)
        return stp_err_set(err, STP_ERR_MISMATCH,
                           "this build rounds differently from the device; compile device/ with "
                           "-ffp-contract=off and without -ffast-math");
    return stp_err_set(err, STP_ERR_USAGE, "front-end %d/%d/%d: the device code refuses it (status %d)",
                       config->window_samples, config->hop_samples, config->filters, (int)status);
}

stp_status stp_front_tables_make(stapes_front_config *config, const stp_front_spec *spec, stp_arena *arena,
                                 stp_err *err) {
    int fft = stp_front_spec_fft(spec), n = fft / 2, cepstra = spec->kind == STP_FRONT_MFCC;
    float *mean = STP_ARENA_ARRAY(arena, float, spec->coefficients);
    float *inv_deviation = STP_ARENA_ARRAY(arena, float, spec->coefficients);
    *config = (stapes_front_config){.window_samples = (int16_t)spec->window_samples,
                                    .hop_samples = (int16_t)spec->hop_samples,
                                    .fft_samples = (int16_t)fft,
                                    .filters = (int16_t)spec->filters,
                                    .coefficients = (int16_t)spec->coefficients,
                                    .cepstra = (int16_t)cepstra,
                                    .window = make_window(spec, arena),
                                    .order = make_order(n, arena),
                                    .roots = make_roots(n, arena),
                                    .dct = cepstra ? make_dct(spec, arena) : NULL,
                                    .mean = mean,
                                    .inv_deviation = inv_deviation};
    if (!config->window || !config->order || !config->roots || !mean || !inv_deviation ||
        (cepstra && !config->dct) || !make_mel(config, spec, arena))
        return stp_err_memory(err, "the tables of a front-end", (unsigned long long)fft * sizeof(float));
    for (int i = 0; i < spec->coefficients; i++)
        inv_deviation[i] = 1.0f;
    return set_check(config, err);
}
