// Convolution, backward, over chunks of panels that stay in the caches: dz is made into panels like the
// input's; weights transposed times dz is scattered into d_in tap by tap; dz times input is gathered in
// vector accumulators that are summed over lanes at the end, in a fixed order.
#include "kernel/conv_scratch.h"
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

// Channels m0 .. m0+count-1 of dz: out[m][p], zeros after the last pixel and the last channel; d_bias
// (vectors, one a channel, or NULL) gathers their sums.
static void pack_upstream(const stp_upstream *up, const conv_panel *panel, int m0, int count, stp_real *out,
                          stp_real *d_bias) {
    ptrdiff_t g_at[PANEL], z_at[PANEL];
    conv_panel_offsets(panel, up->g, g_at);
    conv_panel_offsets(panel, up->z, z_at);
    for (int m = m0; m < m0 + count; m++, out += PANEL_REALS) {
        const stp_real *g = up->g.p + m * up->g.chan;
        lane_vec sum = lane_zero();
        if (up->a) {
            const stp_real *z = up->z.p + m * up->z.chan;
            lane_vec a = lane_set(up->a[m]), b = lane_set(up->b[m]), e = lane_set(up->e[m]);
            for (int p = 0; p < panel->count; p++) {
                lane_vec dz = a * lane_load(g + g_at[p]) + (b * lane_load(z + z_at[p]) + e);
                lane_store(out + p * LANES, dz);
                sum += dz;
            }
        } else {
            for (int p = 0; p < panel->count; p++) {
                lane_vec dz = lane_load(g + g_at[p]);
                lane_store(out + p * LANES, dz);
                sum += dz;
            }
        }
        for (int p = panel->count; p < PANEL; p++)
            lane_store(out + p * LANES, lane_zero());
        if (d_bias)
            lane_store(d_bias + (m - m0) * LANES, lane_load(d_bias + (m - m0) * LANES) + sum);
    }
}

static void clear_rows(stp_real *out, int from, int to) {
    for (int i = from * PANEL_REALS; i < to * PANEL_REALS; i += LANES)
        lane_store(out + i, lane_zero());
}

// d_in, channels c .. c+rows-1, at the pixels that one tap meets.
LANE_INLINE void backward_data_tile(const conv_job *job, const ptrdiff_t *in_at, const ptrdiff_t *d_at,
                                    int tap, int c, const int rows, const stp_real *dz) {
    lane_vec acc[TILE * PANEL], copy[TILE * PANEL];
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        acc[n] = lane_zero();
    conv_tile(acc, rows, job->up.g.c, dz, job->w + (ptrdiff_t)c * job->taps + tap, job->taps, job->terms);
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        copy[n] = acc[n];
    for (int i = 0; i < rows; i++) {
        const stp_real *x = job->in.p + (c + i) * job->in.chan;
        stp_real *d = job->d_in.p + (c + i) * job->d_in.chan;
        for (int p = 0; p < PANEL; p++) {
            if (in_at[p] < 0)
                continue;
            lane_vec value = copy[i * PANEL + p];
            if (job->relu_in)
                value = lane_keep(lane_load(x + in_at[p]) > 0, value);
            lane_store(d + d_at[p], job->assign ? value : lane_load(d + d_at[p]) + value);
        }
    }
}

static void backward_data(const conv_job *job, const conv_panel *panel, const stp_real *dz) {
    for (int t = 0; t < job->taps; t++) {
        ptrdiff_t in_at[PANEL], d_at[PANEL];
        int i = t / job->window->k_w, j = t % job->window->k_w, c = 0;
        conv_tap_offsets(job->window, panel, i, j, job->in, in_at);
        conv_tap_offsets(job->window, panel, i, j, job->d_in, d_at);
        for (; c + TILE <= job->in.c; c += TILE)
            backward_data_tile(job, in_at, d_at, t, c, TILE, dz);
        for (; c < job->in.c; c++)
            backward_data_tile(job, in_at, d_at, t, c, 1, dz);
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
    int m_rows = round_up(count, GRAD_M), q_rows = round_up(job->terms, GRAD_Q), pixels = g.h * g.w;
    int chunk = conv_chunk_panels(m_rows, q_rows, PANEL);
    stp_real *bias_sums = scratch, *sums = bias_sums + (ptrdiff_t)m_rows * LANES;
    stp_real *dz = sums + (d_w ? (ptrdiff_t)m_rows * q_rows * LANES : 0);
    stp_real *x = dz + (ptrdiff_t)chunk * m_rows * PANEL_REALS;
    for (stp_real *p = bias_sums; p < dz; p += LANES)
        lane_store(p, lane_zero());
    for (int first = 0; first < pixels;) {
        int n = 0;
        for (; n < chunk && first < pixels; n++, first += PANEL) {
            conv_panel panel = conv_panel_at(first, g);
            stp_real *dz_n = dz + (ptrdiff_t)n * m_rows * PANEL_REALS;
            stp_real *x_n = x + (ptrdiff_t)n * q_rows * PANEL_REALS;
            pack_upstream(&job->up, &panel, m0, count, dz_n, d_bias ? bias_sums : NULL);
            if (with_data)
                backward_data(job, &panel, dz_n);
            if (!d_w)
                continue;
            clear_rows(dz_n, count, m_rows);
            conv_pack(job->window, job->relu_in, job->in, &panel, x_n);
            clear_rows(x_n, job->terms, q_rows);
        }
        if (d_w)
            weight_products(sums, n, dz, m_rows, x, q_rows);
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
