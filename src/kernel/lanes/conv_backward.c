// Convolution, backward, over chunks of panels that stay in the caches: dz is made into panels like the
// input's; weights transposed times dz is scattered into d_in tap by tap; dz times input is gathered in
// vector accumulators that are summed over lanes at the end, in a fixed order.
#include "kernel/lanes/conv_agenda.h"
#include "kernel/lanes/conv_panel.h"
#include "kernel/lanes/lane_kernels.h"
#include "kernel/lanes/lane_sums.h"

// Four by four accumulators of a weight gradient fill half of 32 registers; four by two fill half of 16.
enum { GRAD_M = 4, GRAD_Q = LANES >= 16 ? 4 : 2, GRAD_TILE = GRAD_M * GRAD_Q };

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
    conv_tile(acc, rows, job->up.g.c, dz, job->w + (ptrdiff_t)c * job->taps + tap, job->taps, job->terms,
              conv_ahead_none(dz));
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

// TILE channels of panel n of d_in, or what is left of them; x: the panel of input for the mask, or NULL.
static void data_channels(const conv_job *job, const conv_places *places, int n, int tap, int c,
                          const stp_real *dz, const stp_real *x) {
    data_target to = {job->d_in.p + c * job->d_in.chan,
                      job->d_in.chan,
                      places->at + n * PANEL,
                      NULL,
                      (ptrdiff_t)job->taps * PANEL_REALS,
                      places->whole[n],
                      job->assign};
    if (x)
        to.mask = x + (ptrdiff_t)(c * job->taps + tap) * PANEL_REALS;
    conv_agenda_fetch(job->ahead);
    if (c + TILE <= job->in.c) {
        data_tile(job, &to, tap, c, TILE, dz);
        return;
    }
    for (; c < job->in.c; c++) {
        data_tile(job, &to, tap, c, 1, dz);
        to.d += to.chan;
        to.mask = x ? to.mask + to.mask_row : NULL;
    }
}

