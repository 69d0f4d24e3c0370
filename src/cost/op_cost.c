#include "cost/op_cost.h"

#include "cost/table.h"
#include "graph/graph.h"

#include <math.h>

static long long sum_of(const stp_terms *terms, const stp_rounds *rounds) {
    double sum = 0;
    for (int i = 0; i < terms->count; i++)
        sum += terms->times[i] * rounds->each[i];
    return llround(sum);
}

long long stp_op_instructions(stp_processor processor, const stapes_op *op, const stapes_map *maps) {
    stp_terms terms;
    stp_op_terms(&terms, processor, op, maps);
    return sum_of(&terms, stp_op_rounds(processor, (stapes_op_kind)op->kind));
}

long long stp_op_macs(const stapes_op *op, const stapes_map *maps) {
    const stapes_map *in = &maps[op->in], *out = &maps[op->out];
    long long outputs = (long long)out->h * out->w * out->c, taps = op->k_h * op->k_w;
    switch ((stapes_op_kind)op->kind) {
    case STAPES_CONV:
    case STAPES_POINTWISE:
        return outputs * taps * in->c;
    case STAPES_DEPTHWISE:
        return outputs * taps;
    case STAPES_FULLY_CONNECTED:
        return outputs * in->h * in->w * in->c;
    default:
        return 0;
    }
}

long long stp_front_instructions(stp_processor processor, const stp_front_spec *spec) {
    stp_terms terms;
    stp_front_terms(&terms, processor, spec);
    return sum_of(&terms, stp_front_rounds(processor));
}

static stapes_map map_of(int h, int w, int c) {
    return (stapes_map){.h = (uint16_t)h, .w = (uint16_t)w, .c = (uint16_t)c, .pitch = (uint16_t)c};
}

long long stp_shape_instructions(stp_processor processor, const stp_op_shape *s) {
    const stp_window window = stp_window_same(s->k_h, s->k_w, s->stride, s->stride, s->dilation, s->h, s->w);
    const int mixes =
        s->kind == STAPES_CONV || s->kind == STAPES_POINTWISE || s->kind == STAPES_FULLY_CONNECTED;
    const int all = s->kind == STAPES_FULLY_CONNECTED; // of the map go into each result
    const stapes_map in = map_of(s->h, s->w, s->channels);
    const stapes_map maps[3] = {in, in,
                                map_of(all ? 1 : stp_window_out(s->h, s->stride),
                                       all ? 1 : stp_window_out(s->w, s->stride),
                                       mixes ? s->out_channels : s->channels)};
    const stapes_op op = {.kind = (uint8_t)s->kind,
                          .k_h = (uint8_t)s->k_h,
                          .k_w = (uint8_t)s->k_w,
                          .stride_h = (uint8_t)s->stride,
                          .stride_w = (uint8_t)s->stride,
                          .dilation = (uint8_t)s->dilation,
                          .pad_top = (int8_t)window.pad_top,
                          .pad_left = (int8_t)window.pad_left,
                          .in_low = (int8_t)(s->rectified ? 0 : -128),
                          .second = 1,
                          .out = 2};
    return stp_op_instructions(processor, &op, maps);
}
