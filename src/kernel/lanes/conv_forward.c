// Convolution, forward: pack a panel of input, multiply it by the weights of TILE output channels at a time,
// and take the sums of batch statistics while the results are still in registers.
#include "kernel/lanes/conv_agenda.h"
#include "kernel/lanes/lane_kernels.h"

typedef struct conv_job {
    stp_view in, z;
    const stp_real *w, *bias;
    stp_real *sums, *x; // x: the chunk's panels
    int terms, relu_in;
    conv_agenda *ahead;
} conv_job;

// A panel and where it goes.
typedef struct conv_target {
    stp_view z;
    stp_real *sums;
    const ptrdiff_t *at; // the panel's pixels in z; -1 after the last
    int whole;
    stp_real *x;           // the panel of input,
    const ptrdiff_t *from; // to be made by the first tile from these places, or NULL: made
} conv_target;

LANE_INLINE void add_sums(stp_real *sums, lane_vec sum, lane_vec square) {
    lane_store(sums, lane_load(sums) + sum);
    lane_store(sums + LANES, lane_load(sums + LANES) + square);
}

// A whole panel of `rows` channels, straight from registers.
LANE_INLINE void store_whole(const conv_target *to, int m, const int rows, const lane_vec *acc) {
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        lane_store(to->z.p + (m + n / PANEL) * to->z.chan + to->at[n % PANEL], acc[n]);
    if (!to->sums)
        return;
    lane_vec sum[TILE], square[TILE];
    STP_UNROLL
    for (int i = 0; i < rows; i++) {
        sum[i] = acc[i * PANEL];
        square[i] = acc[i * PANEL] * acc[i * PANEL];
    }
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++) {
        if (n % PANEL == 0)
            continue;
        sum[n / PANEL] += acc[n];
        square[n / PANEL] += acc[n] * acc[n];
    }
    STP_UNROLL
    for (int i = 0; i < rows; i++)
        add_sums(to->sums + (ptrdiff_t)(m + i) * 2 * LANES, sum[i], square[i]);
}

// The last panel, of which only some pixels exist. The loops run over a copy in memory, so that acc stays
// in registers everywhere else.
LANE_INLINE void store_part(const conv_target *to, int m, const int rows, const lane_vec *acc) {
    lane_vec copy[TILE * PANEL];
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        copy[n] = acc[n];
    for (int i = 0; i < rows; i++) {
        lane_vec sum = lane_zero(), square = lane_zero();
        for (int p = 0; p < PANEL && to->at[p] >= 0; p++) {
            lane_vec x = copy[i * PANEL + p];
            lane_store(to->z.p + (m + i) * to->z.chan + to->at[p], x);
            sum += x;
            square += x * x;
        }
        if (to->sums)
            add_sums(to->sums + (ptrdiff_t)(m + i) * 2 * LANES, sum, square);
    }
}

LANE_INLINE void forward_tile(const conv_job *job, const conv_target *to, int m, const int rows) {
    int make = m == 0 && to->from;
    // asked for before there are accumulators, which a call would drive out of their registers
    const conv_ahead ahead = conv_agenda_take(job->ahead, make ? 0 : job->terms);
    lane_vec acc[TILE * PANEL];
    STP_UNROLL
    for (int n = 0; n < rows * PANEL; n++)
        acc[n] = lane_set(job->bias ? job->bias[m + n / PANEL] : 0);
    const stp_real *w = job->w + (ptrdiff_t)m * job->terms;
    if (!make)
        conv_tile(acc, rows, job->terms, to->x, w, job->terms, 1, ahead, AHEAD_FORWARD);
    else if (job->relu_in)
        conv_tile_first(acc, rows, job->terms, job->in.p, job->in.chan, to->from, 1, to->x, w, job->terms, 1);
    else
        conv_tile_first(acc, rows, job->terms, job->in.p, job->in.chan, to->from, 0, to->x, w, job->terms, 1);
    if (to->whole)
        store_whole(to, m, rows, acc);
    else
        store_part(to, m, rows, acc);
}

