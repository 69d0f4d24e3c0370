// A model made by hand with every kind of operation, a concatenation, an add in place and a front-end: what
// the tests of the runtime run, break and send to emulated processors. Its weights are noise.
#ifndef STP_TESTS_SMALL_MODEL_H
#define STP_TESTS_SMALL_MODEL_H

#include "frontend/front_tables.h"
#include "runtime/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL_OPS = 8, SMALL_MAPS = 10, SMALL_WEIGHTS = 1024, SMALL_CHANNELS = 96, SMALL_CLASSES = 5 };

typedef struct small_model {
    stapes_model model;
    stapes_op op[SMALL_OPS];
    stapes_map map[SMALL_MAPS];
    int8_t weight[SMALL_WEIGHTS], shift[SMALL_CHANNELS];
    int32_t bias[SMALL_CHANNELS], multiplier[SMALL_CHANNELS];
    stapes_kernel kernel[STAPES_OP_KINDS];
    stapes_front_config front;
    stp_arena *arena; // of the front-end's tables
} small_model;

static inline uint32_t small_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

// Weights and channels are taken in the order of the operations.
static inline void small_add(small_model *m, stapes_op op, uint32_t weights, uint32_t channels) {
    op.weights = m->model.weights;
    op.channel = m->model.channels;
    m->model.weights += weights;
    m->model.channels += channels;
    m->op[m->model.ops++] = op;
}

static inline void small_maps(small_model *m) {
    const stapes_map maps[SMALL_MAPS] = {
        {0, 12, 8, 1, 1, 3},                             // 0: features
        {96, 6, 4, 8, 8, -5},                            // 1: convolution
        {288, 6, 4, 8, 8, 7},                            // 2: depthwise
        {480, 6, 4, 8, 16, -128},                        // 3: pointwise, first half of 5
        {488, 6, 4, 8, 16, -128},                        // 4: pool, second half of 5
        {480, 6, 4, 16, 16, -128}, {864, 6, 4, 8, 8, 0}, // 6: pointwise
        {864, 6, 4, 8, 8, 10},                           // 7: 6 plus 1, in place
        {0, 1, 1, 8, 8, 10},                             // 8: mean
        {8, 1, 1, 5, 5, 1},                              // 9: logits
    };
    memcpy(m->map, maps, sizeof maps);
    m->model.maps = SMALL_MAPS;
    m->model.arena_bytes = 3056;
    m->model.scratch_offset = 1056;
}

static inline void small_ops(small_model *m) {
    small_add(m, (stapes_op){STAPES_CONV, 3, 3, 2, 2, 1, 0, 0, -128, -5, 127, 0, 0, 1, 0, 0}, 72, 8);
    small_add(m, (stapes_op){STAPES_DEPTHWISE, 3, 3, 1, 1, 2, 2, 2, -128, 7, 127, 1, 0, 2, 0, 0}, 72, 8);
    small_add(m, (stapes_op){STAPES_POINTWISE, 1, 1, 1, 1, 1, 0, 0, 0, -128, 127, 2, 0, 3, 0, 0}, 64, 8);
    small_add(m, (stapes_op){STAPES_MAX_POOL, 3, 3, 1, 1, 1, 1, 1, -128, -128, 127, 1, 0, 4, 0, 0}, 0, 0);
    small_add(m, (stapes_op){STAPES_POINTWISE, 1, 1, 1, 1, 1, 0, 0, -128, -128, 127, 5, 0, 6, 0, 0}, 128, 8);
    small_add(m, (stapes_op){STAPES_ADD, 1, 1, 1, 1, 1, 0, 0, -128, -128, 127, 6, 1, 7, 0, 0}, 0, 3);
    small_add(m, (stapes_op){STAPES_AVERAGE_POOL, 6, 4, 1, 1, 1, 0, 0, -128, -128, 127, 7, 0, 8, 0, 0}, 0, 0);
    small_add(m, (stapes_op){STAPES_FULLY_CONNECTED, 1, 1, 1, 1, 1, 0, 0, -128, -128, 127, 8, 0, 9, 0, 0}, 40,
              5);
    m->model.input = 0;
    m->model.output = 9;
}

