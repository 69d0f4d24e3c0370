// Convolution, backward, over chunks of panels that stay in the caches: dz is made into panels like the
// input's; weights transposed times dz is scattered into d_in tap by tap; dz times input is gathered in
// vector accumulators that are summed over lanes at the end, in a fixed order.
#include "kernel/lanes/conv_panel.h"
#include "kernel/lanes/lane_kernels.h"

// Four by four accumulators of a weight gradient fill half of 32 registers; four by two fill half of 16.
enum { GRAD_M = 4, GRAD_Q = LANES >= 16 ? 4 : 2, GRAD_TILE = GRAD_M * GRAD_Q };

typedef struct conv_job {
    const stp_window *window;
    int relu_in;
    stp_upstream up;
    stp_view in, d_in;
    const stp_real *w;
    int taps, terms;
    int assign; // each place of d_in is met once and may be written
} conv_job;

static int round_up(int n, int to) {
    return (n + to - 1) / to * to;
}

// One panel of one channel of dz; returns the sum over its pixels.
LANE_INLINE lane_vec upstream_panel(const stp_upstream *up, int m, const ptrdiff_t *g_at,
                                    const ptrdiff_t *z_at, const int whole, const int folded, stp_real *out) {
    const stp_real *g = up->g.p + m * up->g.chan, *z = folded ? up->z.p + m * up->z.chan : NULL;
    lane_vec a = lane_set(folded ? up->a[m] : 1), b = lane_set(folded ? up->b[m] : 0);
    lane_vec e = lane_set(folded ? up->e[m] : 0), sum = lane_zero();
    STP_UNROLL
    for (int p = 0; p < PANEL; p++) {
        lane_vec dz = lane_zero();
        if (whole || g_at[p] >= 0) {
            dz = lane_load(g + g_at[p]);
            if (folded)
                dz = a * dz + (b * lane_load(z + z_at[p]) + e);
        }
        lane_store(out + p * LANES, dz);
        sum += dz;
    }
    return sum;
}

// Channels m0 .. m0+count-1 of dz as panels `step` reals apart, zeros after the last pixel; d_bias (vectors,
// one a channel, or NULL) gathers their sums.
static void pack_upstream(const stp_upstream *up, const conv_chunk *chunk, int m0, int count, stp_real *out,
                          ptrdiff_t step, stp_real *d_bias) {
    conv_places in_g, in_z;
    conv_places_out(chunk, up->g, &in_g);
    conv_places_out(chunk, up->z, &in_z);
    for (int m = 0; m < count; m++, out += PANEL_REALS) {
        lane_vec sum = lane_zero();
        for (int n = 0; n < chunk->panels; n++) {
            const ptrdiff_t *g_at = in_g.at + n * PANEL, *z_at = in_z.at + n * PANEL;
            if (!in_g.whole[n])
                sum += up->a ? upstream_panel(up, m0 + m, g_at, z_at, 0, 1, out + n * step)
                             : upstream_panel(up, m0 + m, g_at, z_at, 0, 0, out + n * step);
            else
                sum += up->a ? upstream_panel(up, m0 + m, g_at, z_at, 1, 1, out + n * step)
                             : upstream_panel(up, m0 + m, g_at, z_at, 1, 0, out + n * step);
        }
        if (d_bias)
            lane_store(d_bias + m * LANES, lane_load(d_bias + m * LANES) + sum);
    }
}

// Zeros to rows from .. to-1 of every panel, which fill up the last tile.
static void clear_rows(stp_real *out, int panels, ptrdiff_t step, int from, int to) {
    for (int n = 0; n < panels; n++)
        for (int i = from * PANEL_REALS; i < to * PANEL_REALS; i += LANES)
            lane_store(out + n * step + i, lane_zero());
}

typedef struct data_target {
    stp_real *d;          // the first of the tile's channels in d_in
    ptrdiff_t chan;       // from channel to channel there
    const ptrdiff_t *at;  // the panel's pixels in it
    const stp_real *mask; // its panel of input, rectified, or NULL
    ptrdiff_t mask_row;   // from channel to channel there
    int whole, assign;
} data_target;

LANE_INLINE void data_store(const data_target *to, const int i, const int p, lane_vec value, const int mask,
                            const int assign) {
    stp_real *d = to->d + i * to->chan + to->at[p];
    if (mask)
        value = lane_keep(lane_load(to->mask + i * to->mask_row + p * LANES) > 0, value);
    lane_store(d, assign ? value : lane_load(d) + value);
}

