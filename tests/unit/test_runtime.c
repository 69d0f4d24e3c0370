// The runtime on a model made by hand: whole clips, streams, decisions; and that init refuses every kind of
// broken model.
#include "small_model.h"
#include "testing.h"

#include <math.h>

enum { SAMPLES = 4000, FRAMES = 12, COEFFICIENTS = 8 };

typedef struct system_state {
    small_model m;
    stapes s;
    uint64_t arena[512], stream[512];
} system_state;

static int setup(void **state) {
    system_state *x = calloc(1, sizeof *x);
    *state = x;
    if (!x || small_model_make(&x->m) != STAPES_OK)
        return 1;
    return stapes_init(&x->s, &x->m.model, x->arena, sizeof x->arena, x->stream, sizeof x->stream) !=
           STAPES_OK;
}

static int teardown(void **state) {
    system_state *x = *state;
    small_model_free(&x->m);
    free(x);
    return 0;
}

static void make_samples(int16_t *samples) {
    uint32_t state = 3;
    for (int i = 0; i < SAMPLES; i++)
        samples[i] = (int16_t)(small_random(&state) % 20000 - 10000);
}

static stapes_status init(system_state *x) {
    return stapes_init(&x->s, &x->m.model, x->arena, sizeof x->arena, x->stream, sizeof x->stream);
}

// A changed model with a right checksum: only what is checked for itself is left to refuse it.
static stapes_status init_resealed(system_state *x) {
    if (stapes_model_check(&x->m.model) == STAPES_OK)
        x->m.model.check = stapes_model_checksum(&x->m.model);
    return init(x);
}

static void test_whole_clip(void **state) {
    system_state *x = *state;
    int8_t first[SMALL_CLASSES], *input = stapes_input(&x->s);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < FRAMES * COEFFICIENTS; i++)
            input[i] = (int8_t)(i * 5 - 128);
        if (round == 0)
            stapes_invoke(&x->s);
        else
            for (int i = 0; i < SMALL_OPS; i++)
                stapes_invoke_op(&x->s, i);
        if (round == 0)
            memcpy(first, stapes_logits(&x->s), sizeof first);
    }
    assert_memory_equal(first, stapes_logits(&x->s), sizeof first);
    assert_int_equal(stapes_classes(&x->s), SMALL_CLASSES);
    int best = stapes_best(&x->s), differ = 0;
    for (int i = 0; i < SMALL_CLASSES; i++) {
        assert_true(first[i] < first[best] || (first[i] == first[best] && i >= best));
        differ |= first[i] != first[0];
    }
    assert_true(differ);
}

static void test_quantize(void **state) {
    system_state *x = *state;
    const float scale = x->m.model.feature_scale;
    uint32_t random = 1;
    for (int round = 0; round < 1000; round++) {
        float features[COEFFICIENTS];
        int8_t row[COEFFICIENTS];
        for (int i = 0; i < COEFFICIENTS; i++)
            features[i] = ((float)small_random(&random) * 0x1p-24f - 0.5f) * 12;
        features[0] = 2.5f / scale, features[1] = -1e30f, features[2] = 1e30f;
        stapes_quantize_row(&x->m.model, features, row);
        for (int i = 0; i < COEFFICIENTS; i++) {
            double expected = nearbyint((double)(features[i] * scale)) + x->m.map[0].zero;
            assert_int_equal(row[i], (int)fmax(-128, fmin(127, expected)));
        }
    }
}

// Rows of a stream are those of the front-end, and a decision is that of a clip of its last rows.
static void test_stream(void **state) {
    system_state *x = *state;
    int16_t samples[SAMPLES];
    int8_t rows[64][COEFFICIENTS];
    make_samples(samples);
    for (int round = 0; round < 2; round++) {
        int count = 0, decisions = 0;
        for (size_t at = 0; at < SAMPLES;) {
            size_t piece = at + 77 > SAMPLES ? SAMPLES - at : 77;
            const int16_t *p = samples + at;
            at += piece;
            while (stapes_push(&x->s, &p, &piece)) {
                memcpy(rows[count++], stapes_row(&x->s), COEFFICIENTS);
                assert_int_equal(stapes_decide(&x->s), count >= FRAMES);
                if (count < FRAMES)
                    continue;
                int8_t logits[SMALL_CLASSES];
                memcpy(logits, stapes_logits(&x->s), sizeof logits);
                memcpy(stapes_input(&x->s), rows[count - FRAMES], FRAMES * COEFFICIENTS);
                stapes_invoke(&x->s);
                assert_memory_equal(logits, stapes_logits(&x->s), sizeof logits);
                decisions++;
            }
        }
        assert_int_equal(count, 1 + (SAMPLES - 256) / 128);
        assert_int_equal(decisions, count - FRAMES + 1);
        stapes_reset(&x->s);
    }
    uint64_t memory[512];
    float features[16];
    stapes_front front;
    assert_int_equal(stapes_front_init(&front, &x->m.front, memory, sizeof memory), STAPES_FRONT_OK);
    stapes_front_frame(&front, samples + 3 * 128, features);
    int8_t row[COEFFICIENTS];
    stapes_quantize_row(&x->m.model, features, row);
    assert_memory_equal(row, rows[3], COEFFICIENTS);
}

