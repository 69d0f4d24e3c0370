#include "runtime/detect.h"

// 2^-(x / 2^16) times 2^16. The fraction by a parabola through its ends and its middle, within 0.4 %.
static uint32_t power_of_half(uint32_t x) {
    uint32_t whole = x >> 16, f = x & 0xffff;
    if (whole > 16)
        return 0;
    // 1 - f (0.6716 - 0.1716 f): 44013 and 11245 are these times 2^16
    uint32_t slope = 44013u - (11245u * f >> 16);
    return (65536u - (slope * (f >> 1) >> 15)) >> whole;
}

static uint32_t weight_of(int32_t below_best, uint32_t logit_step) {
    uint64_t x = (uint64_t)(uint32_t)below_best * logit_step;
    return power_of_half(x > 0x1fffff ? 0x1fffff : (uint32_t)x);
}

void stapes_posteriors(const int8_t *logits, int classes, uint32_t logit_step, uint8_t *posteriors) {
    int32_t best = logits[0];
    uint32_t total = 0;
    for (int i = 1; i < classes; i++)
        best = logits[i] > best ? logits[i] : best;
    for (int i = 0; i < classes; i++)
        total += weight_of(best - logits[i], logit_step) >> 1; // 65 535 classes of 2^15 fit
    for (int i = 0; i < classes; i++) {
        uint32_t part = weight_of(best - logits[i], logit_step) >> 1;
        posteriors[i] = (uint8_t)((part * STAPES_POSTERIOR_ONE + total / 2) / total);
    }
}

static int config_valid(const stapes_model *model, const stapes_detect_config *config) {
    return model && config && config->decisions >= 1 && config->decisions <= STAPES_MAX_SMOOTHING &&
           config->threshold >= 1;
}

size_t stapes_detect_bytes(const stapes_model *model, const stapes_detect_config *config) {
    if (!config_valid(model, config))
        return 0;
    return (size_t)model->map[model->output].c * (sizeof(uint16_t) + config->decisions);
}

stapes_status stapes_detect_init(stapes_detector *d, const stapes_model *model,
                                 const stapes_detect_config *config, void *memory, size_t bytes) {
    if (!config_valid(model, config) || model->logit_step == 0)
        return STAPES_ERR_MODEL;
    if (!memory || (uintptr_t)memory % sizeof(uint16_t) != 0 || bytes < stapes_detect_bytes(model, config))
        return STAPES_ERR_MEMORY;
    d->config = config;
    d->classes = model->map[model->output].c;
    d->logit_step = model->logit_step;
    d->sum = (uint16_t *)memory;
    d->posterior = (uint8_t *)(d->sum + d->classes);
    stapes_detect_reset(d);
    return STAPES_OK;
}

void stapes_detect_reset(stapes_detector *d) {
    d->next = d->filled = 0;
    d->pause_left = 0;
    for (int i = 0; i < d->classes; i++)
        d->sum[i] = 0;
}

// The oldest posteriors leave the sums, the newest come in.
static void smooth(stapes_detector *d, const int8_t *logits) {
    uint8_t *slot = d->posterior + (size_t)d->next * d->classes;
    if (d->filled == d->config->decisions)
        for (int i = 0; i < d->classes; i++)
            d->sum[i] = (uint16_t)(d->sum[i] - slot[i]);
    else
        d->filled++;
    stapes_posteriors(logits, d->classes, d->logit_step, slot);
    for (int i = 0; i < d->classes; i++)
        d->sum[i] = (uint16_t)(d->sum[i] + slot[i]);
    d->next = (uint8_t)(d->next + 1 == d->config->decisions ? 0 : d->next + 1);
}

int stapes_detect(stapes_detector *d, const int8_t *logits) {
    int best = -1;
    smooth(d, logits);
    if (d->pause_left > 0) {
        d->pause_left--;
        return -1;
    }
    if (d->filled < d->config->decisions)
        return -1;
    for (int i = 0; i < d->classes; i++)
        if (!(d->config->silent && d->config->silent[i]) && (best < 0 || d->sum[i] > d->sum[best]))
            best = i;
    if (best < 0 || d->sum[best] < (uint32_t)d->config->threshold * d->config->decisions)
        return -1;
    d->pause_left = d->config->pause;
    return best;
}
