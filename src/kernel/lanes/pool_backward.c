// Maximum and average pooling, backward: gradients are added to the inputs under each window.
#include "kernel/lanes/lane_kernels.h"
#include "kernel/lanes/pool_taps.h"
#include "kernel/lanes/upstream.h"

LANE_INLINE void add_to(stp_real *p, lane_vec x) {
    lane_store(p, lane_load(p) + x);
}

// A maximum's gradient goes to the first tap that equals it, lane by lane.
LANE_INLINE void spread_max(const stp_real *in, stp_real *d_in, ptrdiff_t in_row, ptrdiff_t d_row,
                            ptrdiff_t col, tap_range v, tap_range u, lane_vec best, lane_vec dz) {
    for (int i = v.first; i < v.end; i++)
        for (int j = u.first; j < u.end; j++) {
            const lane_mask hit = lane_load(in + i * in_row + j * col) == best;
            add_to(d_in + i * d_row + j * col, lane_keep(hit, dz));
            dz = lane_keep(~hit, dz);
        }
}

LANE_INLINE void spread_average(stp_real *d_in, ptrdiff_t d_row, ptrdiff_t col, tap_range v, tap_range u,
                                lane_vec dz) {
    const int taps = (v.end - v.first) * (u.end - u.first);
    dz *= lane_set(taps ? (stp_real)1 / (stp_real)taps : 0);
    for (int i = v.first; i < v.end; i++)
        for (int j = u.first; j < u.end; j++)
            add_to(d_in + i * d_row + j * col, dz);
}

LANE_INLINE void backward(const stp_window *win, stp_upstream up, stp_view in, stp_view out, stp_view d_in,
                          stp_real *scratch, const stp_pool_kind kind) {
    const ptrdiff_t col = win->dilation * LANES;
    for (int h = 0; h < out.h; h++) {
        const tap_range v = clip_taps(h, win->k_h, win->stride_h, win->dilation, win->pad_top, in.h);
        const upstream_row dz = upstream_make_row(&up, h, scratch, out.w * LANES);
        for (int c = 0; c < out.c; c++)
            for (int o = 0; o < out.w; o++) {
                const tap_range u = clip_taps(o, win->k_w, win->stride_w, win->dilation, win->pad_left, in.w);
                const lane_vec g = lane_load(dz.p + c * dz.chan + o * LANES);
                const stp_real *x = in.p + v.origin * in.row + c * in.chan + u.origin * LANES;
                stp_real *dx = d_in.p + v.origin * d_in.row + c * d_in.chan + u.origin * LANES;
                const ptrdiff_t in_row = in.row * win->dilation, d_row = d_in.row * win->dilation;
                if (kind == STP_POOL_MAX)
                    spread_max(x, dx, in_row, d_row, col, v, u,
                               lane_load(out.p + h * out.row + c * out.chan + o * LANES), g);
                else
                    spread_average(dx, d_row, col, v, u, g);
            }
    }
}

// --- 3x3 windows at stride 1 over rows as long as their input: all but a few pools of a search -------------
// The three columns under a window stay in registers while it slides along: their inputs (for a maximum) and
// the gradients collected so far. A column beyond an end holds NaN, which equals no maximum; what it gets is
// dropped.
typedef struct slide {
    const stp_real *in, *out, *dz; // rows of one channel; in: the first row under the window
    stp_real *d_in;
    ptrdiff_t in_row, d_row;
    int columns;
} slide;

enum { SLIDE_ROWS = 3, SLIDE_COLUMNS = 3 };

typedef struct slide_state {
    lane_vec x[SLIDE_ROWS * SLIDE_COLUMNS], d[SLIDE_ROWS * SLIDE_COLUMNS];
} slide_state;

LANE_INLINE void slide_collect(slide_state *s, lane_vec best, lane_vec dz, const int rows,
                               const stp_pool_kind kind) {
    STP_UNROLL
    for (int i = 0; i < rows * SLIDE_COLUMNS; i++) {
        if (kind == STP_POOL_AVG) {
            s->d[i] += dz;
            continue;
        }
        const lane_vec won = lane_keep(s->x[i] == best, dz);
        s->d[i] += won;
        dz -= won; // nothing is left for a later tap of the same value
    }
}

