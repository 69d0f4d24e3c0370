#include "emulate/host_answers.h"

#include "base/arena.h"
#include "runtime/checksum.h"

#include <string.h>

static size_t rows_bytes(const stapes_model *m) {
    return (size_t)m->map[m->input].h * m->map[m->input].w;
}

size_t stp_answer_bytes(const stapes_model *m) {
    return rows_bytes(m) + sizeof(uint32_t) * m->ops + m->map[m->output].c;
}

// Returns the rows that the clip gave.
static int hear(stapes *s, const int16_t *clip, int samples, uint8_t *rows) {
    const stapes_map *in = &s->model->map[s->model->input];
    size_t count = (size_t)samples;
    int row = 0;
    while (stapes_push(s, &clip, &count)) {
        if (row < in->h)
            memcpy(rows + (size_t)row * in->w, stapes_row(s), in->w);
        row++;
    }
    return row;
}

static void look_inside(stapes *s, const uint8_t *rows, uint8_t *sums) {
    const stapes_model *m = s->model;
    memcpy(stapes_input(s), rows, rows_bytes(m));
    for (int i = 0; i < m->ops; i++, sums += sizeof(uint32_t)) {
        const stapes_map *map = &m->map[m->op[i].out];
        const int8_t *pixel = s->arena + map->offset;
        uint32_t sum = STAPES_CHECKSUM_START;
        stapes_invoke_op(s, i);
        for (int32_t n = (int32_t)map->h * map->w; n > 0; n--, pixel += map->pitch)
            sum = stapes_mix_bytes(sum, pixel, map->c);
        memcpy(sums, &sum, sizeof sum);
    }
}

static int answer(stapes *s, const int16_t *clip, int samples, uint8_t *to) {
    const stapes_model *m = s->model;
    stapes_reset(s);
    if (hear(s, clip, samples, to) < m->map[m->input].h)
        return 0;
    look_inside(s, to, to + rows_bytes(m));
    stapes_decide(s);
    memcpy(to + rows_bytes(m) + sizeof(uint32_t) * m->ops, stapes_logits(s), (size_t)stapes_classes(s));
    return 1;
}

stp_status stp_host_answers(const stapes_model *m, const int16_t *clips, int count, int clip_samples,
                            uint8_t *answers, stp_err *err) {
    stapes s;
    size_t stream_bytes = stapes_stream_bytes(m);
    void *arena = stp_alloc(m->arena_bytes), *stream = stp_alloc(stream_bytes);
    stp_status status = STP_OK;
    if (!arena || !stream)
        status = stp_err_memory(err, "a device's memory", m->arena_bytes + stream_bytes);
    else if (stapes_init(&s, m, arena, m->arena_bytes, stream, stream_bytes) != STAPES_OK)
        status = stp_err_set(err, STP_ERR_MISMATCH, "the device's own check refuses the model");
    for (int i = 0; status == STP_OK && i < count; i++)
        if (!answer(&s, clips + (size_t)i * (size_t)clip_samples, clip_samples,
                    answers + (size_t)i * stp_answer_bytes(m)))
            status =
                stp_err_set(err, STP_ERR_MISMATCH,
                            "a clip of %d samples is shorter than what the network looks at", clip_samples);
    stp_free(arena);
    stp_free(stream);
    return status;
}
