// An int8 network (quant/int8_net.h) as files of other formats have to say it, with an operation for what
// costs the device none: a storage that several write to is their concatenation (all share its scale), an
// input that is read rectified goes through a rectifier of equal scale, once for all its readers. A 1x1
// convolution that skips the first row and column, the second half of a factorised reduction, is a 2x2 one
// whose other taps are zero.
#ifndef STP_EXPORT_EXPLICIT_NET_H
#define STP_EXPORT_EXPLICIT_NET_H

#include "quant/int8_net.h"

enum { STP_EXPLICIT_MOST_INPUTS = 8 };

typedef enum stp_explicit_kind {
    STP_EXPLICIT_OP,
    STP_EXPLICIT_CONCATENATION,
    STP_EXPLICIT_RELU
} stp_explicit_kind;

// What an operation makes, or the network's input.
typedef struct stp_explicit_value {
    const char *name; // unique
    int tensor;       // the network's, which says shape and scale
} stp_explicit_value;

typedef struct stp_explicit_op {
    stp_explicit_kind kind;
    const stp_int8_op *op;                             // of STP_EXPLICIT_OP
    int inputs[STP_EXPLICIT_MOST_INPUTS], input_count; // values
    int output;                                        // value
    stp_window
        window; // of STP_EXPLICIT_OP: rows and columns skipped before it are taps of zero, pads 0 at least
} stp_explicit_op;

typedef struct stp_explicit_net {
    stp_arena *arena;
    const stp_int8_net *net;
    stp_explicit_value *value;
    stp_explicit_op *op; // in order
    int values, ops;
    int input, output; // values
} stp_explicit_net;

// The network must outlive it. STP_ERR_MISMATCH for channels that are read otherwise than as they are written
// and for skipped rows of what has no weights; no discrete network of src/space has either.
stp_status stp_explicit_net_create(stp_explicit_net **out, const stp_int8_net *net, stp_err *err);
void stp_explicit_net_destroy(stp_explicit_net *explicit_net);

#endif
