// Convolution, backward, over chunks of panels that stay in the caches: weights transposed times dz goes to
// d_in tap by tap; dz times input goes to the weight gradients. What a product reads first, it makes: panels
// of dz come from g and z under the first tile, those of a pointwise input under the masks of d_in, so that
// memory answers while products are computed.
#include "kernel/lanes/conv_upstream.h"
#include "kernel/lanes/conv_weights.h"
#include "kernel/lanes/lane_kernels.h"

typedef struct conv_job {
    const stp_window *window;
    int relu_in;
    stp_upstream up;
    stp_view in, d_in;
    const stp_real *w;
    int taps, terms;
    conv_agenda *ahead;
    int assign; // each place of d_in is met once and may be written
} conv_job;

// What is under work: a chunk, its panels and where they come from.
typedef struct conv_work {
    const conv_job *job;
    conv_upstream from;
    conv_places in, d_in; // of one tap
    stp_real *dz, *x;
    ptrdiff_t dz_step, x_step; // from panel to panel
    int make_dz, make_x;       // the panels are made by the data tiles: on their first tap
    int mask;                  // the input decides what reaches d_in
} conv_work;

static int round_up(int n, int to) {
    return (n + to - 1) / to * to;
}

// Zeros to rows from .. to-1 of every panel, which fill up the last tile.
static void clear_rows(stp_real *out, int panels, ptrdiff_t step, int from, int to) {
    for (int n = 0; n < panels; n++)
        for (int i = from * PANEL_REALS; i < to * PANEL_REALS; i += LANES)
            lane_store(out + n * step + i, lane_zero());
}

// One tile of d_in: where it goes, the input that masks it, and the panel rows that are made of that.
typedef struct data_target {
    stp_real *d;
    const stp_real *x;
    stp_real *panel; // or NULL
    const ptrdiff_t *d_at, *x_at;
    ptrdiff_t d_chan, x_chan;
    int relu, mask, assign;
} data_target;

LANE_INLINE lane_vec target_input(const data_target *to, const int i, const int p) {
    return lane_load(to->x + i * to->x_chan + to->x_at[p]);
}

// A whole tile, in passes over the registers: one branch a pass.
LANE_INLINE void data_store_whole(const data_target *to, lane_vec *acc) {
    enum { N = TILE * PANEL };
    if (to->panel && to->relu) {
        STP_UNROLL
        for (int n = 0; n < N; n++) {
            lane_vec x = target_input(to, n / PANEL, n % PANEL);
            acc[n] = lane_keep(x > 0, acc[n]);
            lane_store(to->panel + n * LANES, lane_relu(x));
        }
    } else if (to->panel) {
        STP_UNROLL
        for (int n = 0; n < N; n++)
            lane_store(to->panel + n * LANES, target_input(to, n / PANEL, n % PANEL));
    } else if (to->mask) {
        STP_UNROLL
        for (int n = 0; n < N; n++)
            acc[n] = lane_keep(target_input(to, n / PANEL, n % PANEL) > 0, acc[n]);
    }
    if (!to->assign) {
        STP_UNROLL
        for (int n = 0; n < N; n++)
            acc[n] += lane_load(to->d + n / PANEL * to->d_chan + to->d_at[n % PANEL]);
    }
    STP_UNROLL
    for (int n = 0; n < N; n++)
        lane_store(to->d + n / PANEL * to->d_chan + to->d_at[n % PANEL], acc[n]);
}

// The same where pixels or channels are missing, from a copy in memory.
static void data_store_part(const data_target *to, int rows, const lane_vec *value) {
    for (int i = 0; i < rows; i++)
        for (int p = 0; p < PANEL; p++) {
            lane_vec x = lane_zero(), v = value[i * PANEL + p];
            if (to->d_at[p] >= 0) {
                stp_real *d = to->d + i * to->d_chan + to->d_at[p];
                if (to->mask || to->panel)
                    x = target_input(to, i, p);
                v = to->mask ? lane_keep(x > 0, v) : v;
                lane_store(d, to->assign ? v : lane_load(d) + v);
            }
            if (to->panel)
                lane_store(to->panel + (i * PANEL + p) * LANES, to->relu ? lane_relu(x) : x);
        }
}

