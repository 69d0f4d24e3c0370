// Scratch of each kind of operation.
#include "nn/depthwise.h"
#include "nn/rows.h"

size_t stapes_nn_scratch_bytes(const stapes_op *op, const stapes_map *maps) {
    const stapes_map *in = &maps[op->in];
    switch (op->kind) {
    case STAPES_CONV:
        return stapes_nn_rows_bytes_gathered((int32_t)op->k_h * op->k_w * in->c);
    case STAPES_POINTWISE:
        return stapes_nn_rows_bytes(in->c);
    case STAPES_FULLY_CONNECTED:
        return stapes_nn_rows_bytes((int32_t)in->h * in->w * in->c);
    case STAPES_DEPTHWISE:
        return stapes_nn_depthwise_bytes(op, maps);
    default:
        return 0;
    }
}
