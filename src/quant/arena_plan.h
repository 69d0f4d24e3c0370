// Where every storage of an int8 network lies in the device's arena.
#ifndef STP_QUANT_ARENA_PLAN_H
#define STP_QUANT_ARENA_PLAN_H

#include "quant/int8_net.h"

typedef struct stp_arena_plan {
    uint32_t *offset;        // [net->storages]; the caller's
    uint32_t scratch_offset; // one place for all operations
    size_t bytes, bound;     // bound: the fullest operation; no plan can be smaller
} stp_arena_plan;

// By lifetime: a storage is there from the first operation that writes it (the input: from the start) to the
// last that reads it (the logits: to the end). Offsets are multiples of 4. scratch_bytes: [net->ops]. Greedy
// by size, with the scratch below the storages or above, then other orders until the bound is reached or
// enough were tried; the same answer every time.
stp_status stp_arena_plan_make(stp_arena_plan *plan, const stp_int8_net *net, const size_t *scratch_bytes,
                               stp_err *err);

#endif
