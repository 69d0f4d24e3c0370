#include "export/golden_source.h"

#include "base/arena.h"
#include "export/c_array.h"

#include <string.h>

// Compiled here, and written out as it stands: one text, so that both are the same.
#define GOLDEN_SAMPLE                                                                                        \
    static int16_t golden_sample(uint32_t i) {                                                               \
        uint32_t phase = i * i * 40u, noise = (i * 2654435761u) ^ (i << 7);                                  \
        int32_t saw = (int32_t)(phase >> 16) - 32768;                                                        \
        int32_t wave = saw < 0 ? -16384 - saw : saw - 16384;                                                 \
        int32_t swell = (int32_t)(i & 4095u) - 2048;                                                         \
        int32_t level = swell < 0 ? -swell : swell;                                                          \
        return (int16_t)(wave * level / 2048 + (int32_t)(noise >> 24) - 128);                                \
    }
#define TEXT_OF(...) TEXT_OF_EXPANDED(__VA_ARGS__)
#define TEXT_OF_EXPANDED(...) #__VA_ARGS__

GOLDEN_SAMPLE

// Exactly as many samples as fill the network's input once.
static uint32_t samples_of(const stapes_model *m) {
    uint32_t frames = m->map[m->input].h;
    return (uint32_t)m->front->window_samples + (frames - 1) * (uint32_t)m->front->hop_samples;
}

static void run(stapes *s, int8_t *rows) {
    size_t row = s->model->map[s->model->input].w;
    for (uint32_t i = 0; i < samples_of(s->model); i++) {
        int16_t sample = golden_sample(i);
        const int16_t *at = &sample;
        size_t count = 1;
        if (stapes_push(s, &at, &count)) {
            memcpy(rows, stapes_row(s), row);
            rows += row;
        }
    }
    stapes_decide(s);
}

// The macro's text has lost its line ends.
static void put_code(stp_text *text, const char *code) {
    for (; *code; code++) {
        stp_text_printf(text, "%c", *code);
        if ((*code == ';' || *code == '{') && code[1] == ' ' && code[2] != '}')
            stp_text_puts(text, "\n   ");
        else if (*code == ';' && code[1] == ' ')
            stp_text_puts(text, "\n"), code++;
    }
    stp_text_puts(text, "\n\n");
}

static void put(stp_text *text, const stapes *s, const int8_t *rows) {
    const stapes_map *in = &s->model->map[s->model->input];
    stp_text_puts(text, "// A rising tone that swells, in a little noise, and what the host makes of it.\n"
                        "#ifndef GOLDEN_H\n#define GOLDEN_H\n\n#include <stdint.h>\n\n");
    stp_text_printf(text, "#define GOLDEN_SAMPLES %uu\n\n", (unsigned)samples_of(s->model));
    put_code(text, TEXT_OF(GOLDEN_SAMPLE));
    stp_c_i8(text, "golden_rows", rows, (size_t)in->h * in->w);
    stp_c_i8(text, "golden_logits", stapes_logits(s), (size_t)stapes_classes(s));
    stp_text_puts(text, "\n#endif\n");
}

stp_status stp_golden_source(stp_text *text, const stapes_model *m, stp_err *err) {
    stapes s;
    size_t stream_bytes = stapes_stream_bytes(m),
           rows_bytes = (size_t)m->map[m->input].h * m->map[m->input].w;
    void *arena = stp_alloc(m->arena_bytes), *stream = stp_alloc(stream_bytes);
    int8_t *rows = stp_alloc(rows_bytes);
    stp_status status = STP_OK;
    if (!arena || !stream || !rows)
        status = stp_err_memory(err, "golden vectors", m->arena_bytes + stream_bytes);
    else if (stapes_init(&s, m, arena, m->arena_bytes, stream, stream_bytes) != STAPES_OK)
        status = stp_err_set(err, STP_ERR_MISMATCH, "the device's own check refuses the model");
    if (status == STP_OK) {
        run(&s, rows);
        put(text, &s, rows);
    }
    stp_free(arena);
    stp_free(stream);
    stp_free(rows);
    return status;
}