LANE_INLINE void data_tile(const conv_work *work, int n, int tap, int c, const int rows,
                           const data_target *to) {
    const conv_job *job = work->job;
    const stp_real *w = job->w + (ptrdiff_t)c * job->taps + tap;
    stp_real *dz = work->dz + n * work->dz_step;
    int make = work->make_dz && tap == 0 && c == 0 && work->from.g.whole[n];
    // asked for before there are accumulators, which a call would drive out of their registers
    const conv_ahead ahead = conv_agenda_take(job->ahead, make ? 0 : job->up.g.c);
    lane_vec acc[TILE * PANEL], copy[TILE * PANEL];
    STP_UNROLL
    for (int k = 0; k < rows * PANEL; k++)
        acc[k] = lane_zero();
    if (!make)
        conv_tile(acc, rows, job->up.g.c, dz, w, job->taps, job->terms, ahead, AHEAD_BACKWARD);
    else if (job->up.a)
        conv_tile_upstream(acc, rows, &work->from, n, dz, w, job->taps, job->terms, 1);
    else
        conv_tile_upstream(acc, rows, &work->from, n, dz, w, job->taps, job->terms, 0);
    if (rows == TILE && work->d_in.whole[n]) {
        data_store_whole(to, acc);
        return;
    }
    STP_UNROLL
    for (int k = 0; k < rows * PANEL; k++)
        copy[k] = acc[k];
    data_store_part(to, rows, copy);
}

// TILE channels of panel n of d_in, or what is left of them.
static void data_channels(const conv_work *work, int n, int tap, int c) {
    static const ptrdiff_t in_panel[5] = {0, LANES, 2 * LANES, 3 * LANES, 4 * LANES}; // PANEL of them
    const conv_job *job = work->job;
    data_target to = {.d = job->d_in.p + c * job->d_in.chan,
                      .d_at = work->d_in.at + n * PANEL,
                      .d_chan = job->d_in.chan,
                      .x = job->in.p + c * job->in.chan,
                      .x_at = work->in.at + n * PANEL,
                      .x_chan = job->in.chan,
                      .relu = job->relu_in,
                      .mask = work->mask,
                      .assign = job->assign};
    stp_real *row = work->x + n * work->x_step + (ptrdiff_t)(c * job->taps + tap) * PANEL_REALS;
    if (job->taps > 1) { // its panel was made before: for it, the input is already where the product needs it
        to.x = row;
        to.x_at = in_panel;
        to.x_chan = (ptrdiff_t)job->taps * PANEL_REALS;
    } else if (work->make_x)
        to.panel = row;
    if (c + TILE <= job->in.c) {
        data_tile(work, n, tap, c, TILE, &to);
        return;
    }
    for (; c < job->in.c; c++) {
        data_tile(work, n, tap, c, 1, &to);
        to.d += to.d_chan;
        to.x += to.x_chan;
        to.panel = to.panel ? to.panel + PANEL_REALS : NULL;
    }
}

static void backward_data(conv_work *work, const conv_chunk *chunk) {
    const conv_job *job = work->job;
    for (int t = 0; t < job->taps; t++) {
        int i = t / job->window->k_w, j = t % job->window->k_w;
        conv_places_in(chunk, job->window, i, j, job->d_in, &work->d_in);
        if (job->taps == 1)
            conv_places_in(chunk, job->window, i, j, job->in, &work->in);
        if (chunk->panels * job->up.g.c * PANEL <= CONV_NEAR_VECTORS) {
            // All panels stay near: visit d_in in long runs.
            for (int c = 0; c < job->in.c; c += TILE)
                for (int n = 0; n < chunk->panels; n++)
                    data_channels(work, n, t, c);
            continue;
        }
        for (int n = 0; n < chunk->panels; n++)
            for (int c = 0; c < job->in.c; c += TILE)
                data_channels(work, n, t, c);
    }
}

// What the next chunk will read and write, spread over this one's tiles.
static void look_ahead(const conv_job *job, const conv_work *work, const conv_chunk *next, int with_data,
                       int with_weights, int m0, int count, int panels) {
    const stp_upstream *up = &job->up;
    conv_agenda *ahead = job->ahead;
    conv_agenda_begin(ahead, next, work->dz, with_weights ? AHEAD_BACKWARD : AHEAD_FORWARD);
    conv_agenda_add(ahead, NULL, stp_view_channels(up->g, m0, count));
    if (up->a)
        conv_agenda_add(ahead, NULL, stp_view_channels(up->z, m0, count));
    if (job->taps == 1 && (with_weights || job->relu_in))
        conv_agenda_add(ahead, job->window, job->in);
    if (job->taps == 1 && with_data)
        conv_agenda_add(ahead, job->window, job->d_in);
    int steps = 0;
    if (with_data)
        steps += panels * (job->taps * (job->in.c / TILE) - work->make_dz) * count;
    if (with_weights)
        steps += count / GRAD_M * (job->terms / GRAD_Q) * panels * PANEL;
    conv_agenda_spread(ahead, steps);
}