static inline void small_constants(small_model *m) {
    uint32_t state = 7;
    for (int i = 0; i < SMALL_WEIGHTS; i++)
        m->weight[i] = (int8_t)(small_random(&state) % 255 - 127);
    for (int i = 0; i < SMALL_CHANNELS; i++) {
        m->bias[i] = (int32_t)(small_random(&state) % 4001) - 2000;
        m->multiplier[i] = (int32_t)(1u << 30 | small_random(&state) << 6);
        m->shift[i] = -8;
    }
    for (uint32_t i = 0; i < 3; i++) // of the add: halves, and what brings 2^20 back
        m->shift[m->op[5].channel + i] = i < 2 ? 0 : -19;
    m->model.constants = (stapes_constants){m->weight, m->bias, m->multiplier, m->shift};
}

static inline void small_kernels(small_model *m) {
    const stapes_kernel kernels[STAPES_OP_KINDS] = {
        [STAPES_CONV] = stapes_nn_conv,
        [STAPES_POINTWISE] = stapes_nn_pointwise,
        [STAPES_DEPTHWISE] = stapes_nn_depthwise,
        [STAPES_MAX_POOL] = stapes_nn_max_pool,
        [STAPES_AVERAGE_POOL] = stapes_nn_average_pool,
        [STAPES_ADD] = stapes_nn_add,
        [STAPES_FULLY_CONNECTED] = stapes_nn_fully_connected,
    };
    memcpy(m->kernel, kernels, sizeof kernels);
}

static inline int small_front(small_model *m) {
    stp_front_spec spec;
    stp_err err;
    m->arena = stp_arena_create();
    if (!m->arena || stp_front_spec_parse(&spec, "256/128/16:8", "mfcc", 16000, 20, 7600, &err) != STP_OK ||
        stp_front_tables_make(&m->front, &spec, m->arena, &err) != STP_OK)
        return 0;
    float *mean = stp_arena_alloc(m->arena, 8 * sizeof(float)),
          *inv = stp_arena_alloc(m->arena, 8 * sizeof(float));
    if (!mean || !inv)
        return 0;
    for (int i = 0; i < 8; i++) {
        mean[i] = i ? 0.5f : -20.0f;
        inv[i] = 0.25f + 0.05f * (float)i;
    }
    m->front.mean = mean;
    m->front.inv_deviation = inv;
    return 1;
}

// Sets check and self_test, with memory of its own; the status of the last init.
static inline stapes_status small_seal(small_model *m) {
    stapes s;
    size_t stream_bytes = stapes_stream_bytes(&m->model);
    void *arena = malloc(m->model.arena_bytes), *stream = malloc(stream_bytes);
    m->model.check = stapes_model_checksum(&m->model);
    stapes_status status = stapes_init(&s, &m->model, arena, m->model.arena_bytes, stream, stream_bytes);
    if (status == STAPES_ERR_SELF_TEST) {
        m->model.self_test = stapes_self_test(&s);
        m->model.check = stapes_model_checksum(&m->model);
        status = stapes_init(&s, &m->model, arena, m->model.arena_bytes, stream, stream_bytes);
    }
    free(arena);
    free(stream);
    return status;
}

// Fills *m, which must stay where it is. Free with small_model_free.
static inline stapes_status small_model_make(small_model *m) {
    memset(m, 0, sizeof *m);
    m->model.version = STAPES_MODEL_VERSION;
    small_maps(m);
    small_ops(m);
    small_constants(m);
    small_kernels(m);
    m->model.op = m->op;
    m->model.map = m->map;
    m->model.kernel = m->kernel;
    m->model.feature_scale = 25.5f;
    m->model.logit_step = 4000;
    if (!small_front(m))
        return STAPES_ERR_FRONT;
    m->model.front = &m->front;
    return small_seal(m);
}

static inline void small_model_free(small_model *m) {
    stp_arena_destroy(m->arena);
}

#endif
