// Backward of the fused depthwise-pointwise convolution, one row of the upstream gradient at a time:
//   dz -> dd = pw^T dz -> (d again, and the gradient of the depthwise weights, with the input's rows) ->
//   (gradient of the pointwise weights, of dz and d) -> rows of d_in as soon as the last dd row that they
//   need is there.
// The dd rows live in a ring just long enough for that. d_in is again a depthwise convolution, of dd with the
// kernel turned round; with a stride S its columns fall into S classes, each with taps of its own.
#include "kernel/lanes/dw_both.h"
#include "kernel/lanes/dz_fused.h"
#include "kernel/lanes/input_rows.h"
#include "kernel/lanes/lane_kernels.h"
#include "kernel/lanes/pw_rows.h"
#include "kernel/lanes/upstream.h"

enum { MAX_CLASSES = 8 }; // strides up to this

// Columns w of d_in with (w + pad_left) % stride == one residue.
typedef struct column_class {
    int first, columns; // first such w >= 0, and how many
    int taps, dilation; // taps that reach them, and their distance in dd
    int start;          // column of dd that the first (leftmost) tap reads for w = first; may be negative
    const stp_real *weights; // [channels][k_h][taps], leftmost first
    dw_rows_fn run;
} column_class;

typedef struct backward_plan {
    const stp_window *win;
    input_rows in;
    stp_view d_in;
    const stp_real *w_dw, *w_pw;
    int add, rows_out, columns_out, outputs;
    stp_real *dz, *d;              // a row of dz; of the depthwise result
    dw_rows_fn depthwise;          // makes that
    stp_real *ring;                // column 0 of the first row of dd
    ptrdiff_t ring_row, ring_chan; // zeros lie left and right of each row
    int ring_rows;
    stp_real *acc_dw, *acc_pw, *acc_bias; // lane accumulators, NULL where not wanted
    stp_real *in_sums;
    dw_rows_fn masked; // makes d_in of a rectified input; NULL where that takes a pass of its own
    dw_gradient_fn gradient;
    dw_both_fn both;   // makes d and the depthwise gradient at once; NULL where that does not apply
    dz_fused_fn fused; // makes dz and dd at once; NULL where that does not apply
    int classes;
    column_class class[MAX_CLASSES];
} backward_plan;

static int common_divisor(int a, int b) {
    while (b) {
        const int r = a % b;
        a = b, b = r;
    }
    return a;
}

static stp_real *take(stp_real **scratch, ptrdiff_t vectors) {
    stp_real *p = *scratch;
    *scratch += vectors * LANES;
    return p;
}

static void clear(stp_real *p, ptrdiff_t vectors) {
    for (ptrdiff_t i = 0; i < vectors; i++)
        lane_store(p + i * LANES, lane_zero());
}

static stp_real *take_zeros(stp_real **scratch, ptrdiff_t vectors) {
    stp_real *p = take(scratch, vectors);
    clear(p, vectors);
    return p;
}

// Taps, weights and columns of the class whose first column is `first`.
static void plan_class(backward_plan *plan, column_class *cls, int first, const stp_real *w_dw,
                       stp_real **scratch) {
    const stp_window *win = plan->win;
    const int s = win->stride_w, dil = win->dilation, k_w = win->k_w, k_h = win->k_h;
    const int place = first + win->pad_left + s * k_w * dil; // shifted to be positive, same residue
    cls->first = first;
    cls->columns = (plan->d_in.w - first + s - 1) / s;
    cls->dilation = dil / common_divisor(s, dil);
    cls->taps = 0;
    int taps[64], last = 0;
    for (int j = k_w - 1; j >= 0; j--) // dd's column falls with j: the largest j reads leftmost
        if ((place - j * dil) % s == 0) {
            if (!cls->taps)
                last = j;
            taps[cls->taps++] = j;
        }
    cls->start = (place - last * dil) / s - k_w * dil;
    const int channels = plan->in.in.c;
    stp_real *w = take(scratch, ((ptrdiff_t)channels * k_h * cls->taps + LANES - 1) / LANES);
    cls->weights = w;
    for (int c = 0; c < channels * k_h; c++)
        for (int t = 0; t < cls->taps; t++)
            *w++ = w_dw[c * k_w + taps[t]];
    cls->run = STP_LANE_NAME(stp_dw_rows_pick)(cls->taps, 1, cls->dilation);
}

