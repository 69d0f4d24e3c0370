// mix_forward, mix_backward and mix_gather against plain loops in double.
#include "ref/ref_common.h"

typedef struct mix_case {
    int terms, c, h, w, spread;
} mix_case;

static const mix_case cases[] = {
    {1, 1, 1, 1, 1},  {2, 3, 4, 7, 1},   {5, 4, 3, 40, 4},  {8, 16, 3, 10, 1},
    {9, 8, 2, 25, 2}, {17, 20, 2, 3, 1}, {40, 2, 2, 13, 1}, {STP_MIX_MAX_TERMS, 4, 2, 16, 1},
};

typedef struct mix_data {
    ref_tensor terms[STP_MIX_MAX_TERMS], d_terms[STP_MIX_MAX_TERMS];
    stp_view views[STP_MIX_MAX_TERMS], d_views[STP_MIX_MAX_TERMS];
    int add[STP_MIX_MAX_TERMS];
    stp_real *coef, *constant, *factor;
} mix_data;

static void make(mix_data *m, const mix_case *t, int lanes, stp_rng *rng) {
    for (int i = 0; i < t->terms; i++) {
        m->terms[i] = ref_make(rng, lanes, t->c, t->h, t->w, i % 2, i % 3 ? 1 : t->spread);
        m->d_terms[i] = ref_make(rng, lanes, t->c, t->h, t->w, i % 3 == 1, i % 2 ? 1 : t->spread);
        m->views[i] = m->terms[i].view;
        m->d_views[i] = m->d_terms[i].view;
        if (i % 4 == 3)
            m->d_views[i].p = NULL;
        m->add[i] = i % 3 == 0;
    }
    m->coef = ref_random(rng, (size_t)t->terms * t->c);
    m->constant = ref_random(rng, (size_t)t->terms * t->c);
    m->factor = ref_random(rng, (size_t)t->terms * lanes);
}

static void release(mix_data *m, const mix_case *t) {
    for (int i = 0; i < t->terms; i++) {
        ref_free(&m->terms[i]);
        ref_free(&m->d_terms[i]);
    }
    stp_free(m->coef);
    stp_free(m->constant);
    stp_free(m->factor);
}

static double weight(const mix_data *m, const mix_case *t, int term, int c, int lane, int lanes, int factor) {
    return m->coef[term * t->c + c] * (factor ? (double)m->factor[term * lanes + lane] : 1.0);
}

// Every term has a constant of its own, which drops with it.
static double shift(const mix_data *m, const mix_case *t, int c, int lane, int lanes) {
    double sum = 0;
    for (int j = 0; j < t->terms; j++)
        sum += (double)m->constant[j * t->c + c] * (double)m->factor[j * lanes + lane];
    return sum;
}

static void check_forward(const stp_kernels *k, const mix_case *t, mix_data *m, stp_rng *rng, int constant,
                          int factor, int add) {
    ref_tensor out = ref_make(rng, k->lanes, t->c, t->h, t->w, 1, t->spread);
    const size_t n = ref_values(&out), plane = n / t->c;
    double *want = add ? ref_dense(&out) : ref_zeros(n);
    for (size_t i = 0; constant && i < n; i++)
        want[i] += factor ? shift(m, t, (int)(i / plane), (int)(i % k->lanes), k->lanes)
                          : (double)m->constant[i / plane];
    for (int j = 0; j < t->terms; j++) {
        double *x = ref_dense(&m->terms[j]);
        for (size_t i = 0; i < n; i++)
            want[i] += x[i] * weight(m, t, j, (int)(i / plane), (int)(i % k->lanes), k->lanes, factor);
        stp_free(x);
    }
    k->mix_forward(t->terms, m->views, m->coef, constant ? m->constant : NULL, factor ? m->factor : NULL,
                   out.view, add);
    ref_check_tensor("mix_forward", &out, want, REF_TOLERANCE);
    ref_free(&out);
    stp_free(want);
}

