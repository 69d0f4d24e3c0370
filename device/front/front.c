#include "front/front.h"

#include "front/front_steps.h"

FRONT_COLD static int sizes_valid(const stapes_front_config *c) {
    int fft = c->fft_samples;
    if (fft < STAPES_FRONT_MIN_FFT || fft > STAPES_FRONT_MAX_FFT || (fft & (fft - 1)) != 0)
        return 0;
    if (c->window_samples < STAPES_FRONT_MIN_WINDOW || c->window_samples > fft || c->hop_samples < 1)
        return 0;
    if (c->filters < 1 || c->filters > STAPES_FRONT_MAX_FILTERS || c->coefficients < 1)
        return 0;
    return c->cepstra ? c->coefficients <= c->filters : c->coefficients == c->filters;
}

// Elements of the first butterflies of a complex FFT of n, as in core_fft.
static int first_elements(int n) {
    return core_log2_is_odd(n) ? 8 : 4;
}

FRONT_COLD static int tables_valid(const stapes_front_config *c) {
    int n = c->fft_samples / 2;
    if (!c->window || !c->order || !c->roots || !c->mel_first || !c->mel_count || !c->mel_weights ||
        !c->mean || !c->inv_deviation || (c->cepstra && !c->dct))
        return 0;
    for (int f = 0; f < c->filters; f++)
        if (c->mel_first[f] < 1 || c->mel_count[f] < 1 || (int32_t)c->mel_first[f] + c->mel_count[f] > n)
            return 0;
    int head = first_elements(n);
    for (int i = 0; i < n / head; i++)
        if (c->order[i] > n - head)
            return 0;
    return 1;
}

size_t stapes_front_memory_bytes(const stapes_front_config *config) {
    if (!config || !sizes_valid(config))
        return 0;
    return sizeof(float) * (size_t)(config->fft_samples + config->filters) +
           sizeof(int16_t) * (size_t)config->window_samples;
}

FRONT_COLD stapes_front_status stapes_front_init(stapes_front *front, const stapes_front_config *config,
                                                 void *memory, size_t memory_bytes) {
    if (!front || !config || !sizes_valid(config) || !tables_valid(config))
        return STAPES_FRONT_ERR_CONFIG;
    if (!memory || (uintptr_t)memory % sizeof(float) != 0 || memory_bytes < stapes_front_memory_bytes(config))
        return STAPES_FRONT_ERR_MEMORY;
    if (!stapes_front_arithmetic_ok())
        return STAPES_FRONT_ERR_ARITHMETIC;
    front->config = config;
    front->spectrum = (float *)memory;
    front->bands = front->spectrum + config->fft_samples;
    front->history = (int16_t *)(void *)(front->bands + config->filters);
    if (stapes_front_checksum(front) != config->check)
        return STAPES_FRONT_ERR_CHECK;
    stapes_front_reset(front);
    return STAPES_FRONT_OK;
}

void stapes_front_frame(stapes_front *front, const int16_t *samples, float *row) {
    const stapes_front_config *config = front->config;
    front_fft(config, samples, front->spectrum);
    front_power(config, front->spectrum);
    front_bands(config, front->spectrum, front->bands);
    // The DCT reads the bands for the last time when it folds them into the spectrum's memory (128 values at
    // most, and there are 128 at least), so the cepstra take their place.
    if (config->cepstra)
        front_cepstra(config, front->bands, front->spectrum, front->bands);
    front_normalise(front->bands, config->mean, config->inv_deviation, config->coefficients, row);
}

FRONT_COLD static uint32_t mix_values(uint32_t sum, const float *x, int count, int step) {
    for (int i = 0; i < count; i++)
        sum = front_mix(sum, x[i * step]);
    return sum;
}

// Every word of the tables counts; the norm's do not, since the host may set a norm later.
FRONT_COLD static uint32_t mix_tables(uint32_t sum, const stapes_front_config *config) {
    int n = config->fft_samples / 2, weights = 0;
    for (int i = 0; i < n / first_elements(n); i++)
        sum = (sum ^ config->order[i]) * 16777619u;
    for (int f = 0; f < config->filters; f++) {
        sum = (sum ^ ((uint32_t)config->mel_first[f] << 16 | config->mel_count[f])) * 16777619u;
        weights += config->mel_count[f];
    }
    sum = mix_values(sum, config->window, config->window_samples / 2 + 1, 1);
    sum = mix_values(sum, config->roots, n, 1);
    sum = mix_values(sum, config->mel_weights, weights, 1);
    if (config->cepstra)
        sum = mix_values(sum, config->dct, config->coefficients * ((config->filters + 1) / 2), 1);
    return sum;
}

FRONT_COLD uint32_t stapes_front_checksum(stapes_front *front) {
    const stapes_front_config *config = front->config;
    uint32_t state = 1, sum = mix_tables(2166136261u, config);
    for (int i = 0; i < config->window_samples; i++) {
        state = state * 1664525u + 1013904223u;
        front->history[i] = (int16_t)((int32_t)(state >> 16) - 32768);
    }
    // after each step, so that a wrong bit is not rounded away by the next
    front_fft(config, front->history, front->spectrum);
    front_power(config, front->spectrum);
    sum = mix_values(sum, front->spectrum + 2, config->fft_samples / 2 - 1, 2);
    front_bands(config, front->spectrum, front->bands);
    sum = mix_values(sum, front->bands, config->filters, 1);
    if (!config->cepstra)
        return sum;
    front_cepstra(config, front->bands, front->spectrum, front->bands);
    return mix_values(sum, front->bands, config->coefficients, 1);
}

void stapes_front_reset(stapes_front *front) {
    front->filled = 0;
}

// To an earlier place or to another memory. Sixteen at a time where these do not overlap, which processors
// with words copy as words.
static void copy_samples(int16_t *to, const int16_t *from, int count, int apart) {
    typedef struct some {
        int16_t sample[16];
    } some;
    for (; apart >= 16 && count >= 16; count -= 16, to += 16, from += 16)
        *(some *)to = *(const some *)from;
    for (; count > 0; count--)
        *to++ = *from++;
}

int stapes_front_push(stapes_front *front, const int16_t **samples, size_t *count, float *row) {
    int window = front->config->window_samples, hop = front->config->hop_samples;
    while (*count > 0) {
        int filled = front->filled, wanted = filled < 0 ? -filled : window - filled;
        int taken = *count < (size_t)wanted ? (int)*count : wanted;
        if (filled >= 0)
            copy_samples(front->history + filled, *samples, taken, taken);
        front->filled = (int16_t)(filled + taken);
        *samples += taken;
        *count -= (size_t)taken;
        if (front->filled < window)
            continue;
        stapes_front_frame(front, front->history, row);
        if (hop < window)
            copy_samples(front->history, front->history + hop, window - hop, hop);
        front->filled = (int16_t)(window - hop);
        return 1;
    }
    return 0;
}
