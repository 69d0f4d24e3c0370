#include "runtime/checksum.h"

#include "runtime/runtime.h"

STAPES_COLD uint32_t stapes_mix_bytes(uint32_t sum, const int8_t *bytes, size_t count) {
    const uint8_t *b = (const uint8_t *)bytes;
    for (; count >= 4; count -= 4, b += 4)
        sum = stapes_mix(sum, b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
    for (; count > 0; count--)
        sum = stapes_mix(sum, *b++);
    return sum;
}

STAPES_COLD static uint32_t mix_words(uint32_t sum, const int32_t *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        sum = stapes_mix(sum, (uint32_t)words[i]);
    return sum;
}

STAPES_COLD static uint32_t mix_float(uint32_t sum, float x) {
    union {
        float value;
        uint32_t bits;
    } u;
    u.value = x;
    return stapes_mix(sum, u.bits);
}

STAPES_COLD static uint32_t mix_op(uint32_t sum, const stapes_op *op) {
    const uint8_t shape[11] = {op->kind,
                               op->k_h,
                               op->k_w,
                               op->stride_h,
                               op->stride_w,
                               op->dilation,
                               (uint8_t)op->pad_top,
                               (uint8_t)op->pad_left,
                               (uint8_t)op->in_low,
                               (uint8_t)op->out_low,
                               (uint8_t)op->out_high};
    sum = stapes_mix_bytes(sum, (const int8_t *)shape, sizeof shape);
    sum = stapes_mix(sum, op->in | (uint32_t)op->out << 16);
    sum = stapes_mix(sum, op->second);
    return stapes_mix(stapes_mix(sum, op->weights), op->channel);
}

STAPES_COLD static uint32_t mix_map(uint32_t sum, const stapes_map *map) {
    sum = stapes_mix(sum, map->offset);
    sum = stapes_mix(sum, map->h | (uint32_t)map->w << 16);
    sum = stapes_mix(sum, map->c | (uint32_t)map->pitch << 16);
    return stapes_mix(sum, (uint8_t)map->zero);
}

// The tables have their own checksum, which is taken here; the norm is not part of that one.
STAPES_COLD static uint32_t mix_front(uint32_t sum, const stapes_front_config *front) {
    if (!front)
        return stapes_mix(sum, 0);
    sum = stapes_mix(sum, (uint16_t)front->window_samples | (uint32_t)(uint16_t)front->hop_samples << 16);
    sum = stapes_mix(sum, (uint16_t)front->fft_samples | (uint32_t)(uint16_t)front->filters << 16);
    sum = stapes_mix(sum, (uint16_t)front->coefficients | (uint32_t)(uint16_t)front->cepstra << 16);
    for (int i = 0; i < front->coefficients; i++)
        sum = mix_float(mix_float(sum, front->mean[i]), front->inv_deviation[i]);
    return stapes_mix(sum, front->check);
}

STAPES_COLD uint32_t stapes_model_checksum(const stapes_model *model) {
    const stapes_constants *k = &model->constants;
    uint32_t sum = stapes_mix(STAPES_CHECKSUM_START, model->version);
    sum = stapes_mix(sum, model->ops | (uint32_t)model->maps << 16);
    sum = stapes_mix(sum, model->input | (uint32_t)model->output << 16);
    sum = stapes_mix(stapes_mix(sum, model->weights), model->channels);
    sum = stapes_mix(stapes_mix(sum, model->arena_bytes), model->scratch_offset);
    sum = stapes_mix(mix_float(sum, model->feature_scale), model->logit_step);
    for (int i = 0; i < model->ops; i++)
        sum = mix_op(sum, &model->op[i]);
    for (int i = 0; i < model->maps; i++)
        sum = mix_map(sum, &model->map[i]);
    sum = stapes_mix_bytes(sum, k->weights, model->weights);
    sum = mix_words(sum, k->biases, model->channels);
    sum = mix_words(sum, k->multipliers, model->channels);
    sum = stapes_mix_bytes(sum, k->shifts, model->channels);
    return stapes_mix(mix_front(sum, model->front), model->self_test);
}
