#include "kernel/work.h"

#include "kernel/real.h"

typedef struct pass_row {
    int operations; // that a tap is: a multiplication and an addition, or one of pools
    // Taps an output pixel and channel of the input: of a window; of a channel of the result; of both.
    int window, outputs, dense;
    int values, terms; // operations a value of the input, and those of a term of a mix
    // Tensors that go by, but for the input's gradient: of the input's size, of the result's, terms of a mix.
    int inputs, results, mixed;
} pass_row;

static const pass_row rows[STP_PASSES] = {
    // operations; window, outputs, dense; values, terms; inputs, results, mixed
    [STP_PASS_DWPW_FORWARD] = {2, 1, 1, 0, 0, 0, 1, 1, 0},
    [STP_PASS_DWPW_BACKWARD] = {2, 1, 1, 0, 0, 0, 0, 2, 0},
    [STP_PASS_DWPW_BACKWARD_RECTIFIED] = {2, 1, 1, 0, 0, 0, 1, 2, 0},
    [STP_PASS_DWPW_BACKWARD_W] = {2, 3, 2, 0, 0, 0, 1, 2, 0},
    [STP_PASS_DW_FORWARD] = {2, 1, 0, 0, 0, 0, 1, 1, 0},
    [STP_PASS_DW_BACKWARD] = {2, 1, 0, 0, 0, 0, 0, 2, 0},
    [STP_PASS_DW_BACKWARD_W] = {2, 2, 0, 0, 0, 0, 1, 2, 0},
    [STP_PASS_CONV_FORWARD] = {2, 0, 0, 1, 0, 0, 1, 1, 0},
    [STP_PASS_CONV_BACKWARD] = {2, 0, 0, 1, 0, 0, 1, 2, 0},
    [STP_PASS_CONV_ONLY_W] = {2, 0, 0, 1, 0, 0, 1, 2, 0},
    [STP_PASS_CONV_BACKWARD_W] = {2, 0, 0, 2, 0, 0, 1, 2, 0},
    [STP_PASS_MAXPOOL_FORWARD] = {1, 1, 0, 0, 0, 0, 1, 1, 0},
    [STP_PASS_MAXPOOL_BACKWARD] = {1, 1, 0, 0, 0, 0, 1, 2, 0},
    [STP_PASS_AVGPOOL_FORWARD] = {1, 1, 0, 0, 0, 0, 1, 1, 0},
    [STP_PASS_AVGPOOL_BACKWARD] = {1, 1, 0, 0, 0, 0, 0, 2, 0},
    [STP_PASS_AFFINE_FORWARD] = {2, 0, 0, 0, 3, 0, 2, 0, 0},
    [STP_PASS_AFFINE_BACKWARD] = {2, 0, 0, 0, 6, 0, 2, 0, 0},
    [STP_PASS_MIX_FORWARD] = {2, 0, 0, 0, 0, 2, 1, 0, 1},
    [STP_PASS_MIX_BACKWARD] = {2, 0, 0, 0, 1, 2, 1, 0, 1},
    [STP_PASS_MIX_GATHER] = {2, 0, 0, 0, 0, 0, 0, 0, 1},
    [STP_PASS_MIX_SUM] = {2, 0, 0, 0, 0, 2, 1, 0, 0},
    [STP_PASS_MIX_GIVE] = {2, 0, 0, 0, 0, 2, 0, 0, 0},
    [STP_PASS_MEAN_FORWARD] = {2, 0, 0, 0, 1, 0, 1, 0, 0},
    [STP_PASS_MEAN_BACKWARD] = {2, 0, 0, 0, 1, 0, 0, 0, 0},
    [STP_PASS_LINEAR_FORWARD] = {2, 0, 1, 0, 0, 0, 1, 1, 0},
    [STP_PASS_LINEAR_BACKWARD] = {2, 0, 1, 0, 0, 0, 0, 1, 0},
    [STP_PASS_LINEAR_BACKWARD_W] = {2, 0, 2, 0, 0, 0, 1, 1, 0},
};

double stp_pass_flops(stp_pass pass, const stp_pass_size *size) {
    const pass_row *row = &rows[pass];
    const double in = (double)size->h * size->w * size->c, out = (double)size->out_h * size->out_w * size->c;
    const double window = (double)size->k_h * size->k_w, m = size->m;
    return row->operations * out * (row->window * window + row->outputs * m + row->dense * window * m) +
           in * (row->values + row->terms * m);
}

double stp_pass_bytes(stp_pass pass, const stp_pass_size *size) {
    const pass_row *row = &rows[pass];
    const double pixels = (double)size->out_h * size->out_w, all = (double)size->h * size->w;
    const double seen = pixels * size->k_h * size->k_w; // 1x1 of stride 2 passes pixels by
    const double in = (seen < all ? seen : all) * size->c, out = pixels * size->m;
    return (in * (row->inputs + size->d_in + row->mixed * size->m) + out * row->results) *
           (double)sizeof(stp_real);
}
