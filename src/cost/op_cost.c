#include "cost/op_cost.h"

#include "cost/table.h"

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