static void test_without_front(void **state) {
    system_state *x = *state;
    x->m.model.front = NULL;
    assert_int_equal(stapes_stream_bytes(&x->m.model), 0);
    x->m.model.check = stapes_model_checksum(&x->m.model);
    assert_int_equal(stapes_init(&x->s, &x->m.model, x->arena, sizeof x->arena, NULL, 0), STAPES_OK);
    stapes_invoke(&x->s);
    stapes_reset(&x->s);
}

static void test_memory_refused(void **state) {
    system_state *x = *state;
    const stapes_model *m = &x->m.model;
    size_t stream = stapes_stream_bytes(m);
    assert_int_equal(stream, stapes_front_memory_bytes(&x->m.front) + FRAMES * COEFFICIENTS);
    char *arena = (char *)x->arena, *memory = (char *)x->stream;
    assert_int_equal(stapes_init(&x->s, m, arena, m->arena_bytes, memory, stream), STAPES_OK);
    assert_int_equal(stapes_init(&x->s, m, arena, m->arena_bytes - 1, memory, stream), STAPES_ERR_MEMORY);
    assert_int_equal(stapes_init(&x->s, m, arena, m->arena_bytes, memory, stream - 1), STAPES_ERR_MEMORY);
    assert_int_equal(stapes_init(&x->s, m, arena + 4, m->arena_bytes, memory, stream), STAPES_ERR_MEMORY);
    assert_int_equal(stapes_init(&x->s, m, arena, m->arena_bytes, memory + 4, stream), STAPES_ERR_MEMORY);
    assert_int_equal(stapes_init(&x->s, m, NULL, m->arena_bytes, memory, stream), STAPES_ERR_MEMORY);
    assert_int_equal(stapes_init(&x->s, m, arena, m->arena_bytes, NULL, stream), STAPES_ERR_MEMORY);
}

// A changed bit anywhere in the constant data is found.
static void test_checksum(void **state) {
    system_state *x = *state;
#define FOUND(place, change)                                                                                 \
    do {                                                                                                     \
        (place) ^= (change);                                                                                 \
        assert_int_equal(init(x), STAPES_ERR_CHECKSUM);                                                      \
        (place) ^= (change);                                                                                 \
    } while (0)
    for (uint32_t i = 0; i < x->m.model.weights; i++)
        if ((int8_t)(x->m.weight[i] ^ 1 << i % 8) != -128) // refused for itself
            FOUND(x->m.weight[i], 1 << i % 8);
    for (uint32_t i = 0; i < x->m.model.channels; i++) {
        FOUND(x->m.bias[i], 1 << i % 16);
        FOUND(x->m.multiplier[i], 1 << i % 30);
    }
    FOUND(x->m.shift[4], 1);
    FOUND(x->m.map[2].zero, 1);
    FOUND(x->m.op[1].pad_left, 1);
    FOUND(x->m.op[1].in_low, 1);
    FOUND(x->m.op[4].out_low, 1);
    FOUND(x->m.model.logit_step, 1);
    FOUND(x->m.front.check, 1);
    assert_int_equal(init(x), STAPES_OK);
    x->m.model.feature_scale = nextafterf(x->m.model.feature_scale, 0);
    assert_int_equal(init(x), STAPES_ERR_CHECKSUM);
}

static void test_self_test(void **state) {
    system_state *x = *state;
    x->m.model.self_test ^= 1;
    assert_int_equal(init_resealed(x), STAPES_ERR_SELF_TEST);
    x->m.model.self_test ^= 1;
    x->m.kernel[STAPES_MAX_POOL] = stapes_nn_average_pool; // computes something else
    assert_int_equal(init_resealed(x), STAPES_ERR_SELF_TEST);
    x->m.kernel[STAPES_MAX_POOL] = NULL;
    assert_int_equal(init(x), STAPES_ERR_KERNEL);
}