// Channels m0 .. m0+count-1 of the output: their weight gradients; with_data: d_in as well (all channels
// then).
static void backward_pass(const conv_job *job, int m0, int count, int with_data, stp_real *d_w,
                          stp_real *d_bias, stp_real *scratch) {
    stp_view g = job->up.g;
    int m_rows = round_up(count, GRAD_M), q_rows = round_up(job->terms, GRAD_Q);
    int pixels = conv_chunk_pixels(BACKWARD_PIXELS, PANEL, g.w);
    int panels = conv_chunk_panels(m_rows + q_rows, PANEL, pixels, CONV_CHUNK_VECTORS);
    int block = conv_weight_block(panels * PANEL);
    stp_real *bias_sums = scratch, *sums = bias_sums + (ptrdiff_t)m_rows * LANES;
    conv_work work = {.job = job,
                      .dz = sums + (d_w ? (ptrdiff_t)m_rows * q_rows * LANES : 0),
                      .dz_step = conv_panel_vectors(m_rows, PANEL) * LANES,
                      .x_step = conv_panel_vectors(q_rows, PANEL) * LANES,
                      // under one lone channel there is nothing to hide it behind
                      .make_dz = with_data && !d_bias && job->in.c >= TILE,
                      .make_x = with_data && d_w && job->taps == 1,
                      .mask = with_data && job->relu_in};
    work.x = work.dz + panels * work.dz_step;
    for (stp_real *p = bias_sums; p < work.dz; p += LANES)
        lane_store(p, lane_zero());
    conv_chunk chunk = conv_chunk_at(0, panels, g), next;
    for (int first = 0; chunk.count; chunk = next) {
        first += chunk.count;
        next = conv_chunk_at(first, panels, g);
        look_ahead(job, &work, &next, with_data, d_w != NULL, m0, count, chunk.panels);
        conv_upstream_at(&job->up, &chunk, &work.from);
        for (int n = 0; n < chunk.panels; n++)
            if (!work.make_dz || !work.from.g.whole[n])
                conv_pack_upstream(&work.from, n, m0, count, work.dz + n * work.dz_step,
                                   d_bias ? bias_sums : NULL);
        if ((d_w && !work.make_x) || (work.mask && job->taps > 1))
            conv_pack(job->window, job->relu_in, job->in, &chunk, work.x, work.x_step);
        if (with_data)
            backward_data(&work, &chunk);
        if (!d_w)
            continue;
        clear_rows(work.dz, chunk.panels, work.dz_step, count, m_rows);
        clear_rows(work.x, chunk.panels, work.x_step, job->terms, q_rows);
        conv_weight_products(job->ahead, sums, chunk.panels, work.dz, m_rows, work.x, q_rows, block);
    }
    if (d_w)
        conv_weights_out(sums, count, job->terms, block, d_w + (ptrdiff_t)m0 * job->terms);
    if (d_bias)
        lane_sums(bias_sums, count, d_bias + m0);
}

// A pointwise convolution meets every input pixel exactly once.
static int is_pointwise(const stp_window *window, stp_view in, stp_view out) {
    return window->k_h == 1 && window->k_w == 1 && window->stride_h == 1 && window->stride_w == 1 &&
           window->pad_top == 0 && window->pad_left == 0 && in.h == out.h && in.w == out.w;
}

void STP_LANE_NAME(stp_conv_backward)(const stp_window *window, int relu_in, stp_upstream up, stp_view in,
                                      const stp_real *w, stp_view d_in, int add, stp_real *d_w,
                                      stp_real *d_bias, stp_real *scratch) {
    int taps = window->k_h * window->k_w, outputs = up.g.c;
    conv_agenda ahead;
    conv_job job = {window, relu_in, up, in, d_in, w, taps, in.c * taps, &ahead, 0};
    job.assign = !add && is_pointwise(window, in, up.g);
    int with_data = d_in.p != NULL;
    if (with_data && !add && !job.assign)
        lane_clear_view(d_in);
    int together = d_w ? conv_pass_channels(round_up(job.terms, GRAD_Q)) : outputs;
    if (together >= outputs) {
        backward_pass(&job, 0, outputs, with_data, d_w, d_bias, scratch);
        return;
    }
    // Too many accumulators at once: the data first, then the weights of some output channels after others.
    if (with_data)
        backward_pass(&job, 0, outputs, 1, NULL, NULL, scratch);
    for (int m = 0; m < outputs; m += together)
        backward_pass(&job, m, outputs - m < together ? outputs - m : together, 0, d_w, d_bias, scratch);
}
