// The node of a cell: many tensors weighed by channel into one (DARTS' mixed edges, arXiv 1806.09055, with
// batch norm's scale and PC-DARTS' edge weight folded into one coefficient). Bound by memory: every value of
// every term is touched once, a piece of a row of all terms at a time.
#include "kernel/lanes/lane_kernels.h"

enum { TILE = 10 };

LANE_INLINE void forward_tile(int count, const stp_real *const *from, const stp_real *coef,
                              ptrdiff_t coef_step, lane_vec constant, const stp_real *lane_factor,
                              stp_real *out, int add, const int tile, const int factor) {
    lane_vec acc[TILE];
    STP_UNROLL
    for (int j = 0; j < tile; j++)
        acc[j] = constant;
    if (add) {
        STP_UNROLL
        for (int j = 0; j < tile; j++)
            acc[j] += lane_load(out + j * LANES);
    }
    for (int t = 0; t < count; t++) {
        lane_vec k = lane_set(coef[t * coef_step]);
        if (factor)
            k *= lane_load(lane_factor + t * LANES);
        STP_UNROLL
        for (int j = 0; j < tile; j++)
            acc[j] += k * lane_load(from[t] + j * LANES);
    }
    STP_UNROLL
    for (int j = 0; j < tile; j++)
        lane_store(out + j * LANES, acc[j]);
}

LANE_INLINE void forward_row(int count, const stp_real **from, const stp_real *coef, ptrdiff_t coef_step,
                             lane_vec constant, const stp_real *lane_factor, stp_real *out, int columns,
                             int add, const int factor) {
    int p = 0;
    for (; p < columns;) {
        const int step = columns - p >= TILE ? TILE : columns - p >= 5 ? 5 : 1;
        if (step == TILE)
            forward_tile(count, from, coef, coef_step, constant, lane_factor, out, add, TILE, factor);
        else if (step == 5)
            forward_tile(count, from, coef, coef_step, constant, lane_factor, out, add, 5, factor);
        else
            forward_tile(count, from, coef, coef_step, constant, lane_factor, out, add, 1, factor);
        for (int t = 0; t < count; t++)
            from[t] += step * LANES;
        out += step * LANES;
        p += step;
    }
}

// Of a channel: one for all lanes, or each term's own times its lanes' factor.
LANE_INLINE lane_vec constant_of(int count, const stp_real *constant, int channel, int channels,
                                 const stp_real *lane_factor) {
    if (!constant)
        return lane_zero();
    if (!lane_factor)
        return lane_set(constant[channel]);
    lane_vec sum = lane_zero();
    for (int t = 0; t < count; t++)
        sum += lane_set(constant[t * channels + channel]) * lane_load(lane_factor + t * LANES);
    return sum;
}

void STP_LANE_NAME(stp_mix_forward)(int count, const stp_view *terms, const stp_real *coef,
                                    const stp_real *constant, const stp_real *lane_factor, stp_view out,
                                    int add) {
    const stp_real *from[STP_MIX_MAX_TERMS];
    for (int h = 0; h < out.h; h++)
        for (int c = 0; c < out.c; c++) {
            for (int t = 0; t < count; t++)
                from[t] = terms[t].p + h * terms[t].row + c * terms[t].chan;
            const lane_vec k = constant_of(count, constant, c, out.c, lane_factor);
            stp_real *to = out.p + h * out.row + c * out.chan;
            if (lane_factor)
                forward_row(count, from, coef + c, out.c, k, lane_factor, to, out.w, add, 1);
            else
                forward_row(count, from, coef + c, out.c, k, NULL, to, out.w, add, 0);
        }
}

// One term's row: returns sum g*term when `dot`, gives k*g to d_term when `store`. Two rotating partial sums
// hide the latency of the additions.
LANE_INLINE lane_vec backward_row(const stp_real *g, const stp_real *term, stp_real *d_term, lane_vec k,
                                  int columns, const int dot, const int store, const int add) {
    lane_vec s0 = lane_zero(), s1 = lane_zero(), s2 = lane_zero(), s3 = lane_zero();
    for (int i = 0; i < columns * LANES; i += LANES) {
        const lane_vec x = lane_load(g + i);
        if (dot) {
            const lane_vec s = s0 + x * lane_load(term + i);
            s0 = s1, s1 = s2, s2 = s3, s3 = s;
        }
        if (store)
            lane_store(d_term + i, add ? lane_load(d_term + i) + k * x : k * x);
    }
    return (s0 + s1) + (s2 + s3);
}

LANE_INLINE lane_vec backward_term(const stp_real *g, const stp_real *term, stp_real *d_term, lane_vec k,
                                   int columns, int add, const int dot) {
    if (!d_term)
        return dot ? backward_row(g, term, NULL, k, columns, dot, 0, 0) : lane_zero();
    return add ? backward_row(g, term, d_term, k, columns, dot, 1, 1)
               : backward_row(g, term, d_term, k, columns, dot, 1, 0);
}

static lane_vec row_sum(const stp_real *g, int columns) {
    lane_vec s0 = lane_zero(), s1 = lane_zero();
    int p = 0;
    for (; p + 1 < columns; p += 2) {
        s0 += lane_load(g + p * LANES);
        s1 += lane_load(g + (p + 1) * LANES);
    }
    return p < columns ? s0 + s1 + lane_load(g + p * LANES) : s0 + s1;
}

