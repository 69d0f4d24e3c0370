// Maximum and average pooling, forward.
#include "kernel/lanes/lane_kernels.h"
#include "kernel/lanes/pool_taps.h"

LANE_INLINE lane_vec combine(lane_vec a, lane_vec b, const stp_pool_kind kind) {
    return kind == STP_POOL_MAX ? lane_max(b, a) : a + b;
}

// Sums of what is written and of its squares, alternately in two pairs of registers: one would wait for
// itself.
typedef struct sum_pairs {
    lane_vec s[2], q[2];
} sum_pairs;

LANE_INLINE void add_to_sums(sum_pairs *sums, int i, lane_vec x) {
    sums->s[i % 2] += x;
    sums->q[i % 2] += x * x;
}

// One output of any window. `in` points to the window's origin, which may lie outside the tensor.
LANE_INLINE lane_vec pool_any(const stp_real *in, ptrdiff_t row, ptrdiff_t col, tap_range v, tap_range u,
                              const stp_pool_kind kind) {
    if (v.end == v.first || u.end == u.first)
        return lane_zero(); // a window wholly in the padding
    lane_vec acc = lane_load(in + v.first * row + u.first * col);
    for (int i = v.first; i < v.end; i++)
        for (int j = i == v.first ? u.first + 1 : u.first; j < u.end; j++)
            acc = combine(acc, lane_load(in + i * row + j * col), kind);
    if (kind == STP_POOL_AVG)
        acc *= lane_set((stp_real)1 / (stp_real)((v.end - v.first) * (u.end - u.first)));
    return acc;
}

// `tile` neighbouring outputs whose windows lie inside: columns are combined once and shared.
LANE_INLINE void pool_tile(const stp_real *in, ptrdiff_t row, tap_range v, stp_real *out, sum_pairs *sums,
                           const int k, const int stride, const int tile, const stp_pool_kind kind) {
    enum { MOST = 16 };
    lane_vec column[MOST];
    const int columns = (tile - 1) * stride + k;
    in += v.first * row;
    STP_UNROLL
    for (int x = 0; x < columns; x++)
        column[x] = lane_load(in + x * LANES);
    for (int i = v.first + 1; i < v.end; i++) {
        in += row;
        STP_UNROLL
        for (int x = 0; x < columns; x++)
            column[x] = combine(column[x], lane_load(in + x * LANES), kind);
    }
    const lane_vec scale = lane_set((stp_real)1 / (stp_real)((v.end - v.first) * k));
    STP_UNROLL
    for (int j = 0; j < tile; j++) {
        lane_vec acc = column[j * stride];
        STP_UNROLL
        for (int x = 1; x < k; x++)
            acc = combine(acc, column[j * stride + x], kind);
        if (kind == STP_POOL_AVG)
            acc *= scale;
        lane_store(out + j * LANES, acc);
        add_to_sums(sums, j, acc);
    }
}

// One row of one channel; k and stride are constants here, or k is 0: any window.
LANE_INLINE void pool_row(const stp_window *win, const stp_real *in, ptrdiff_t row, int width, tap_range v,
                          stp_real *out, int columns, sum_pairs *sums, const int k, const int stride,
                          const stp_pool_kind kind) {
    enum { TILE = 5 };
    for (int o = 0; o < columns;) {
        const int origin = o * win->stride_w - win->pad_left;
        if (k && origin >= 0 && v.end > v.first) {
            const int inside = (width - k - origin) / stride + 1; // windows from here on that fit
            if (width - k >= origin && inside >= TILE && columns - o >= TILE) {
                pool_tile(in + origin * LANES, row, v, out + o * LANES, sums, k, stride, TILE, kind);
                o += TILE;
                continue;
            }
        }
        const tap_range u = clip_taps(o, win->k_w, win->stride_w, win->dilation, win->pad_left, width);
        const lane_vec z = pool_any(in + origin * LANES, row, win->dilation * LANES, v, u, kind);
        lane_store(out + o * LANES, z);
        add_to_sums(sums, 0, z);
        o++;
    }
}

LANE_INLINE void forward(const stp_window *win, stp_view in, stp_view out, stp_real *sums, const int k,
                         const int stride, const stp_pool_kind kind) {
    for (int h = 0; h < out.h; h++) {
        const tap_range v = clip_taps(h, win->k_h, win->stride_h, win->dilation, win->pad_top, in.h);
        for (int c = 0; c < out.c; c++) {
            sum_pairs row = {{lane_zero(), lane_zero()}, {lane_zero(), lane_zero()}};
            pool_row(win, in.p + v.origin * in.row + c * in.chan, in.row * win->dilation, in.w, v,
                     out.p + h * out.row + c * out.chan, out.w, &row, k, stride, kind);
            if (sums) {
                stp_real *to = sums + c * 2 * LANES;
                lane_store(to, lane_load(to) + (row.s[0] + row.s[1]));
                lane_store(to + LANES, lane_load(to + LANES) + (row.q[0] + row.q[1]));
            }
        }
    }
}

LANE_INLINE void forward_kind(const stp_window *win, stp_view in, stp_view out, stp_real *sums,
                              const stp_pool_kind kind) {
    if (win->dilation == 1 && win->k_w == 3 && win->stride_w == 1)
        forward(win, in, out, sums, 3, 1, kind);
    else if (win->dilation == 1 && win->k_w == 3 && win->stride_w == 2)
        forward(win, in, out, sums, 3, 2, kind);
    else if (win->dilation == 1 && win->k_w == 2 && win->stride_w == 2)
        forward(win, in, out, sums, 2, 2, kind);
    else
        forward(win, in, out, sums, 0, 1, kind);
}

void STP_LANE_NAME(stp_pool_forward)(stp_pool_kind kind, const stp_window *window, stp_view in, stp_view out,
                                     stp_real *sums) {
    if (kind == STP_POOL_MAX)
        forward_kind(window, in, out, sums, STP_POOL_MAX);
    else
        forward_kind(window, in, out, sums, STP_POOL_AVG);
}
