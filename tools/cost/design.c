// What is measured for the table of costs: operations drawn at random over the sizes that networks have, and
// front-ends over all windows.   design FOLDER
// Writes FOLDER/ops and FOLDER/fronts (problem.h), and FOLDER/system, an exported network with every kind of
// operation, whose map tells what code takes in flash; FOLDER/clip is what it hears.
#include "base/file.h"
#include "base/rng.h"
#include "export/firmware.h"
#include "frontend/front_bank.h"
#include "frontend/front_tables.h"
#include "model/model.h"
#include "problem.h"
#include "quant/device_model.h"
#include "quant/lower.h"
#include "quant/quantise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWN = 100, MOST_MACS = 400000, CLIP_SAMPLES = 4000 };

static void must(stp_status status, const stp_err *err) {
    if (status == STP_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static void write_file(const char *folder, const char *name, const void *data, size_t bytes) {
    char path[STP_PATH_BYTES];
    stp_err err;
    must(stp_path_join(path, folder, name, &err), &err);
    must(stp_file_write(path, data, bytes, &err), &err);
}

// --- operations --------------------------------------------------------------------------------------------

static int between(stp_rng *rng, int low, int high) {
    return low + (int)stp_rng_below(rng, (uint64_t)(high - low + 1));
}

static int one_in(stp_rng *rng, int n) {
    return stp_rng_below(rng, (uint64_t)n) == 0;
}

// As many small ones as large ones.
static int spread(stp_rng *rng, int low, int high) {
    double u = stp_rng_uniform(rng);
    return (int)round(low * pow((double)high / low, u));
}

static int channels_of(stp_rng *rng, int most) {
    int c = spread(rng, 1, most);
    return one_in(rng, 3) ? c : (c + 3) / 4 * 4;
}

static int pad_of(int length, int outs, int reach, int stride) {
    int total = (outs - 1) * stride + reach - length;
    return total > 0 ? total / 2 : 0;
}

static void draw_window(stp_rng *rng, problem_op *p) {
    stapes_op *op = &p->op;
    int conv = op->kind == STAPES_CONV, depthwise = op->kind == STAPES_DEPTHWISE;
    op->k_h = op->k_w = (uint8_t)(one_in(rng, 2) ? 3 : depthwise ? 5 : between(rng, 1, 5));
    op->stride_h = op->stride_w = (uint8_t)between(rng, 1, 2);
    if (op->stride_h == 1 && (conv || depthwise) && one_in(rng, 2))
        op->dilation = 2;
    if (one_in(rng, 4)) {
        op->k_h = (uint8_t)between(rng, 1, 10);
        op->k_w = (uint8_t)between(rng, 1, 6);
    }
}

// As a stem, as half of a factorised reduction, or any.
static void draw_conv(stp_rng *rng, problem_op *p, int number) {
    stapes_map *in = &p->map[0];
    draw_window(rng, p);
    if (number % 3 == 0) {
        in->c = 1;
        p->op.dilation = 1;
    } else if (number % 3 == 1) {
        p->op.k_h = p->op.k_w = p->op.dilation = 1;
        p->op.stride_h = p->op.stride_w = 2;
    }
}

static void draw_average(stp_rng *rng, problem_op *p) {
    if (!one_in(rng, 3))
        return;
    p->op.k_h = (uint8_t)p->map[0].h; // over the whole map
    p->op.k_w = (uint8_t)p->map[0].w;
    p->op.stride_h = p->op.k_h;
    p->op.stride_w = p->op.k_w;
}

static void place(stp_rng *rng, problem_op *p, int number) {
    stapes_op *op = &p->op;
    stapes_map *in = &p->map[0], *out = &p->map[2];
    int reach_h = (op->k_h - 1) * op->dilation + 1, reach_w = (op->k_w - 1) * op->dilation + 1;
    out->h = (uint16_t)((in->h + op->stride_h - 1) / op->stride_h);
    out->w = (uint16_t)((in->w + op->stride_w - 1) / op->stride_w);
    op->pad_top = (int8_t)pad_of(in->h, out->h, reach_h, op->stride_h);
    op->pad_left = (int8_t)pad_of(in->w, out->w, reach_w, op->stride_w);
    if (op->kind == STAPES_CONV && number % 3 == 1 && one_in(rng, 2))
        op->pad_top = op->pad_left = -1;
    if (op->kind == STAPES_FULLY_CONNECTED)
        out->h = out->w = 1;
    in->pitch = (uint16_t)(in->c + (op->kind != STAPES_FULLY_CONNECTED && one_in(rng, 3) ? in->c : 0));
    p->map[1] = *in;
    p->map[1].pitch = in->c;
    out->pitch = (uint16_t)(out->c + (one_in(rng, 3) ? out->c : 0));
    uint32_t offset = 0;
    for (int i = 0; i < 3; i++) {
        p->map[i].offset = offset;
        offset += (uint32_t)(p->map[i].h * p->map[i].w * p->map[i].pitch + 3) / 4 * 4;
    }
}

static void draw(stp_rng *rng, problem_op *p, stapes_op_kind kind, int number) {
    memset(p, 0, sizeof *p);
    p->op = (stapes_op){.kind = (uint8_t)kind,
                        .k_h = 1,
                        .k_w = 1,
                        .stride_h = 1,
                        .stride_w = 1,
                        .dilation = 1,
                        .in_low = -128,
                        .out_low = -128,
                        .out_high = 127,
                        .second = 1,
                        .out = 2};
    stapes_map *in = &p->map[0], *out = &p->map[2];
    in->h = (uint16_t)spread(rng, kind == STAPES_FULLY_CONNECTED ? 1 : 3, 100);
    in->w = (uint16_t)spread(rng, kind == STAPES_FULLY_CONNECTED ? 1 : 2, 80);
    in->c = (uint16_t)channels_of(rng, 256);
    out->c = (uint16_t)channels_of(rng, 192);
    if (kind == STAPES_FULLY_CONNECTED) {
        in->h = (uint16_t)(one_in(rng, 3) ? between(rng, 1, 8) : 1);
        in->w = (uint16_t)(one_in(rng, 3) ? between(rng, 1, 8) : 1);
        out->c = (uint16_t)(one_in(rng, 4) ? between(rng, 2, 3) : between(rng, 4, 48));
    }
    if (kind == STAPES_CONV)
        draw_conv(rng, p, number);
    if (kind == STAPES_DEPTHWISE || kind == STAPES_MAX_POOL || kind == STAPES_AVERAGE_POOL)
        draw_window(rng, p);
    if (kind == STAPES_AVERAGE_POOL)
        draw_average(rng, p);
    if (kind == STAPES_DEPTHWISE || kind == STAPES_MAX_POOL || kind == STAPES_AVERAGE_POOL ||
        kind == STAPES_ADD)
        out->c = in->c;
    in->zero = (int8_t)between(rng, -60, 60);
    out->zero = (int8_t)(one_in(rng, 2) ? -128 : between(rng, -60, 60));
    // What cannot rectify is given a rectified copy (quant/lower.h).
    if (kind != STAPES_ADD && kind != STAPES_MAX_POOL && kind != STAPES_AVERAGE_POOL && one_in(rng, 3))
        p->op.in_low = in->zero;
    if (one_in(rng, 2))
        p->op.out_low = out->zero;
    place(rng, p, number);
}

// Inputs of one output value; so that results fill their range and now and then leave it.
static void choose_bits(problem_op *p) {
    int inputs = p->op.k_h * p->op.k_w;
    if (p->op.kind == STAPES_FULLY_CONNECTED)
        inputs = p->map[0].h * p->map[0].w * p->map[0].c;
    else if (p->op.kind != STAPES_DEPTHWISE)
        inputs *= p->map[0].c;
    p->bits = (int32_t)ceil(6.5 + 0.5 * log2(inputs));
}

static double work_of(const problem_op *p) {
    const stapes_map *in = &p->map[0], *out = &p->map[2];
    double outputs = (double)out->h * out->w * out->c, taps = p->op.k_h * p->op.k_w;
    switch (p->op.kind) {
    case STAPES_CONV:
    case STAPES_POINTWISE:
        return outputs * taps * in->c;
    case STAPES_FULLY_CONNECTED:
        return outputs * in->h * in->w * in->c;
    default:
        return outputs * taps;
    }
}

static int fits(const problem_op *p) {
    const stapes_map *out = &p->map[2], *in = &p->map[0];
    double weights = p->op.kind == STAPES_DEPTHWISE ? p->op.k_h * p->op.k_w * in->c
                                                    : work_of(p) / ((double)out->h * out->w);
    int reach_h = (p->op.k_h - 1) * p->op.dilation, reach_w = (p->op.k_w - 1) * p->op.dilation;
    return out->offset + (uint32_t)(out->h * out->w * out->pitch) <= PROBLEM_ARENA &&
           weights <= PROBLEM_WEIGHTS && work_of(p) <= MOST_MACS && reach_h <= in->h + 2 &&
           reach_w <= in->w + 2 && in->h * in->w * in->c <= 20000 &&
           stapes_nn_scratch_bytes(&p->op, p->map) <= PROBLEM_SCRATCH;
}

static void write_ops(const char *folder) {
    static problem_op problems[STAPES_OP_KINDS * DRAWN];
    int count = 0;
    for (int kind = 0; kind < STAPES_OP_KINDS; kind++)
        for (int number = 0; number < DRAWN; number++) {
            stp_rng rng = stp_rng_at(1, STP_RNG_TEST, (uint64_t)kind, (uint64_t)number);
            problem_op *p = &problems[count++];
            do
                draw(&rng, p, (stapes_op_kind)kind, number);
            while (!fits(p));
            choose_bits(p);
        }
    write_file(folder, "ops", problems, sizeof problems[0] * (size_t)count);
}

// --- front-ends --------------------------------------------------------------------------------------------

static const struct {
    const char *spec, *kind;
} fronts[] = {
#define FRONT(spec, kind) {spec, kind},
#include "fronts.def"
#undef FRONT
};

static void add_array(stp_text *data, int32_t *words, const void *array, size_t bytes) {
    static const char none[4] = {0};
    size_t before = data->bytes;
    if (array)
        stp_text_add(data, array, bytes);
    stp_text_add(data, none, (4 - data->bytes % 4) % 4);
    *words = (int32_t)((data->bytes - before) / 4);
}

// A voice of three partials over noise: none of it is zero, which numbers in software would do faster.
static void make_samples(int16_t *samples, int count) {
    stp_rng rng = stp_rng_at(2, STP_RNG_TEST, 0, 0);
    for (int i = 0; i < count; i++)
        samples[i] = (int16_t)lrint(3000 * sin(i * 0.05) + 1500 * sin(i * 0.31) + 500 * sin(i * 1.1) +
                                    400 * stp_rng_normal(&rng));
}

static void add_front(stp_text *file, const stp_front_spec *spec, const stapes_front_config *c) {
    enum { MOST_SAMPLES = 16384 };
    static int16_t samples[MOST_SAMPLES];
    stp_text data = {0};
    int n = c->fft_samples / 2, weights = stp_front_mel_weights(spec);
    problem_front p = {c->window_samples, c->hop_samples, c->fft_samples, c->filters,
                       c->coefficients,   c->cepstra,     c->check,       {0}};
    make_samples(samples, c->window_samples + c->hop_samples);
    add_array(&data, &p.words[FRONT_WINDOW], c->window, 4 * ((size_t)c->window_samples / 2 + 1));
    add_array(&data, &p.words[FRONT_ROOTS], c->roots, 4 * (size_t)n);
    add_array(&data, &p.words[FRONT_MEL], c->mel_weights, 4 * (size_t)weights);
    add_array(&data, &p.words[FRONT_DCT], c->dct,
              4 * (size_t)c->coefficients * (((size_t)c->filters + 1) / 2));
    add_array(&data, &p.words[FRONT_ORDER], c->order, 2 * (size_t)(n / stp_front_fft_head(n)));
    add_array(&data, &p.words[FRONT_FIRST], c->mel_first, 2 * (size_t)c->filters);
    add_array(&data, &p.words[FRONT_COUNT], c->mel_count, 2 * (size_t)c->filters);
    add_array(&data, &p.words[FRONT_SAMPLES], samples,
              2 * ((size_t)c->window_samples + (size_t)c->hop_samples));
    stp_text_add(file, &p, sizeof p);
    stp_text_add(file, data.data, data.bytes);
    stp_text_free(&data);
}

static void write_fronts(const char *folder) {
    stp_err err;
    stp_text file = {0};
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++) {
        stp_front_spec spec;
        stapes_front_config config;
        stp_arena *arena = stp_arena_create();
        must(stp_front_spec_parse(&spec, fronts[i].spec, fronts[i].kind, 16000, 20, 7600, &err), &err);
        must(stp_front_tables_make(&config, &spec, arena, &err), &err);
        add_front(&file, &spec, &config);
        stp_arena_destroy(arena);
    }
    write_file(folder, "fronts", file.data, file.bytes);
    stp_text_free(&file);
}

// --- a system with every kind of operation ----------------------------------------------------------------

static const stp_genotype genotype = {
    .front = "256/128/16:8",
    .features = "mfcc",
    .edge = {{{STP_CELL_MAX_POOL_3X3, 0},
              {STP_CELL_SEP_CONV_3X3, 1},
              {STP_CELL_DIL_CONV_5X5, 0},
              {STP_CELL_AVG_POOL_3X3, 2},
              {STP_CELL_SKIP_CONNECT, 1},
              {STP_CELL_SEP_CONV_5X5, 2},
              {STP_CELL_DIL_CONV_3X3, 3},
              {STP_CELL_SKIP_CONNECT, 0}},
             {{STP_CELL_MAX_POOL_3X3, 0},
              {STP_CELL_SKIP_CONNECT, 1},
              {STP_CELL_SEP_CONV_3X3, 1},
              {STP_CELL_MAX_POOL_3X3, 2},
              {STP_CELL_SKIP_CONNECT, 0},
              {STP_CELL_AVG_POOL_3X3, 1},
              {STP_CELL_DIL_CONV_3X3, 0},
              {STP_CELL_SEP_CONV_5X5, 3}}},
};

static void quantise(stp_int8_net **net, stp_model *model) {
    stp_err err;
    stp_graph_init(model->graph, 1, model->weights, model->running);
    must(stp_int8_lower(net, model->graph, model->weights, model->running, &err), &err);
    for (int i = 0; i < (*net)->scales; i++)
        stp_int8_set_range(&(*net)->scale[i], -4, 4);
    must(stp_int8_quantise(*net, &err), &err);
}

static void write_system(const char *folder) {
    static const char *const labels[] = {"no", "yes"};
    static int16_t clip[CLIP_SAMPLES];
    char path[STP_PATH_BYTES];
    stp_err err;
    stp_front_spec front;
    stp_model *model;
    stp_int8_net *net;
    stp_front_bank *bank;
    stp_device_model *device;
    must(stp_front_spec_parse(&front, genotype.front, genotype.features, 16000, 20, 7600, &err), &err);
    must(stp_model_create(&model,
                          &(stp_model_options){.net = STP_NET_FOUND,
                                               .genotype = &genotype,
                                               .cells = 3,
                                               .channels = 4,
                                               .labels = labels,
                                               .classes = 2,
                                               .clip_samples = CLIP_SAMPLES,
                                               .front = &front},
                          &err),
         &err);
    quantise(&net, model);
    must(stp_front_bank_create(&bank, &front, 1, CLIP_SAMPLES, &err), &err);
    must(stp_device_model_create(&device, net, stp_front_bank_config(bank, 0), &err), &err);
    stp_system_source system = {
        .model = &device->model, .labels = labels, .title = "all kinds of operations", .rate_hz = 16000};
    must(stp_path_join(path, folder, "system", &err), &err);
    must(stp_firmware_write(&system, path, &err), &err);
    make_samples(clip, CLIP_SAMPLES);
    write_file(folder, "clip", clip, sizeof clip);
    stp_device_model_destroy(device);
    stp_front_bank_destroy(bank);
    stp_int8_net_destroy(net);
    stp_model_destroy(model);
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    write_ops(argv[1]);
    write_fronts(argv[1]);
    write_system(argv[1]);
    return 0;
}