LANE_INLINE void data_store_whole(const data_target *to, const int rows, const lane_vec *acc, const int mask,
                                  const int assign) {
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        data_store(to, n / PANEL, n % PANEL, acc[n], mask, assign);
}

// d_in, channels c .. c+rows-1, at the pixels of a panel that one tap meets.
LANE_INLINE void data_tile(const conv_job *job, const data_target *to, int tap, int c, const int rows,
                           const stp_real *dz) {
    lane_vec acc[TILE * PANEL], copy[TILE * PANEL];
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        acc[n] = lane_zero();
    conv_tile(acc, rows, job->up.g.c, dz, job->w + (ptrdiff_t)c * job->taps + tap, job->taps, job->terms);
    if (to->whole && to->mask && to->assign)
        data_store_whole(to, rows, acc, 1, 1);
    else if (to->whole && to->mask)
        data_store_whole(to, rows, acc, 1, 0);
    else if (to->whole && to->assign)
        data_store_whole(to, rows, acc, 0, 1);
    else if (to->whole)
        data_store_whole(to, rows, acc, 0, 0);
    else {
        STP_UNROLL
        for (int n = 0; n < rows * PANEL; n++)
            copy[n] = acc[n];
        for (int i = 0; i < rows; i++)
            for (int p = 0; p < PANEL; p++)
                if (to->at[p] >= 0)
                    data_store(to, i, p, copy[i * PANEL + p], to->mask != NULL, to->assign);
    }
}

// x: the chunk's panels of input for the mask (NULL: none), x_step apart.
static void backward_data(const conv_job *job, const conv_chunk *chunk, const stp_real *dz, ptrdiff_t dz_step,
                          const stp_real *x, ptrdiff_t x_step) {
    conv_places places;
    for (int t = 0; t < job->taps; t++) {
        conv_places_in(chunk, job->window, t / job->window->k_w, t % job->window->k_w, job->d_in, &places);
        for (int c = 0; c < job->in.c; c += TILE)
            for (int n = 0; n < chunk->panels; n++) {
                data_target to = {job->d_in.p + c * job->d_in.chan,
                                  job->d_in.chan,
                                  places.at + n * PANEL,
                                  NULL,
                                  (ptrdiff_t)job->taps * PANEL_REALS,
                                  places.whole[n],
                                  job->assign};
                if (x)
                    to.mask = x + n * x_step + (ptrdiff_t)(c * job->taps + t) * PANEL_REALS;
                if (c + TILE <= job->in.c) {
                    data_tile(job, &to, t, c, TILE, dz + n * dz_step);
                    continue;
                }
                for (int k = c; k < job->in.c; k++) {
                    data_tile(job, &to, t, k, 1, dz + n * dz_step);
                    to.d += to.chan;
                    to.mask = x ? to.mask + to.mask_row : NULL;
                }
            }
    }
}

// One tile of accumulators over `panels` panels: acc[i][j] += sum over pixels of dz[i] * x[j].
LANE_INLINE void weight_tile(stp_real *sums, int panels, const stp_real *dz, ptrdiff_t dz_panel,
                             const stp_real *x, ptrdiff_t x_panel) {
    lane_vec acc[GRAD_TILE];
    STP_UNROLL
    for (int n = 0; n < GRAD_TILE; n++)
        acc[n] = lane_load(sums + n * LANES);
    for (int k = 0; k < panels; k++, dz += dz_panel, x += x_panel)
        for (int p = 0; p < PANEL_REALS; p += LANES) {
            lane_vec left[GRAD_M], right[GRAD_Q];
            STP_UNROLL
            for (int i = 0; i < GRAD_M; i++)
                left[i] = lane_load(dz + i * PANEL_REALS + p);
            STP_UNROLL
            for (int j = 0; j < GRAD_Q; j++)
                right[j] = lane_load(x + j * PANEL_REALS + p);
            STP_UNROLL
            for (int n = 0; n < GRAD_TILE; n++)
                acc[n] += left[n / GRAD_Q] * right[n % GRAD_Q];
        }
    STP_UNROLL
    for (int n = 0; n < GRAD_TILE; n++)
        lane_store(sums + n * LANES, acc[n]);
}