// The ring: as many rows as reach one row of d_in, each with the zeros that its ends need.
static void plan_ring(backward_plan *plan, stp_real **scratch) {
    const stp_window *win = plan->win;
    const int channels = plan->in.in.c, reach_w = (win->k_w - 1) * win->dilation;
    const int left = (at_least_0(reach_w - win->pad_left) + win->stride_w - 1) / win->stride_w;
    const int right =
        at_least_0(at_least_0(plan->d_in.w - 1 + win->pad_left) / win->stride_w + 1 - plan->columns_out);
    const ptrdiff_t columns = left + plan->columns_out + right;
    ptrdiff_t row = columns * channels;
    // rows 4 KiB apart would fight for one cache set: move them by up to 8 vectors
    while (row * sizeof(lane_vec) % 4096 < 8 * sizeof(lane_vec))
        row++;
    plan->ring_rows = ((win->k_h - 1) * win->dilation + win->stride_h - 1) / win->stride_h + 1;
    plan->ring_chan = columns * LANES;
    plan->ring_row = row * LANES;
    stp_real *from = take(scratch, row * plan->ring_rows);
    plan->ring = from + left * LANES;
    for (int i = 0; i < plan->ring_rows * channels; i++) {
        stp_real *margin = from + i / channels * plan->ring_row + i % channels * plan->ring_chan;
        clear(margin, left);
        clear(margin + (left + plan->columns_out) * LANES, right);
    }
}

static void plan_d_in(backward_plan *plan, const stp_real *w_dw, stp_real **scratch) {
    const int s = plan->win->stride_w;
    for (int first = 0; first < s && first < plan->d_in.w; first++)
        plan_class(plan, &plan->class[plan->classes++], first, w_dw, scratch);
    if (plan->in.rect && s == 1)
        plan->masked = STP_LANE_NAME(stp_dw_masked_pick)(plan->class[0].taps, plan->class[0].dilation);
}

// Row h of d_in through the rectifier, and its sums. Two pairs of them, even and odd columns, so that an
// addition need not wait for the one before.
static void mask_row(const backward_plan *plan, int h) {
    const input_rows *in = &plan->in;
    for (int c = 0; c < in->in.c; c++) {
        const stp_real *z = in->in.p + h * in->in.row + c * in->in.chan;
        stp_real *d = plan->d_in.p + h * plan->d_in.row + c * plan->d_in.chan;
        stp_real *sums = plan->in_sums + c * 2 * LANES;
        const lane_vec scale = lane_set(in->rect->scale[c]), shift = lane_set(in->rect->shift[c]);
        lane_vec s[2] = {lane_zero(), lane_zero()}, q[2] = {lane_zero(), lane_zero()};
        for (int i = 0; i < plan->d_in.w * LANES; i += LANES) {
            const lane_vec x = lane_load(z + i), y = lane_keep(scale * x + shift > 0, lane_load(d + i));
            lane_store(d + i, y);
            const lane_vec s1 = s[0] + y, q1 = q[0] + y * x;
            s[0] = s[1], q[0] = q[1];
            s[1] = s1, q[1] = q1;
        }
        lane_store(sums, lane_load(sums) + (s[0] + s[1]));
        lane_store(sums + LANES, lane_load(sums + LANES) + (q[0] + q[1]));
    }
}

// Row h of d_in, from the rows of dd that reach it.
static void emit_row(const backward_plan *plan, int h) {
    const stp_window *win = plan->win;
    dw_rows job; // field by field: zeros to all of it first would take longer than a row
    job.count = 0;
    job.in_chan = plan->ring_chan;
    job.stride = 1;
    job.out_chan = plan->d_in.chan;
    job.out_step = win->stride_w * LANES;
    job.channels = plan->in.in.c;
    job.add = plan->add;
    job.bias = NULL;
    const stp_real *row[DW_MAX_K];
    int tap[DW_MAX_K];
    for (int i = 0; i < win->k_h; i++) {
        const int place = h + win->pad_top - i * win->dilation;
        if (place < 0 || place % win->stride_h || place / win->stride_h >= plan->rows_out)
            continue;
        row[job.count] = plan->ring + place / win->stride_h % plan->ring_rows * plan->ring_row;
        tap[job.count++] = i;
    }
    if (plan->add && !job.count)
        return;
    const stp_rectifier *rect = plan->in.rect;
    dw_mask mask;
    if (plan->masked)
        mask = (dw_mask){plan->in.in.p + h * plan->in.in.row, plan->in.in.chan, rect->scale, rect->shift,
                         plan->in_sums};
    job.mask = &mask;
    for (int q = 0; q < plan->classes; q++) {
        const column_class *cls = &plan->class[q];
        if (plan->add && !cls->taps)
            continue;
        for (int i = 0; i < job.count; i++) {
            job.rows[i] = row[i] + cls->start * LANES;
            job.weight[i] = cls->weights + tap[i] * cls->taps;
        }
        job.taps = cls->taps;
        job.dilation = cls->dilation;
        job.weight_chan = (ptrdiff_t)win->k_h * cls->taps;
        job.out = plan->d_in.p + h * plan->d_in.row + cls->first * LANES;
        job.columns = cls->columns;
        if (plan->masked)
            plan->masked(&job);
        else
            cls->run(&job);
    }
    if (rect && !plan->masked)
        mask_row(plan, h);
}

