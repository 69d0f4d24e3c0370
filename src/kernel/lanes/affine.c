// Scale and shift by channel, with or without a rectifier: batch norm applied, and its mask in backward.
#include "kernel/lanes/lane_kernels.h"

LANE_INLINE void forward_row(const stp_real *z, stp_real *out, int columns, stp_real scale, stp_real shift,
                             const int scaled, const int relu) {
    const lane_vec s = lane_set(scale), t = lane_set(shift);
    for (int i = 0; i < columns * LANES; i += LANES) {
        lane_vec y = lane_load(z + i);
        if (scaled)
            y = s * y + t;
        lane_store(out + i, relu ? lane_relu(y) : y);
    }
}

LANE_INLINE void forward(stp_view z, const stp_real *scale, const stp_real *shift, stp_view out,
                         const int relu) {
    for (int h = 0; h < z.h; h++)
        for (int c = 0; c < z.c; c++) {
            const stp_real *from = z.p + h * z.row + c * z.chan;
            stp_real *to = out.p + h * out.row + c * out.chan;
            if (scale)
                forward_row(from, to, z.w, scale[c], shift[c], 1, relu);
            else
                forward_row(from, to, z.w, 1, 0, 0, relu);
        }
}

void STP_LANE_NAME(stp_affine_forward)(stp_view z, const stp_real *scale, const stp_real *shift, int relu,
                                       stp_view out) {
    if (relu)
        forward(z, scale, shift, out, 1);
    else
        forward(z, scale, shift, out, 0);
}

typedef struct affine_row {
    const stp_real *g, *z;
    stp_real *d_y, *sums;
    lane_vec scale, shift;
} affine_row;

// Two pairs of sums, even and odd columns, so that an addition need not wait for the one before.
LANE_INLINE void backward_row(const affine_row *r, int columns, const int relu, const int store,
                              const int add, const int sums) {
    lane_vec s[2] = {lane_zero(), lane_zero()}, q[2] = {lane_zero(), lane_zero()};
    int p = 0;
    for (; p < columns; p++) {
        const int i = p * LANES;
        lane_vec y = lane_load(r->g + i), z = lane_load(r->z + i);
        if (relu)
            y = lane_keep(r->scale * z + r->shift > 0, y);
        if (store)
            lane_store(r->d_y + i, add ? lane_load(r->d_y + i) + y : y);
        if (sums) {
            lane_vec s1 = s[0] + y, q1 = q[0] + y * z;
            s[0] = s[1], q[0] = q[1];
            s[1] = s1, q[1] = q1;
        }
    }
    if (sums) {
        lane_store(r->sums, lane_load(r->sums) + (s[0] + s[1]));
        lane_store(r->sums + LANES, lane_load(r->sums + LANES) + (q[0] + q[1]));
    }
}

LANE_INLINE void backward(stp_view g, stp_view z, const stp_real *scale, const stp_real *shift, stp_view d_y,
                          stp_real *sums, const int relu, const int store, const int add) {
    for (int h = 0; h < g.h; h++)
        for (int c = 0; c < g.c; c++) {
            affine_row r = {.g = g.p + h * g.row + c * g.chan,
                            .z = z.p + h * z.row + c * z.chan,
                            .d_y = store ? d_y.p + h * d_y.row + c * d_y.chan : NULL,
                            .sums = sums ? sums + c * 2 * LANES : NULL,
                            .scale = lane_set(scale ? scale[c] : 1),
                            .shift = lane_set(scale ? shift[c] : 0)};
            if (sums)
                backward_row(&r, g.w, relu, store, add, 1);
            else
                backward_row(&r, g.w, relu, store, add, 0);
        }
}

// d_y.p == NULL is allowed: only the sums are wanted then.
void STP_LANE_NAME(stp_affine_backward)(stp_view g, stp_view z, const stp_real *scale, const stp_real *shift,
                                        int relu, stp_view d_y, int add, stp_real *sums) {
    if (relu && !d_y.p)
        backward(g, z, scale, shift, d_y, sums, 1, 0, 0);
    else if (relu && add)
        backward(g, z, scale, shift, d_y, sums, 1, 1, 1);
    else if (relu)
        backward(g, z, scale, shift, d_y, sums, 1, 1, 0);
    else if (!d_y.p)
        backward(g, z, scale, shift, d_y, sums, 0, 0, 0);
    else if (add)
        backward(g, z, scale, shift, d_y, sums, 0, 1, 1);
    else
        backward(g, z, scale, shift, d_y, sums, 0, 1, 0);
}
