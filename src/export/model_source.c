#include "export/model_source.h"

#include "export/c_array.h"
#include "export/front_source.h"
#include "quant/int8_net.h"

#include <string.h>

// --- model.h -------------------------------------------------------------------------------------------

static const stapes_map *input_of(const stapes_model *m) {
    return &m->map[m->input];
}

static int classes_of(const stapes_model *m) {
    return m->map[m->output].c;
}

void stp_model_header(stp_text *text, const stp_system_source *system) {
    const stapes_model *m = system->model;
    stp_text_printf(text, "// %s\n// Written by stapes; nothing here is to be changed by hand.\n",
                    system->title);
    stp_text_puts(text, "#ifndef MODEL_H\n#define MODEL_H\n\n#include \"runtime/runtime.h\"\n\n");
    stp_text_printf(text, "#define MODEL_RATE_HZ %d // of the samples\n", system->rate_hz);
    stp_text_printf(text, "#define MODEL_HOP_SAMPLES %d // a row of features each\n", m->front->hop_samples);
    stp_text_printf(text, "#define MODEL_FRAMES %d\n#define MODEL_COEFFICIENTS %d\n", input_of(m)->h,
                    input_of(m)->w);
    stp_text_printf(text, "#define MODEL_CLASSES %d\n", classes_of(m));
    stp_text_printf(text, "#define MODEL_ARENA_BYTES %u // of stapes_init; aligned to 8\n",
                    (unsigned)m->arena_bytes);
    stp_text_printf(text, "#define MODEL_STREAM_BYTES %zu // the same\n\n", stapes_stream_bytes(m));
    stp_text_puts(text,
                  "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
                  "extern const stapes_model model;\n"
                  "extern const char *const model_labels[MODEL_CLASSES];\n"
                  "extern const uint8_t model_silent[MODEL_CLASSES]; // 1: no word (unknown, silence)\n\n"
                  "#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}

// --- model.c -------------------------------------------------------------------------------------------

// Structs are written in the order of their members.
static void put_ops(stp_text *text, const stapes_model *m) {
    stp_text_printf(text, "static const stapes_op model_ops[%d] = {\n", m->ops);
    for (int i = 0; i < m->ops; i++) {
        const stapes_op *o = &m->op[i];
        stp_text_printf(text,
                        "    {%d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %uu, %uu}, // %s\n",
                        o->kind, o->k_h, o->k_w, o->stride_h, o->stride_w, o->dilation, o->pad_top,
                        o->pad_left, o->in_low, o->out_low, o->out_high, o->in, o->second, o->out,
                        (unsigned)o->weights, (unsigned)o->channel, stp_int8_kind_name(o->kind));
    }
    stp_text_puts(text, "};\n");
}

static void put_maps(stp_text *text, const stapes_model *m) {
    stp_text_printf(text, "static const stapes_map model_maps[%d] = {\n", m->maps);
    for (int i = 0; i < m->maps; i++) {
        const stapes_map *map = &m->map[i];
        stp_text_printf(text, "    {%uu, %d, %d, %d, %d, %d},\n", (unsigned)map->offset, map->h, map->w,
                        map->c, map->pitch, map->zero);
    }
    stp_text_puts(text, "};\n");
}

static void put_kernels(stp_text *text, const stapes_model *m) {
    stp_text_puts(text, "static const stapes_kernel model_kernels[STAPES_OP_KINDS] = {\n");
    for (int kind = 0; kind < STAPES_OP_KINDS; kind++) {
        int used = 0;
        for (int i = 0; i < m->ops; i++)
            used |= m->op[i].kind == kind;
        stp_text_printf(text, "    %s%s,\n", used ? "stapes_nn_" : "", used ? stp_int8_kind_name(kind) : "0");
    }
    stp_text_puts(text, "};\n");
}

// A C string; what is no plain ASCII becomes an octal escape, which no digit after it can lengthen.
static void put_string(stp_text *text, const char *string) {
    stp_text_puts(text, "\"");
    for (; *string; string++) {
        unsigned char c = (unsigned char)*string;
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '?')
            stp_text_printf(text, "\\%03o", c);
        else
            stp_text_printf(text, "%c", c);
    }
    stp_text_puts(text, "\"");
}

static void put_labels(stp_text *text, const stp_system_source *system) {
    int classes = classes_of(system->model);
    stp_text_puts(text, "const char *const model_labels[MODEL_CLASSES] = {\n");
    for (int c = 0; c < classes; c++) {
        stp_text_puts(text, "    ");
        put_string(text, system->labels[c]);
        stp_text_puts(text, ",\n");
    }
    stp_text_puts(text, "};\nconst uint8_t model_silent[MODEL_CLASSES] = {");
    for (int c = 0; c < classes; c++)
        stp_text_printf(text, "%s%d", c ? ", " : "",
                        strcmp(system->labels[c], "_unknown_") == 0 ||
                            strcmp(system->labels[c], "_silence_") == 0);
    stp_text_puts(text, "};\n");
}

static void put_model(stp_text *text, const stapes_model *m) {
    char scale[STP_C_FLOAT_BYTES];
    stp_c_float(scale, m->feature_scale);
    stp_text_printf(text, "const stapes_model model = {\n    %uu, %d, %d, %d, %d, model_ops, model_maps,\n",
                    (unsigned)m->version, m->ops, m->maps, m->input, m->output);
    stp_text_puts(text, "    {model_weights, model_biases, model_multipliers, model_shifts},\n");
    stp_text_printf(text, "    %uu, %uu, %uu, %uu, model_kernels, &model_front,\n", (unsigned)m->weights,
                    (unsigned)m->channels, (unsigned)m->arena_bytes, (unsigned)m->scratch_offset);
    stp_text_printf(text, "    %s, %uu, 0x%08xu, 0x%08xu\n};\n", scale, (unsigned)m->logit_step,
                    (unsigned)m->check, (unsigned)m->self_test);
}

void stp_model_source(stp_text *text, const stp_system_source *system) {
    const stapes_model *m = system->model;
    stp_text_printf(text, "// %s\n// Written by stapes; nothing here is to be changed by hand.\n",
                    system->title);
    stp_text_puts(text, "#include \"model.h\"\n\n");
    stp_front_source(text, m->front, "model_front");
    stp_c_i8(text, "model_weights", m->constants.weights, m->weights);
    stp_c_i32(text, "model_biases", m->constants.biases, m->channels);
    stp_c_i32(text, "model_multipliers", m->constants.multipliers, m->channels);
    stp_c_i8(text, "model_shifts", m->constants.shifts, m->channels);
    put_ops(text, m);
    put_maps(text, m);
    put_kernels(text, m);
    put_labels(text, system);
    put_model(text, m);
}