static void check_backward(const stp_kernels *k, const mix_case *t, mix_data *m, stp_rng *rng, int with_sums,
                           int factor) {
    ref_tensor g = ref_make(rng, k->lanes, t->c, t->h, t->w, 0, t->spread);
    const size_t n = ref_values(&g), plane = n / t->c, n_sums = (size_t)(t->terms + 1) * t->c * k->lanes;
    const int unread = factor ? -1 : t->terms - 1; // its sum is not wanted
    stp_real *sums = ref_random(rng, n_sums);
    double *want_sums = ref_zeros(n_sums), *gg = ref_dense(&g), *wanted[STP_MIX_MAX_TERMS];
    for (size_t i = 0; i < n_sums; i++)
        want_sums[i] = sums[i];
    for (int j = 0; j <= t->terms; j++) {
        double *x = j < t->terms ? ref_dense(&m->terms[j]) : NULL, *want = NULL;
        if (x)
            want = wanted[j] = m->add[j] ? ref_dense(&m->d_terms[j]) : ref_zeros(n);
        for (size_t i = 0; i < n; i++) {
            const int c = (int)(i / plane), lane = (int)(i % k->lanes);
            const double f = x && factor ? (double)m->factor[j * k->lanes + lane] : 1;
            if (j != unread)
                want_sums[((size_t)j * t->c + c) * k->lanes + lane] += gg[i] * f * (x ? x[i] : 1);
            if (x)
                want[i] += weight(m, t, j, c, lane, k->lanes, factor) * gg[i];
        }
        stp_free(x);
    }
    stp_view views[STP_MIX_MAX_TERMS];
    memcpy(views, m->views, sizeof *views * (size_t)t->terms);
    if (unread >= 0)
        views[unread].p = NULL;
    k->mix_backward(g.view, t->terms, views, m->coef, factor ? m->factor : NULL, with_sums ? sums : NULL,
                    m->d_views, m->add);
    for (int j = 0; j < t->terms; j++) {
        if (m->d_views[j].p)
            ref_check_tensor("mix_backward d_term", &m->d_terms[j], wanted[j], REF_TOLERANCE);
        stp_free(wanted[j]);
    }
    if (with_sums)
        ref_check("mix_backward sums", sums, want_sums, n_sums, REF_TOLERANCE);
    ref_free(&g);
    stp_free(sums);
    stp_free(want_sums);
    stp_free(gg);
}

// The terms of the case are the gradients that are gathered; its first d_term is the term itself.
static void check_gather(const stp_kernels *k, const mix_case *t, mix_data *m, stp_rng *rng, int with_sums,
                         int add) {
    ref_tensor d_term = ref_make(rng, k->lanes, t->c, t->h, t->w, 0, t->spread);
    const size_t n = ref_values(&d_term), plane = n / t->c, n_sums = (size_t)t->terms * t->c * k->lanes;
    stp_real *sums = ref_random(rng, n_sums);
    double *want = add ? ref_dense(&d_term) : ref_zeros(n), *want_sums = ref_zeros(n_sums);
    double *term = ref_dense(&m->d_terms[0]);
    double *start = ref_zeros(n_sums);
    for (size_t i = 0; i < n_sums; i++)
        want_sums[i] = start[i] = sums[i];
    for (int j = 0; j < t->terms; j++) {
        double *g = ref_dense(&m->terms[j]);
        for (size_t i = 0; i < n; i++) {
            const int c = (int)(i / plane), lane = (int)(i % k->lanes);
            want[i] += weight(m, t, j, c, lane, k->lanes, 0) * g[i];
            if (with_sums)
                want_sums[((size_t)j * t->c + c) * k->lanes + lane] += g[i] * term[i];
        }
        stp_free(g);
    }
    const stp_view none = {0}, value = with_sums ? m->d_terms[0].view : none;
    k->mix_gather(t->terms, m->views, m->coef, value, with_sums ? sums : NULL, d_term.view, add);
    ref_check_tensor("mix_gather d_term", &d_term, want, REF_TOLERANCE);
    if (with_sums && !add) { // the sums alone: as much once more
        k->mix_gather(t->terms, m->views, m->coef, value, sums, none, 0);
        for (size_t i = 0; i < n_sums; i++)
            want_sums[i] += want_sums[i] - start[i];
    }
    ref_check("mix_gather sums", sums, want_sums, n_sums, REF_TOLERANCE);
    ref_free(&d_term);
    stp_free(sums);
    stp_free(want);
    stp_free(want_sums);
    stp_free(start);
    stp_free(term);
}

static void mix_of_isa(const stp_kernels *k) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int flags = 0; flags < 4; flags++) {
            stp_rng rng = stp_rng_at(17, STP_RNG_TEST, 0, i);
            static mix_data m;
            make(&m, &cases[i], k->lanes, &rng);
            check_forward(k, &cases[i], &m, &rng, flags & 1, flags >> 1, 0);
            check_forward(k, &cases[i], &m, &rng, flags & 1, flags >> 1, 1);
            check_backward(k, &cases[i], &m, &rng, flags & 1, flags >> 1);
            check_gather(k, &cases[i], &m, &rng, flags & 1, flags >> 1);
            release(&m, &cases[i]);
        }
}

static void test_mix(void **state) {
    (void)state;
    ref_for_each_isa(mix_of_isa);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mix)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