// One output: the window stands on columns o-1, o, o+1, the last of which is loaded now (or lies outside).
LANE_INLINE void slide_step(const slide *job, slide_state *s, int o, lane_vec scale, const int rows,
                            const int last, const stp_pool_kind kind) {
    STP_UNROLL
    for (int i = 0; i < rows; i++) {
        if (kind == STP_POOL_MAX)
            s->x[i * 3 + 2] = last ? lane_set((stp_real)__builtin_nan(""))
                                   : lane_load(job->in + i * job->in_row + (o + 1) * LANES);
        s->d[i * 3 + 2] = lane_zero();
    }
    const lane_vec dz = lane_load(job->dz + o * LANES);
    if (kind == STP_POOL_MAX)
        slide_collect(s, lane_load(job->out + o * LANES), dz, rows, kind);
    else
        slide_collect(s, dz, dz * scale, rows, kind);
    STP_UNROLL
    for (int i = 0; i < rows; i++) {
        if (o > 0)
            add_to(job->d_in + i * job->d_row + (o - 1) * LANES, s->d[i * 3]);
        s->x[i * 3] = s->x[i * 3 + 1], s->x[i * 3 + 1] = s->x[i * 3 + 2];
        s->d[i * 3] = s->d[i * 3 + 1], s->d[i * 3 + 1] = s->d[i * 3 + 2];
    }
}

LANE_INLINE void slide_row(const slide *job, const int rows, const stp_pool_kind kind) {
    const int n = job->columns;
    const lane_vec inside = lane_set((stp_real)1 / (stp_real)(rows * 3));
    const lane_vec end = lane_set((stp_real)1 / (stp_real)(rows * (n > 1 ? 2 : 1)));
    slide_state s;
    STP_UNROLL
    for (int i = 0; i < rows; i++) {
        s.x[i * 3] = lane_set((stp_real)__builtin_nan(""));
        s.x[i * 3 + 1] = kind == STP_POOL_MAX ? lane_load(job->in + i * job->in_row) : lane_zero();
        s.d[i * 3] = s.d[i * 3 + 1] = lane_zero();
    }
    if (n > 1)
        slide_step(job, &s, 0, end, rows, 0, kind);
    for (int o = 1; o < n - 1; o++)
        slide_step(job, &s, o, inside, rows, 0, kind);
    slide_step(job, &s, n - 1, end, rows, 1, kind);
    STP_UNROLL
    for (int i = 0; i < rows; i++)
        add_to(job->d_in + i * job->d_row + (n - 1) * LANES, s.d[i * 3]);
}

LANE_INLINE void slide_channel(const slide *job, int rows, const stp_pool_kind kind) {
    if (rows == 3)
        slide_row(job, 3, kind);
    else if (rows == 2)
        slide_row(job, 2, kind);
    else
        slide_row(job, 1, kind);
}

static int slides(const stp_window *win, stp_view in, stp_view out) {
    return win->k_h == 3 && win->k_w == 3 && win->stride_w == 1 && win->stride_h == 1 && win->dilation == 1 &&
           win->pad_left == 1 && win->pad_top == 1 && in.w == out.w && in.h == out.h;
}

LANE_INLINE void backward_sliding(const stp_window *win, stp_upstream up, stp_view in, stp_view out,
                                  stp_view d_in, stp_real *scratch, const stp_pool_kind kind) {
    for (int h = 0; h < out.h; h++) {
        const tap_range v = clip_taps(h, win->k_h, 1, 1, win->pad_top, in.h);
        const upstream_row dz = upstream_make_row(&up, h, scratch, out.w * LANES);
        const int first = v.origin + v.first;
        for (int c = 0; c < out.c; c++) {
            const slide job = {.in = in.p + first * in.row + c * in.chan,
                               .out = out.p + h * out.row + c * out.chan,
                               .dz = dz.p + c * dz.chan,
                               .d_in = d_in.p + first * d_in.row + c * d_in.chan,
                               .in_row = in.row,
                               .d_row = d_in.row,
                               .columns = out.w};
            slide_channel(&job, v.end - v.first, kind);
        }
    }
}

void STP_LANE_NAME(stp_pool_backward)(stp_pool_kind kind, const stp_window *window, stp_upstream up,
                                      stp_view in, stp_view out, stp_view d_in, int add, stp_real *scratch) {
    if (!d_in.p)
        return;
    if (!add)
        lane_clear_view(d_in);
    if (slides(window, in, out) && kind == STP_POOL_MAX)
        backward_sliding(window, up, in, out, d_in, scratch, STP_POOL_MAX);
    else if (slides(window, in, out))
        backward_sliding(window, up, in, out, d_in, scratch, STP_POOL_AVG);
    else if (kind == STP_POOL_MAX)
        backward(window, up, in, out, d_in, scratch, STP_POOL_MAX);
    else
        backward(window, up, in, out, d_in, scratch, STP_POOL_AVG);
}