// x: the chunk's panels of input for the mask (NULL: none), x_step apart.
static void backward_data(const conv_job *job, const conv_chunk *chunk, const stp_real *dz, ptrdiff_t dz_step,
                          const stp_real *x, ptrdiff_t x_step) {
    conv_places places;
    for (int t = 0; t < job->taps; t++) {
        conv_places_in(chunk, job->window, t / job->window->k_w, t % job->window->k_w, job->d_in, &places);
        if (chunk->panels * job->up.g.c * PANEL <= CONV_NEAR_VECTORS) {
            // All panels stay near: visit d_in in long runs.
            for (int c = 0; c < job->in.c; c += TILE)
                for (int n = 0; n < chunk->panels; n++)
                    data_channels(job, &places, n, t, c, dz + n * dz_step, x ? x + n * x_step : NULL);
            continue;
        }
        for (int n = 0; n < chunk->panels; n++)
            for (int c = 0; c < job->in.c; c += TILE)
                data_channels(job, &places, n, t, c, dz + n * dz_step, x ? x + n * x_step : NULL);
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
static void weight_products(conv_agenda *ahead, stp_real *sums, int panels, const stp_real *dz, int m_rows,
                            const stp_real *x, int q_rows) {
    enum { BLOCK = 16 };
    ptrdiff_t dz_panel = (ptrdiff_t)m_rows * PANEL_REALS, x_panel = (ptrdiff_t)q_rows * PANEL_REALS;
    for (int q0 = 0; q0 < q_rows; q0 += BLOCK) {
        int q1 = q0 + BLOCK < q_rows ? q0 + BLOCK : q_rows;
        for (int m = 0; m < m_rows; m += GRAD_M)
            for (int q = q0; q < q1; q += GRAD_Q) {
                conv_agenda_fetch(ahead);
                weight_tile(sums + ((ptrdiff_t)m * q_rows + q * GRAD_M) * LANES, panels, dz + m * PANEL_REALS,
                            dz_panel, x + q * PANEL_REALS, x_panel);
            }
    }
}

// Tiles of vectors to d_w[m][q]; `sums` holds tile after tile, rows of GRAD_Q in each.
static void weights_out(const stp_real *sums, int m_count, int terms, stp_real *d_w) {
    for (int m = 0; m < m_count; m += GRAD_M)
        for (int q = 0; q < terms; q += GRAD_Q, sums += GRAD_TILE * LANES) {
            stp_real tile[GRAD_TILE];
            lane_sums(sums, GRAD_TILE, tile);
            for (int i = 0; i < GRAD_M && m + i < m_count; i++)
                for (int j = 0; j < GRAD_Q && q + j < terms; j++)
                    d_w[(ptrdiff_t)(m + i) * terms + q + j] = tile[i * GRAD_Q + j];
        }
}

// What the next chunk will read, spread over this one's tiles.
static void look_ahead(const conv_job *job, const conv_chunk *next, int with_data, int with_weights, int m0,
                       int count, int panels) {
    const stp_upstream *up = &job->up;
    conv_agenda *ahead = job->ahead;
    conv_agenda_begin(ahead, next);
    conv_places_out(next, up->g, conv_agenda_add(ahead, up->g.p + m0 * up->g.chan, up->g.chan, count));
    if (up->a)
        conv_places_out(next, up->z, conv_agenda_add(ahead, up->z.p + m0 * up->z.chan, up->z.chan, count));
    if (job->taps == 1 && (with_weights || job->relu_in))
        conv_places_in(next, job->window, 0, 0, job->in,
                       conv_agenda_add(ahead, job->in.p, job->in.chan, job->in.c));
    if (job->taps == 1 && with_data && !job->assign)
        conv_places_in(next, job->window, 0, 0, job->d_in,
                       conv_agenda_add(ahead, job->d_in.p, job->d_in.chan, job->in.c));
    int tiles = 0;
    if (with_data)
        tiles += job->taps * panels * ((job->in.c + TILE - 1) / TILE);
    if (with_weights)
        tiles += (count + GRAD_M - 1) / GRAD_M * ((job->terms + GRAD_Q - 1) / GRAD_Q);
    conv_agenda_spread(ahead, tiles ? tiles : 1);
}

// Channels m0 .. m0+count-1 of the output: their weight gradients; with_data: d_in as well (all channels
// then).
static void backward_pass(const conv_job *job, int m0, int count, int with_data, stp_real *d_w,
                          stp_real *d_bias, stp_real *scratch) {
    stp_view g = job->up.g;
    int m_rows = round_up(count, GRAD_M), q_rows = round_up(job->terms, GRAD_Q);
    int panels = conv_chunk_panels(m_rows + q_rows, PANEL, CONV_BACK_PIXELS, CONV_CHUNK_VECTORS),
        with_mask = with_data && job->relu_in;
    ptrdiff_t dz_step = (ptrdiff_t)m_rows * PANEL_REALS, x_step = (ptrdiff_t)q_rows * PANEL_REALS;
    stp_real *bias_sums = scratch, *sums = bias_sums + (ptrdiff_t)m_rows * LANES;
    stp_real *dz = sums + (d_w ? (ptrdiff_t)m_rows * q_rows * LANES : 0), *x = dz + panels * dz_step;
    for (stp_real *p = bias_sums; p < dz; p += LANES)
        lane_store(p, lane_zero());
    conv_chunk chunk = conv_chunk_at(0, panels, g), next;
    for (int first = 0; chunk.count; chunk = next) {
        first += chunk.count;
        next = conv_chunk_at(first, panels, g);
        look_ahead(job, &next, with_data, d_w != NULL, m0, count, panels);
        pack_upstream(&job->up, &chunk, m0, count, dz, dz_step, d_bias ? bias_sums : NULL);
        if (d_w || with_mask)
            conv_pack(job->window, job->relu_in, job->in, &chunk, x, x_step);
        if (with_data)
            backward_data(job, &chunk, dz, dz_step, with_mask ? x : NULL, x_step);
        if (!d_w)
            continue;
        clear_rows(dz, chunk.panels, dz_step, count, m_rows);
        clear_rows(x, chunk.panels, x_step, job->terms, q_rows);
        weight_products(job->ahead, sums, chunk.panels, dz, m_rows, x, q_rows);
    }
    if (d_w)
        weights_out(sums, count, job->terms, d_w + (ptrdiff_t)m0 * job->terms);
    if (d_bias)
        lane_sums(bias_sums, count, d_bias + m0);
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
    conv_agenda ahead;
    conv_job job = {window, relu_in, up, in, d_in, w, taps, in.c * taps, &ahead, 0};
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
