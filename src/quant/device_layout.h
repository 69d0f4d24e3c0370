// The operations and maps of an int8 network as the device takes them, and where its maps lie in the arena:
// all of a device's model that depends on shapes alone. Weights need not be quantised yet; then zero points
// are 0, which no size depends on.
#ifndef STP_QUANT_DEVICE_LAYOUT_H
#define STP_QUANT_DEVICE_LAYOUT_H

#include "quant/arena_plan.h"

typedef struct stp_device_layout {
    stapes_op *op;       // [net->ops]
    stapes_map *map;     // [net->tensors]
    size_t *scratch;     // [net->ops] bytes
    stp_arena_plan plan; // its offsets: [net->storages]
} stp_device_layout;

// Arrays live in `arena`. STP_ERR_MISMATCH when the network is beyond what a device counts.
stp_status stp_device_layout_make(stp_device_layout *layout, const stp_int8_net *net, stp_arena *arena,
                                  stp_err *err);

#endif