// Terms go in blocks whose panels share the first-level cache with a tile of dz.
static void weight_products(stp_real *sums, int panels, const stp_real *dz, int m_rows, const stp_real *x,
                            int q_rows) {
    enum { BLOCK = 16 };
    ptrdiff_t dz_panel = (ptrdiff_t)m_rows * PANEL_REALS, x_panel = (ptrdiff_t)q_rows * PANEL_REALS;
    for (int q0 = 0; q0 < q_rows; q0 += BLOCK) {
        int q1 = q0 + BLOCK < q_rows ? q0 + BLOCK : q_rows;
        for (int m = 0; m < m_rows; m += GRAD_M)
            for (int q = q0; q < q1; q += GRAD_Q)
                weight_tile(sums + ((ptrdiff_t)m * q_rows + q * GRAD_M) * LANES, panels, dz + m * PANEL_REALS,
                            dz_panel, x + q * PANEL_REALS, x_panel);
    }
}

// Tiles of vectors to d_w[m][q]; `sums` holds tile after tile, rows of GRAD_Q in each.
static void weights_out(const stp_real *sums, int m_count, int q_rows, int terms, stp_real *d_w) {
    for (int m = 0; m < m_count; m++)
        for (int q = 0; q < terms; q++) {
            ptrdiff_t tile = (ptrdiff_t)(m / GRAD_M * GRAD_M) * q_rows + q / GRAD_Q * GRAD_Q * GRAD_M;
            d_w[(ptrdiff_t)m * terms + q] =
                lane_sum(lane_load(sums + (tile + m % GRAD_M * GRAD_Q + q % GRAD_Q) * LANES));
        }
}

// Channels m0 .. m0+count-1 of the output: their weight gradients; with_data: d_in as well (all channels
// then).
static void backward_pass(const conv_job *job, int m0, int count, int with_data, stp_real *d_w,
                          stp_real *d_bias, stp_real *scratch) {
    stp_view g = job->up.g;
    int m_rows = round_up(count, GRAD_M), q_rows = round_up(job->terms, GRAD_Q);
    int panels = conv_chunk_panels(m_rows, q_rows, PANEL), with_mask = with_data && job->relu_in;
    ptrdiff_t dz_step = (ptrdiff_t)m_rows * PANEL_REALS, x_step = (ptrdiff_t)q_rows * PANEL_REALS;
    stp_real *bias_sums = scratch, *sums = bias_sums + (ptrdiff_t)m_rows * LANES;
    stp_real *dz = sums + (d_w ? (ptrdiff_t)m_rows * q_rows * LANES : 0), *x = dz + panels * dz_step;
    for (stp_real *p = bias_sums; p < dz; p += LANES)
        lane_store(p, lane_zero());
    conv_chunk chunk;
    for (int first = 0; first < g.h * g.w;) {
        first = conv_chunk_at(&chunk, first, panels, g);
        pack_upstream(&job->up, &chunk, m0, count, dz, dz_step, d_bias ? bias_sums : NULL);
        if (d_w || with_mask)
            conv_pack(job->window, job->relu_in, job->in, &chunk, x, x_step);
        if (with_data)
            backward_data(job, &chunk, dz, dz_step, with_mask ? x : NULL, x_step);
        if (!d_w)
            continue;
        clear_rows(dz, chunk.panels, dz_step, count, m_rows);
        clear_rows(x, chunk.panels, x_step, job->terms, q_rows);
        weight_products(sums, chunk.panels, dz, m_rows, x, q_rows);
    }
    if (d_w)
        weights_out(sums, count, q_rows, job->terms, d_w + (ptrdiff_t)m0 * job->terms);
    if (d_bias)
        for (int m = 0; m < count; m++)
            d_bias[m0 + m] = lane_sum(lane_load(bias_sums + m * LANES));
}

static void clear_view(stp_view view) {
    for (int h = 0; h < view.h; h++)
        for (int c = 0; c < view.c; c++)
            for (int i = 0; i < view.w * LANES; i += LANES)
                lane_store(view.p + h * view.row + c * view.chan + i, lane_zero());
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
    conv_job job = {window, relu_in, up, in, d_in, w, taps, in.c * taps, 0};
    job.assign = !add && is_pointwise(window, in, up.g);
    int with_data = d_in.p != NULL;
    if (with_data && !add && !job.assign)
        clear_view(d_in);
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