static void copy_row(upstream_row from, stp_real *to, ptrdiff_t chan, int channels, int columns) {
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < columns * LANES; i += LANES)
            lane_store(to + c * chan + i, lane_load(from.p + c * from.chan + i));
}

static void add_bias(upstream_row dz, stp_real *acc, int channels, int columns) {
    for (int m = 0; m < channels; m++) {
        lane_vec s = lane_load(acc + m * LANES);
        for (int i = 0; i < columns * LANES; i += LANES)
            s += lane_load(dz.p + m * dz.chan + i);
        lane_store(acc + m * LANES, s);
    }
}

// Row oh of the depthwise result, as forward had it.
static void make_d(const backward_plan *plan, int oh) {
    const stp_window *win = plan->win;
    dw_rows job;
    int first;
    job.count = input_rows_under(&plan->in, oh, -win->pad_left, &first, job.rows);
    job.in_chan = plan->in.chan;
    job.weight_chan = (ptrdiff_t)win->k_h * win->k_w;
    job.taps = win->k_w;
    job.stride = win->stride_w;
    job.dilation = win->dilation;
    job.out = plan->d;
    job.out_chan = (ptrdiff_t)plan->columns_out * LANES;
    job.out_step = LANES;
    job.channels = plan->in.in.c;
    job.columns = plan->columns_out;
    job.add = 0;
    job.bias = NULL;
    for (int i = 0; i < job.count; i++)
        job.weight[i] = plan->w_dw + (first + i) * win->k_w;
    plan->depthwise(&job);
}

// From the row of d that was made before.
static void add_pw_gradient(const backward_plan *plan, upstream_row dz) {
    const pw_gradient job = {.g = dz.p,
                             .g_chan = dz.chan,
                             .x = plan->d,
                             .x_chan = (ptrdiff_t)plan->columns_out * LANES,
                             .acc = plan->acc_pw,
                             .inputs = plan->in.in.c,
                             .outputs = plan->outputs,
                             .columns = plan->columns_out};
    pw_gradient_run(&job);
}

static void make_dd(const backward_plan *plan, upstream_row dz, stp_real *dd) {
    if (!plan->w_pw) {
        copy_row(dz, dd, plan->ring_chan, plan->in.in.c, plan->columns_out);
        return;
    }
    const pw_rows job = {.in = dz.p,
                         .in_chan = dz.chan,
                         .w = plan->w_pw,
                         .w_out = 1,
                         .w_in = plan->in.in.c,
                         .out = dd,
                         .out_chan = plan->ring_chan,
                         .inputs = plan->outputs,
                         .outputs = plan->in.in.c,
                         .columns = plan->columns_out};
    pw_run(&job);
}

// dz (kept where a weight gradient needs it) and dd of row oh in one pass.
static upstream_row make_dz_and_dd(const backward_plan *plan, const stp_upstream *up, int oh, stp_real *dd) {
    const dz_fused job = {.g = up->g.p + oh * up->g.row,
                          .z = up->z.p + oh * up->z.row,
                          .g_chan = up->g.chan,
                          .z_chan = up->z.chan,
                          .a = up->a,
                          .b = up->b,
                          .e = up->e,
                          .w_pw = plan->w_pw,
                          .dz = plan->acc_pw || plan->acc_bias ? plan->dz : NULL,
                          .dd = dd,
                          .dd_chan = plan->ring_chan,
                          .channels = plan->in.in.c,
                          .columns = plan->columns_out};
    plan->fused(&job);
    return (upstream_row){job.dz, (ptrdiff_t)plan->columns_out * LANES};
}

// *first: the first row of the kernel that takes part.
static dw_gradient dw_gradient_of(const backward_plan *plan, const stp_real *dd, int oh, int *first) {
    const stp_window *win = plan->win;
    dw_gradient job;
    job.count = input_rows_under(&plan->in, oh, -win->pad_left, first, job.rows);
    job.g = dd;
    job.g_chan = plan->ring_chan;
    job.in_chan = plan->in.chan;
    job.acc = plan->acc_dw + *first * win->k_w * LANES;
    job.acc_chan = (ptrdiff_t)win->k_h * win->k_w;
    job.taps = win->k_w;
    job.stride = win->stride_w;
    job.dilation = win->dilation;
    job.channels = plan->in.in.c;
    job.columns = plan->columns_out;
    return job;
}