void STP_LANE_NAME(stp_mix_backward)(stp_view g, int count, const stp_view *terms, const stp_real *coef,
                                     const stp_real *lane_factor, stp_real *sums, const stp_view *d_terms,
                                     const int *add) {
    for (int h = 0; h < g.h; h++)
        for (int c = 0; c < g.c; c++) {
            const stp_real *gr = g.p + h * g.row + c * g.chan;
            for (int t = 0; t < count; t++) {
                const stp_real *term = terms[t].p ? terms[t].p + h * terms[t].row + c * terms[t].chan : NULL;
                stp_real *d_term =
                    d_terms[t].p ? d_terms[t].p + h * d_terms[t].row + c * d_terms[t].chan : NULL;
                const lane_vec f = lane_factor ? lane_load(lane_factor + t * LANES) : lane_set(1);
                const lane_vec k = lane_set(coef[t * g.c + c]) * f;
                if (!sums || !terms[t].p) {
                    backward_term(gr, term, d_term, k, g.w, add[t], 0);
                    continue;
                }
                const lane_vec dot = backward_term(gr, term, d_term, k, g.w, add[t], 1);
                stp_real *s = sums + (t * g.c + c) * LANES;
                lane_store(s, lane_load(s) + f * dot);
            }
            if (sums) {
                stp_real *s = sums + (count * g.c + c) * LANES;
                lane_store(s, lane_load(s) + row_sum(gr, g.w));
            }
        }
}

// `tile` columns of a row: the gradient of the term in registers while those of its readers pass by.
LANE_INLINE void gather_tile(int count, const stp_real *const *g, const stp_real *coef, ptrdiff_t coef_step,
                             const stp_real *term, stp_real *sums, ptrdiff_t sums_step, stp_real *d_term,
                             const int tile, const int dot, const int store, const int add) {
    lane_vec acc[TILE], y[TILE];
    STP_UNROLL
    for (int j = 0; j < tile; j++) {
        acc[j] = add ? lane_load(d_term + j * LANES) : lane_zero();
        y[j] = dot ? lane_load(term + j * LANES) : lane_zero();
    }
    for (int t = 0; t < count; t++) {
        const lane_vec k = lane_set(coef[t * coef_step]);
        lane_vec s[2] = {lane_zero(), lane_zero()};
        STP_UNROLL
        for (int j = 0; j < tile; j++) {
            const lane_vec x = lane_held(lane_load(g[t] + j * LANES));
            if (store)
                acc[j] += k * x;
            if (dot)
                s[j % 2] += x * y[j];
        }
        if (dot)
            lane_store(sums + t * sums_step, lane_load(sums + t * sums_step) + (s[0] + s[1]));
    }
    STP_UNROLL
    for (int j = 0; store && j < tile; j++)
        lane_store(d_term + j * LANES, acc[j]);
}

LANE_INLINE void gather(int count, const stp_view *g, const stp_real *coef, stp_view term, stp_real *sums,
                        stp_view d_term, const int dot, const int store, const int add) {
    const stp_real *from[STP_MIX_MAX_TERMS];
    for (int h = 0; h < g->h; h++)
        for (int c = 0; c < g->c; c++) {
            for (int t = 0; t < count; t++)
                from[t] = g[t].p + h * g[t].row + c * g[t].chan;
            const stp_real *y = dot ? term.p + h * term.row + c * term.chan : NULL;
            stp_real *s = dot ? sums + c * LANES : NULL,
                     *d = store ? d_term.p + h * d_term.row + c * d_term.chan : NULL;
            for (int p = 0; p < g->w;) {
                const int step = g->w - p >= TILE ? TILE : g->w - p >= 5 ? 5 : 1;
                if (step == TILE)
                    gather_tile(count, from, coef + c, g->c, y, s, g->c * LANES, d, TILE, dot, store, add);
                else if (step == 5)
                    gather_tile(count, from, coef + c, g->c, y, s, g->c * LANES, d, 5, dot, store, add);
                else
                    gather_tile(count, from, coef + c, g->c, y, s, g->c * LANES, d, 1, dot, store, add);
                for (int t = 0; t < count; t++)
                    from[t] += step * LANES;
                y = dot ? y + step * LANES : NULL;
                d = store ? d + step * LANES : NULL;
                p += step;
            }
        }
}

void STP_LANE_NAME(stp_mix_gather)(int count, const stp_view *g, const stp_real *coef, stp_view term,
                                   stp_real *sums, stp_view d_term, int add) {
    const int store = d_term.p != NULL;
    if (term.p && store && add)
        gather(count, g, coef, term, sums, d_term, 1, 1, 1);
    else if (term.p && store)
        gather(count, g, coef, term, sums, d_term, 1, 1, 0);
    else if (term.p)
        gather(count, g, coef, term, sums, d_term, 1, 0, 0);
    else if (store && add)
        gather(count, g, coef, term, sums, d_term, 0, 1, 1);
    else if (store)
        gather(count, g, coef, term, sums, d_term, 0, 1, 0);
}
