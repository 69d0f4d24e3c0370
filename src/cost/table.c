#include "cost/table.h"

static const stp_rounds op_rounds[STP_PROCESSORS][STAPES_OP_KINDS] = {
#define OP(processor, kind, count, ...) [STP_PROCESSOR_##processor][STAPES_##kind] = {count, {__VA_ARGS__}},
#define FRONT(processor, count, ...)
#define FIXED(processor, ...)
#define KERNEL(processor, kind, code, stack)
#include "cost/table.def"
#undef OP
#undef FRONT
#undef FIXED
#undef KERNEL
};

static const stp_rounds front_rounds[STP_PROCESSORS] = {
#define OP(processor, kind, count, ...)
#define FRONT(processor, count, ...) [STP_PROCESSOR_##processor] = {count, {__VA_ARGS__}},
#define FIXED(processor, ...)
#define KERNEL(processor, kind, code, stack)
#include "cost/table.def"
#undef OP
#undef FRONT
#undef FIXED
#undef KERNEL
};

static const stp_fixed_bytes fixed_bytes[STP_PROCESSORS] = {
#define OP(processor, kind, count, ...)
#define FRONT(processor, count, ...)
#define FIXED(processor, ...) [STP_PROCESSOR_##processor] = {__VA_ARGS__},
#define KERNEL(processor, kind, code, stack)
#include "cost/table.def"
#undef OP
#undef FRONT
#undef FIXED
#undef KERNEL
};

static const stp_kernel_bytes kernel_bytes[STP_PROCESSORS][STAPES_OP_KINDS] = {
#define OP(processor, kind, count, ...)
#define FRONT(processor, count, ...)
#define FIXED(processor, ...)
#define KERNEL(processor, kind, code, stack) [STP_PROCESSOR_##processor][STAPES_##kind] = {code, stack},
#include "cost/table.def"
#undef OP
#undef FRONT
#undef FIXED
#undef KERNEL
};

const stp_rounds *stp_op_rounds(stp_processor processor, stapes_op_kind kind) {
    return &op_rounds[processor][kind];
}

const stp_rounds *stp_front_rounds(stp_processor processor) {
    return &front_rounds[processor];
}

const stp_fixed_bytes *stp_fixed_bytes_of(stp_processor processor) {
    return &fixed_bytes[processor];
}

const stp_kernel_bytes *stp_kernel_bytes_of(stp_processor processor, stapes_op_kind kind) {
    return &kernel_bytes[processor][kind];
}