// The gradients of both sets of weights that row oh adds, as far as they are wanted.
static void add_gradients(const backward_plan *plan, upstream_row dz, const stp_real *dd, int oh) {
    int first;
    if (plan->both) {
        dw_both job = {dw_gradient_of(plan, dd, oh, &first), plan->w_dw, plan->d};
        job.weights += first * plan->win->k_w;
        plan->both(&job);
    } else {
        if (plan->acc_dw) {
            const dw_gradient job = dw_gradient_of(plan, dd, oh, &first);
            plan->gradient(&job);
        }
        if (plan->acc_pw)
            make_d(plan, oh);
    }
    if (plan->acc_pw)
        add_pw_gradient(plan, dz);
}

static void run(backward_plan *plan, const stp_upstream *up) {
    const stp_window *win = plan->win;
    int done = 0; // rows of d_in
    for (int oh = 0; oh < plan->rows_out; oh++) {
        if (plan->acc_pw || plan->acc_dw)
            input_rows_reach(&plan->in, oh);
        stp_real *dd = plan->ring ? plan->ring + oh % plan->ring_rows * plan->ring_row : NULL;
        const upstream_row dz =
            plan->fused ? make_dz_and_dd(plan, up, oh, dd)
                        : upstream_make_row(up, oh, plan->dz, (ptrdiff_t)plan->columns_out * LANES);
        if (dd && !plan->fused)
            make_dd(plan, dz, dd);
        if (plan->acc_bias)
            add_bias(dz, plan->acc_bias, plan->outputs, plan->columns_out);
        add_gradients(plan, dz, dd, oh);
        if (!plan->d_in.p)
            continue;
        for (; done < plan->d_in.h && done + win->pad_top < (oh + 1) * win->stride_h; done++)
            emit_row(plan, done);
    }
    for (; plan->d_in.p && done < plan->d_in.h; done++)
        emit_row(plan, done);
}

static void reduce(const stp_real *acc, stp_real *out, ptrdiff_t count) {
    for (ptrdiff_t i = 0; acc && i < count; i++)
        out[i] = lane_sum(lane_load(acc + i * LANES));
}

void STP_LANE_NAME(stp_dwpw_backward)(const stp_window *window, stp_upstream up, stp_view in,
                                      const stp_rectifier *rect, const stp_real *w_dw, const stp_real *w_pw,
                                      stp_view d_in, int add, stp_real *in_sums, stp_real *d_w_dw,
                                      stp_real *d_w_pw, stp_real *d_bias, stp_real *scratch) {
    const ptrdiff_t n_dw = (ptrdiff_t)in.c * window->k_h * window->k_w, n_pw = (ptrdiff_t)in.c * up.g.c;
    backward_plan plan = {.win = window,
                          .d_in = d_in,
                          .w_dw = w_dw,
                          .w_pw = w_pw,
                          .add = add,
                          .rows_out = up.g.h,
                          .columns_out = up.g.w,
                          .outputs = up.g.c,
                          .in_sums = in_sums};
    plan.d_in.w = in.w; // also where d_in is not wanted: the ring's margins are laid out by it
    input_rows_begin(&plan.in, window, in, rect, up.g.h, up.g.w, &scratch);
    if (d_in.p || d_w_dw)
        plan_ring(&plan, &scratch);
    if (d_in.p)
        plan_d_in(&plan, w_dw, &scratch);
    plan.dz = take(&scratch, (ptrdiff_t)up.g.c * up.g.w);
    if (d_w_dw)
        plan.acc_dw = take_zeros(&scratch, n_dw);
    if (d_w_pw && w_pw) {
        plan.acc_pw = take_zeros(&scratch, n_pw);
        plan.d = take(&scratch, (ptrdiff_t)in.c * up.g.w);
        plan.depthwise = STP_LANE_NAME(stp_dw_rows_pick)(window->k_w, window->stride_w, window->dilation);
    }
    if (d_bias)
        plan.acc_bias = take_zeros(&scratch, up.g.c);
    plan.gradient = STP_LANE_NAME(stp_dw_gradient_pick)(window->k_w, window->stride_w, window->dilation);
    if (plan.acc_dw && plan.acc_pw)
        plan.both = STP_LANE_NAME(stp_dw_both_pick)(window->k_w, window->stride_w, window->dilation);
    if (plan.ring && w_pw && up.a)
        plan.fused = STP_LANE_NAME(stp_dz_fused_pick)(up.g.c);
    run(&plan, &up);
    reduce(plan.acc_dw, d_w_dw, n_dw);
    reduce(plan.acc_pw, d_w_pw, n_pw);
    reduce(plan.acc_bias, d_bias, up.g.c);
}
