#include "runtime/runtime.h"

#include "runtime/checksum.h"

enum { ALIGNMENT = 8 };

static const stapes_map *input_of(const stapes_model *model) {
    return &model->map[model->input];
}

// --- init ---------------------------------------------------------------------------------------------

// The ring begins where the front-end's memory ends.
static size_t ring_bytes(const stapes_model *model) {
    return (size_t)input_of(model)->h * input_of(model)->w;
}

STAPES_COLD size_t stapes_stream_bytes(const stapes_model *model) {
    size_t front = stapes_front_memory_bytes(model->front);
    return front > 0 ? front + ring_bytes(model) : 0;
}

STAPES_COLD static int memory_valid(const void *memory, size_t bytes, size_t needed) {
    return needed == 0 || (memory && (uintptr_t)memory % ALIGNMENT == 0 && bytes >= needed);
}

STAPES_COLD static stapes_status init_front(stapes *s, void *stream) {
    const stapes_model *model = s->model;
    if (!model->front)
        return STAPES_OK;
    size_t bytes = stapes_front_memory_bytes(model->front);
    s->ring = (int8_t *)stream + bytes;
    return stapes_front_init(&s->front, model->front, stream, bytes) == STAPES_FRONT_OK ? STAPES_OK
                                                                                        : STAPES_ERR_FRONT;
}

STAPES_COLD stapes_status stapes_init(stapes *s, const stapes_model *model, void *arena, size_t arena_bytes,
                                      void *stream, size_t stream_bytes) {
    stapes_status status = stapes_model_check(model);
    if (status != STAPES_OK)
        return status;
    const stapes_front_config *front = model->front;
    if (front && (stapes_front_memory_bytes(front) == 0 || !front->mean || !front->inv_deviation))
        return STAPES_ERR_FRONT;
    if (stapes_model_checksum(model) != model->check)
        return STAPES_ERR_CHECKSUM;
    if (!memory_valid(arena, arena_bytes, model->arena_bytes) ||
        !memory_valid(stream, stream_bytes, stapes_stream_bytes(model)))
        return STAPES_ERR_MEMORY;
    s->model = model;
    s->arena = (int8_t *)arena;
    s->ring = NULL;
    s->next = s->rows = 0;
    status = init_front(s, stream);
    if (status != STAPES_OK)
        return status;
    return stapes_self_test(s) == model->self_test ? STAPES_OK : STAPES_ERR_SELF_TEST;
}

// --- inference ----------------------------------------------------------------------------------------

int8_t *stapes_input(stapes *s) {
    return s->arena + input_of(s->model)->offset;
}

void stapes_invoke_op(stapes *s, int op) {
    const stapes_model *model = s->model;
    model->kernel[model->op[op].kind](&model->op[op], model->map, &model->constants, s->arena,
                                      s->arena + model->scratch_offset);
}

void stapes_invoke(stapes *s) {
    for (int i = 0; i < s->model->ops; i++)
        stapes_invoke_op(s, i);
}

const int8_t *stapes_logits(const stapes *s) {
    return s->arena + s->model->map[s->model->output].offset;
}

int stapes_classes(const stapes *s) {
    return s->model->map[s->model->output].c;
}

int stapes_best(const stapes *s) {
    const int8_t *logits = stapes_logits(s);
    int best = 0;
    for (int i = 1; i < stapes_classes(s); i++)
        best = logits[i] > logits[best] ? i : best;
    return best;
}

// Every operation's result counts, pixel by pixel, so that a wrong bit is not rounded away by the next.
STAPES_COLD uint32_t stapes_self_test(stapes *s) {
    uint32_t state = 1, sum = STAPES_CHECKSUM_START;
    int8_t *input = stapes_input(s);
    for (size_t i = 0; i < ring_bytes(s->model); i++) {
        state = state * 1664525u + 1013904223u;
        input[i] = (int8_t)((int32_t)(state >> 24) - 128);
    }
    for (int i = 0; i < s->model->ops; i++) {
        const stapes_map *out = &s->model->map[s->model->op[i].out];
        const int8_t *pixel = s->arena + out->offset;
        stapes_invoke_op(s, i);
        for (int32_t n = (int32_t)out->h * out->w; n > 0; n--, pixel += out->pitch)
            sum = stapes_mix_bytes(sum, pixel, out->c);
    }
    return sum;
}

// --- a stream -----------------------------------------------------------------------------------------

// Adding 1.5 * 2^23 leaves the integer in the low bits, rounded by the addition itself: in the same way on
// every processor, without a library.
static int32_t round_to_even(float x) {
    union {
        float value;
        uint32_t bits;
    } u;
    x = x > 1000.0f ? 1000.0f : x;
    x = x < -1000.0f ? -1000.0f : x;
    u.value = x + 12582912.0f;
    return (int32_t)(u.bits - 0x4b400000u);
}

void stapes_quantize_row(const stapes_model *model, const float *features, int8_t *row) {
    const stapes_map *in = input_of(model);
    for (int i = 0; i < in->w; i++) {
        int32_t q = round_to_even(features[i] * model->feature_scale) + in->zero;
        q = q < -128 ? -128 : q;
        row[i] = (int8_t)(q > 127 ? 127 : q);
    }
}

int stapes_push(stapes *s, const int16_t **samples, size_t *count) {
    const stapes_map *in = input_of(s->model);
    float *features = s->front.bands; // which the front-end has no more use for when it writes the row
    if (!stapes_front_push(&s->front, samples, count, features))
        return 0;
    stapes_quantize_row(s->model, features, s->ring + (size_t)s->next * in->w);
    s->next = (uint16_t)(s->next + 1 == in->h ? 0 : s->next + 1);
    s->rows = (uint16_t)(s->rows < in->h ? s->rows + 1 : in->h);
    return 1;
}

const int8_t *stapes_row(const stapes *s) {
    const stapes_map *in = input_of(s->model);
    return s->ring + (size_t)(s->next == 0 ? in->h - 1 : s->next - 1) * in->w;
}

int stapes_decide(stapes *s) {
    const stapes_map *in = input_of(s->model);
    if (s->rows < in->h)
        return 0;
    int8_t *input = stapes_input(s);
    size_t total = ring_bytes(s->model), from = (size_t)s->next * in->w;
    for (size_t i = 0; i < total; i++) {
        input[i] = s->ring[from];
        from = from + 1 == total ? 0 : from + 1;
    }
    stapes_invoke(s);
    return 1;
}

void stapes_reset(stapes *s) {
    s->next = s->rows = 0;
    if (s->model->front)
        stapes_front_reset(&s->front);
}