// TILE channels of a panel, or what is left of them.
static void forward_channels(const conv_job *job, const conv_target *to, int m) {
    if (m + TILE <= job->z.c) {
        forward_tile(job, to, m, TILE);
        return;
    }
    for (; m < job->z.c; m++)
        forward_tile(job, to, m, 1);
}

static void forward_chunk(const conv_job *job, const conv_target *to, int panels) {
    if (panels * PANEL * job->terms <= CONV_NEAR_VECTORS) {
        // All panels stay near: write z in long runs.
        for (int m = 0; m < job->z.c; m += TILE)
            for (int n = 0; n < panels; n++)
                forward_channels(job, &to[n], m);
        return;
    }
    for (int n = 0; n < panels; n++)
        for (int m = 0; m < job->z.c; m += TILE)
            forward_channels(job, &to[n], m);
}

// A panel at the edge of a padded input, or the last.
static void pack_part(const conv_job *job, const ptrdiff_t *at, stp_real *x) {
    for (int c = 0; c < job->in.c; c++)
        for (int p = 0; p < PANEL; p++, x += LANES) {
            lane_vec value = at[p] < 0 ? lane_zero() : lane_load(job->in.p + c * job->in.chan + at[p]);
            lane_store(x, job->relu_in ? lane_relu(value) : value);
        }
}

// One tap: panels that lie in the input whole are made by their first tile, while memory answers.
static void pack_or_plan(const conv_job *job, const conv_chunk *chunk, const conv_places *in,
                         conv_target *to) {
    for (int n = 0; n < chunk->panels; n++) {
        if (in->whole[n])
            to[n].from = in->at + n * PANEL;
        else
            pack_part(job, in->at + n * PANEL, to[n].x);
    }
}

// What the next chunk will read and write.
static void look_ahead(const conv_job *job, const stp_window *window, const conv_chunk *next, int panels) {
    conv_agenda_begin(job->ahead, next, job->x, AHEAD_FORWARD);
    if (window->k_h * window->k_w == 1)
        conv_agenda_add(job->ahead, window, job->in);
    conv_agenda_add(job->ahead, NULL, job->z);
    conv_agenda_spread(job->ahead, panels * (job->z.c / TILE - (job->in.c == job->terms)) * job->terms);
}

void STP_LANE_NAME(stp_conv_forward)(const stp_window *window, int relu_in, stp_view in, const stp_real *w,
                                     const stp_real *bias, stp_view z, stp_real *sums, stp_real *scratch) {
    enum { MOST = CONV_CHUNK_PIXELS / PANEL };
    int taps = window->k_h * window->k_w, terms = in.c * taps;
    int pixels = conv_chunk_pixels(FORWARD_PIXELS, PANEL, z.w);
    int panels = conv_chunk_panels(terms, PANEL, pixels, taps == 1 ? CONV_CHUNK_VECTORS : CONV_NEAR_VECTORS);
    conv_agenda ahead;
    conv_job job = {in, z, w, bias, sums, scratch, terms, relu_in, &ahead};
    conv_places z_places, in_places;
    conv_target to[MOST];
    conv_chunk chunk = conv_chunk_at(0, panels, z), next;
    for (int first = 0; chunk.count; chunk = next) {
        first += chunk.count;
        next = conv_chunk_at(first, panels, z);
        look_ahead(&job, window, &next, chunk.panels);
        conv_places_out(&chunk, z, &z_places);
        for (int n = 0; n < chunk.panels; n++)
            to[n] = (conv_target){z,
                                  sums,
                                  z_places.at + n * PANEL,
                                  z_places.whole[n],
                                  scratch + (ptrdiff_t)n * terms * PANEL_REALS,
                                  NULL};
        if (taps == 1) {
            conv_places_in(&chunk, window, 0, 0, in, &in_places);
            pack_or_plan(&job, &chunk, &in_places, to);
        } else
            conv_pack(window, relu_in, in, &chunk, scratch, (ptrdiff_t)terms * PANEL_REALS);
        forward_chunk(&job, to, chunk.panels);
    }
}
