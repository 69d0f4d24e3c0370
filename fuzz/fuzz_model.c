// Broken models with right checksums: init refuses them, or they run without touching a byte outside their
// memory. The input is a list of changes, of three bytes each: where (two bytes), and the new byte.
#include "fuzz.h"

#include "../tests/small_model.h"

static small_model good, m;

// What a model file could hold: everything but pointers.
static void change(uint32_t at, uint8_t value) {
    struct {
        void *data;
        uint32_t bytes;
    } parts[] = {{m.op, sizeof m.op},
                 {m.map, sizeof m.map},
                 {m.shift, 40},
                 {m.bias, 4 * 24},
                 {m.multiplier, 4 * 24},
                 {&m.model.ops, 8}, // ops, maps, input, output
                 {&m.model.arena_bytes, 8},
                 {&m.model.weights, 8},
                 {&m.front.window_samples, 12},
                 {m.weight, 256}};
    uint32_t part = at % (sizeof parts / sizeof *parts);
    ((uint8_t *)parts[part].data)[at / 16 % parts[part].bytes] = value;
}

// Counts never promise more than there is: how much there is, only the compiler knows.
static void limit_counts(void) {
    m.model.ops = m.model.ops > SMALL_OPS ? SMALL_OPS : m.model.ops;
    m.model.maps = m.model.maps > SMALL_MAPS ? SMALL_MAPS : m.model.maps;
    m.model.weights = m.model.weights > SMALL_WEIGHTS ? SMALL_WEIGHTS : m.model.weights;
    m.model.channels = m.model.channels > SMALL_CHANNELS ? SMALL_CHANNELS : m.model.channels;
}

// Exact copies on the heap, so that a sanitizer sees one byte too far.
static void *exact(const void *from, size_t bytes) {
    void *copy = malloc(bytes ? bytes : 1);
    if (!copy)
        abort();
    return bytes ? memcpy(copy, from, bytes) : copy;
}

static void run(stapes *s) {
    int16_t samples[700];
    for (int i = 0; i < 700; i++)
        samples[i] = (int16_t)(i * 997);
    const int16_t *p = samples;
    size_t count = 700;
    stapes_invoke(s);
    while (stapes_push(s, &p, &count))
        stapes_decide(s);
}

static void try_model(void) {
    stapes s;
    const int8_t *weights = exact(m.weight, m.model.weights);
    m.model.constants.weights = weights;
    size_t stream_bytes = stapes_stream_bytes(&m.model);
    m.model.check = stapes_model_checksum(&m.model);
    void *arena = malloc(m.model.arena_bytes), *stream = malloc(stream_bytes);
    stapes_status status = stapes_init(&s, &m.model, arena, m.model.arena_bytes, stream, stream_bytes);
    // past everything that is checked without running
    if (status == STAPES_OK || status == STAPES_ERR_SELF_TEST)
        run(&s);
    free(arena);
    free(stream);
    free((void *)weights);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!good.arena && small_model_make(&good) != STAPES_OK)
        abort();
    m = good;
    m.model.op = m.op, m.model.map = m.map, m.model.kernel = m.kernel, m.model.front = &m.front;
    m.model.constants = (stapes_constants){m.weight, m.bias, m.multiplier, m.shift};
    for (; size >= 3; data += 3, size -= 3)
        change(data[0] | (uint32_t)data[1] << 8, data[2]);
    limit_counts();
    if (stapes_model_check(&m.model) == STAPES_OK)
        try_model();
    return 0;
}