static void test_front_refused(void **state) {
    system_state *x = *state;
    float window[256];
    memcpy(window, x->m.front.window, sizeof window);
    window[100] = nextafterf(window[100], 0);
    x->m.front.window = window;
    assert_int_equal(init(x), STAPES_ERR_FRONT);
    x->m.front.mean = NULL;
    assert_int_equal(init(x), STAPES_ERR_FRONT);
    x->m.front.fft_samples = 0;
    assert_int_equal(init(x), STAPES_ERR_FRONT);
}

// Each kind of broken model, with a right checksum.
static void test_broken(void **state) {
    system_state *x = *state;
    small_model good = x->m, *m = &x->m;
#define REFUSED(change, status)                                                                              \
    do {                                                                                                     \
        change;                                                                                              \
        if (init_resealed(x) != (status))                                                                    \
            fail_msg("%s: status %d", #change, init_resealed(x));                                            \
        x->m = good;                                                                                         \
    } while (0)
    REFUSED(m->model.version++, STAPES_ERR_VERSION);
    REFUSED(m->model.ops = 0, STAPES_ERR_MODEL);
    REFUSED(m->model.op = NULL, STAPES_ERR_MODEL);
    REFUSED(m->model.map = NULL, STAPES_ERR_MODEL);
    REFUSED(m->model.kernel = NULL, STAPES_ERR_MODEL);
    REFUSED(m->model.constants.weights = NULL, STAPES_ERR_MODEL);
    REFUSED(m->model.constants.shifts = NULL, STAPES_ERR_MODEL);
    REFUSED(m->model.input = SMALL_MAPS, STAPES_ERR_MODEL);
    REFUSED(m->model.output = SMALL_MAPS, STAPES_ERR_MODEL);
    REFUSED(m->model.output = 1, STAPES_ERR_MODEL); // no vector
    REFUSED(m->model.input = 1, STAPES_ERR_MODEL);  // not what the front-end makes
    REFUSED(m->model.arena_bytes = 1000, STAPES_ERR_MODEL);
    REFUSED(m->model.arena_bytes = 1u << 25, STAPES_ERR_MODEL);
    REFUSED(m->model.scratch_offset = 1057, STAPES_ERR_MODEL); // not aligned
    REFUSED(m->model.scratch_offset = 3000, STAPES_ERR_MODEL); // ends outside
    REFUSED(m->model.scratch_offset = 4000, STAPES_ERR_MODEL); // begins outside
    REFUSED(m->model.scratch_offset = 0, STAPES_ERR_MODEL);    // over maps
    REFUSED(m->model.weights -= 1, STAPES_ERR_MODEL);
    REFUSED(m->model.channels -= 1, STAPES_ERR_MODEL);
    REFUSED(m->map[2].offset = 3000, STAPES_ERR_MODEL);
    REFUSED(m->map[2].offset = 0xffffff00u, STAPES_ERR_MODEL);
    REFUSED(m->map[2].h = 0, STAPES_ERR_MODEL);
    REFUSED(m->map[2].w = 60000, STAPES_ERR_MODEL);
    REFUSED(m->map[2].pitch = 7, STAPES_ERR_MODEL);
    REFUSED(m->map[2].offset = 100, STAPES_ERR_MODEL); // over its input
    REFUSED(m->map[7].offset += 1, STAPES_ERR_MODEL);  // neither in place nor apart
    REFUSED(m->op[0].kind = STAPES_OP_KINDS, STAPES_ERR_MODEL);
    REFUSED(m->op[0].in = SMALL_MAPS, STAPES_ERR_MODEL);
    REFUSED(m->op[0].out = SMALL_MAPS, STAPES_ERR_MODEL);
    REFUSED(m->op[0].out = 0, STAPES_ERR_MODEL); // in place
    REFUSED(m->op[0].weights = SMALL_WEIGHTS, STAPES_ERR_MODEL);
    REFUSED(m->op[0].weights = 0xfffffff0u, STAPES_ERR_MODEL);
    REFUSED(m->op[0].channel = SMALL_CHANNELS, STAPES_ERR_MODEL);
    REFUSED(m->op[0].k_h = 0, STAPES_ERR_MODEL);
    REFUSED(m->op[0].stride_w = 0, STAPES_ERR_MODEL);
    REFUSED(m->op[0].dilation = 0, STAPES_ERR_MODEL);
    REFUSED(m->op[0].dilation = 200, STAPES_ERR_MODEL);
    REFUSED(m->op[0].pad_top = -2, STAPES_ERR_MODEL);
    REFUSED(m->op[0].pad_top = 3, STAPES_ERR_MODEL);
    REFUSED(m->op[0].in_low = 4, STAPES_ERR_MODEL); // above zero
    REFUSED((m->op[0].out_low = 1, m->op[0].out_high = 0), STAPES_ERR_MODEL);
    REFUSED(m->op[0].stride_h = 255, STAPES_ERR_MODEL); // far behind the map
    REFUSED(m->op[3].dilation = 2, STAPES_ERR_MODEL);
    REFUSED(m->op[3].stride_h = 2, STAPES_ERR_MODEL); // a pool that sees nothing
    REFUSED(m->op[5].second = SMALL_MAPS, STAPES_ERR_MODEL);
    REFUSED(m->op[5].second = 0, STAPES_ERR_MODEL); // of another size
    REFUSED(m->op[7].in = 3, STAPES_ERR_MODEL);     // with gaps
    REFUSED(m->shift[0] = -32, STAPES_ERR_MODEL);
    REFUSED(m->shift[0] = 30, STAPES_ERR_MODEL);
    REFUSED(m->shift[0] = 14, STAPES_ERR_MODEL); // a sum may pass 2^30
    REFUSED(m->bias[0] = INT32_MAX, STAPES_ERR_MODEL);
    REFUSED(m->bias[0] = INT32_MIN, STAPES_ERR_MODEL);
    REFUSED(m->multiplier[0] = -1, STAPES_ERR_MODEL);
    REFUSED(m->weight[0] = -128, STAPES_ERR_MODEL);
    REFUSED(m->weight[m->model.weights - 1] = -128, STAPES_ERR_MODEL);
    REFUSED(m->shift[m->op[5].channel] = 1, STAPES_ERR_MODEL);
    assert_int_equal(init_resealed(x), STAPES_OK);
    assert_int_equal(stapes_model_check(NULL), STAPES_ERR_VERSION);
}

// The second row of results lies in the padding, behind a map of one long row. With one byte more from pixel
// to pixel, where its taps would be no longer fits 32 bits.
static void test_far_padding(void **state) {
    const stapes_kernel kernels[STAPES_OP_KINDS] = {
        [STAPES_CONV] = stapes_nn_conv, [STAPES_DEPTHWISE] = stapes_nn_depthwise};
    const stapes_op_kind kinds[] = {STAPES_CONV, STAPES_DEPTHWISE};
    int8_t *arena = calloc(1, 1 << 23);
    (void)state;
    assert_non_null(arena);
    for (int i = 0; i < 2; i++) {
        const int8_t weight = 100, shift = 0;
        const int32_t bias = 0, multiplier = INT32_MAX;
        stapes_op op = {kinds[i], 1, 1, 255, 1, 1, 0, 0, -128, -128, 127, 1, 0, 2, 0, 0};
        stapes_map map[] = {{0, 1, 1, 1, 1, 0}, {4, 1, 65535, 1, 64, 1}, {1 << 22, 2, 65535, 1, 1, 0}};
        const stapes_model m = {.version = STAPES_MODEL_VERSION,
                                .ops = 1,
                                .maps = 3,
                                .op = &op,
                                .map = map,
                                .kernel = kernels,
                                .constants = {&weight, &bias, &multiplier, &shift},
                                .weights = 1,
                                .channels = 1,
                                .arena_bytes = 1 << 23,
                                .scratch_offset = 5 << 20};
        assert_int_equal(stapes_model_check(&m), STAPES_OK);
        memset(arena + map[2].offset, 0, 2 * 65535);
        kernels[op.kind](&op, map, &m.constants, arena, arena + m.scratch_offset);
        for (int j = 0; j < 65535; j++) {
            assert_int_equal(arena[map[2].offset + (uint32_t)j], 0);
            assert_int_equal(arena[map[2].offset + 65535 + (uint32_t)j], 100); // of the map's zero, 1
        }
        map[1].pitch = 65;
        assert_int_equal(stapes_model_check(&m), STAPES_ERR_MODEL);
    }
    free(arena);
}

int main(void) {
#define RUN(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        RUN(test_whole_clip),     RUN(test_quantize),
        RUN(test_stream),         RUN(test_without_front),
        RUN(test_memory_refused), RUN(test_checksum),
        RUN(test_self_test),      RUN(test_front_refused),
        RUN(test_broken),         cmocka_unit_test(test_far_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
