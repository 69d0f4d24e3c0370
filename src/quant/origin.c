#include "quant/origin.h"

#include "graph/registry.h"

stp_origin stp_origin_of(const stp_graph *g, int tensor) {
    stp_origin o = {
        .storage = g->tensor[tensor].storage, .c_first = g->tensor[tensor].c_first, .c = g->tensor[tensor].c};
    for (;;) {
        int maker = g->tensor[o.storage].maker;
        if (maker < 0 || g->op[maker].kind != STP_OP_AFFINE)
            return o;
        const stp_tensor *source = &g->tensor[g->op[maker].in];
        o.rectified |= g->op[maker].relu;
        o.storage = source->storage;
        o.c_first += source->c_first;
    }
}

stp_origin stp_origin_read(const stp_graph *g, const stp_op *op, int index) {
    int tensor = stp_op_registry[op->kind].sources(g, op, index);
    if (tensor < 0)
        return (stp_origin){.storage = -1};
    stp_origin o = stp_origin_of(g, tensor);
    o.rectified |= op->kind == STP_OP_CONV && op->relu;
    return o;
}

static int overlap(const stp_origin *a, const stp_origin *b) {
    return a->storage == b->storage && a->c_first < b->c_first + b->c && b->c_first < a->c_first + a->c;
}

int stp_origin_all_rectify(const stp_graph *g, const stp_origin *origin) {
    int readers = 0;
    stp_origin output = stp_origin_of(g, g->output);
    if (overlap(&output, origin) && !output.rectified)
        return 0;
    for (int i = 0; i < g->ops; i++) {
        if (g->op[i].kind == STP_OP_AFFINE)
            continue; // it shows in the origin of what its readers read
        for (int s = 0;; s++) {
            stp_origin read = stp_origin_read(g, &g->op[i], s);
            if (read.storage < 0)
                break;
            if (!overlap(&read, origin))
                continue;
            if (!read.rectified)
                return 0;
            readers++;
        }
    }
    return readers > 0;
}

int stp_origin_is_rectified(const stp_graph *g, const stp_origin *origin) {
    int writers = 0;
    for (int i = 0; i < g->ops; i++) {
        if (g->op[i].kind == STP_OP_AFFINE)
            continue;
        stp_origin written = stp_origin_of(g, g->op[i].out);
        if (!overlap(&written, origin))
            continue;
        if (!stp_origin_all_rectify(g, &written))
            return 0;
        writers++;
    }
    return writers > 0;
}
