// Pools against plain loops in double; maxima with ties, since gradients go to the first of equals.
#include "ref/ref_common.h"

typedef struct pool_case {
    int c, h, w, k_h, k_w, stride, dilation, pad, spread; // pad < 0: SAME
} pool_case;

static const pool_case cases[] = {
    {4, 7, 40, 3, 3, 1, 1, -1, 1},  {8, 5, 20, 3, 3, 1, 1, -1, 4}, {16, 12, 10, 3, 3, 1, 1, -1, 1},
    {4, 8, 40, 3, 3, 2, 1, -1, 1},  {8, 9, 25, 3, 3, 2, 1, -1, 2}, {4, 8, 40, 2, 2, 2, 1, -1, 1},
    {3, 9, 13, 2, 2, 2, 1, -1, 1},  {1, 1, 1, 3, 3, 1, 1, -1, 1},  {2, 2, 3, 3, 3, 1, 1, -1, 1},
    {2, 3, 4, 3, 3, 2, 1, -1, 1},   {3, 7, 9, 3, 3, 1, 1, 0, 1},   {3, 7, 9, 3, 3, 1, 1, 2, 1},
    {2, 9, 11, 5, 5, 1, 1, -1, 1},  {2, 9, 11, 4, 4, 3, 1, 1, 1},  {2, 9, 11, 3, 3, 1, 2, -1, 1},
    {2, 10, 12, 2, 2, 2, 2, -1, 2}, {20, 4, 6, 3, 3, 1, 1, -1, 1}, {6, 25, 5, 25, 5, 1, 1, 0, 1},
    {3, 8, 12, 2, 3, 1, 1, -1, 1},  {3, 8, 12, 3, 2, 2, 1, -1, 1}, {2, 8, 17, 1, 1, 2, 1, 0, 1},
    {2, 6, 49, 3, 3, 1, 1, -1, 1},
};

static stp_window window_of(const pool_case *t, int *out_h, int *out_w) {
    stp_window win = {t->k_h, t->k_w, t->stride, t->stride, t->dilation, t->pad, t->pad};
    const int reach_h = (t->k_h - 1) * t->dilation, reach_w = (t->k_w - 1) * t->dilation;
    if (t->pad >= 0) {
        *out_h = (t->h + 2 * t->pad - reach_h - 1) / t->stride + 1;
        *out_w = (t->w + 2 * t->pad - reach_w - 1) / t->stride + 1;
        return win;
    }
    *out_h = (t->h + t->stride - 1) / t->stride;
    *out_w = (t->w + t->stride - 1) / t->stride;
    const int all_h = (*out_h - 1) * t->stride + reach_h + 1 - t->h;
    const int all_w = (*out_w - 1) * t->stride + reach_w + 1 - t->w;
    win.pad_top = all_h > 0 ? all_h / 2 : 0;
    win.pad_left = all_w > 0 ? all_w / 2 : 0;
    return win;
}

// Values of a window's taps inside the tensor, for one output and lane: their places in a dense copy.
static int taps_of(const pool_case *t, const stp_window *win, int c, int h, int w, int lane, int lanes,
                   size_t *places) {
    int n = 0;
    for (int i = 0; i < t->k_h; i++)
        for (int j = 0; j < t->k_w; j++) {
            const int y = h * t->stride - win->pad_top + i * t->dilation;
            const int x = w * t->stride - win->pad_left + j * t->dilation;
            if (y >= 0 && y < t->h && x >= 0 && x < t->w)
                places[n++] = (((size_t)c * t->h + y) * t->w + x) * lanes + lane;
        }
    return n;
}

static double pool(stp_pool_kind kind, const double *in, const size_t *places, int n, size_t *winner) {
    double sum = 0;
    *winner = n ? places[0] : 0;
    for (int i = 0; i < n; i++) {
        sum += in[places[i]];
        if (in[places[i]] > in[*winner])
            *winner = places[i];
    }
    return kind == STP_POOL_MAX ? in[*winner] : sum / n;
}

static void round_values(ref_tensor *t) { // halves: equal maxima happen
    for (int c = 0; c < t->view.c; c++)
        for (int h = 0; h < t->view.h; h++)
            for (int i = 0; i < t->view.w * t->lanes; i++) {
                stp_real *x = ref_at(t, c, h, 0) + i;
                *x = (stp_real)(floor(*x * 2) / 2);
            }
}

static void check(const stp_kernels *k, const pool_case *t, stp_pool_kind kind, int on_the_fly, int add) {
    stp_rng rng = stp_rng_at(19, STP_RNG_TEST, 0, (uint64_t)(t - cases));
    const int lanes = k->lanes;
    int out_h, out_w;
    const stp_window win = window_of(t, &out_h, &out_w);
    ref_tensor in = ref_make(&rng, lanes, t->c, t->h, t->w, on_the_fly, t->spread);
    ref_tensor out = ref_make(&rng, lanes, t->c, out_h, out_w, 0, t->spread);
    ref_tensor g = ref_make(&rng, lanes, t->c, out_h, out_w, 0, 1);
    ref_tensor d_in = ref_make(&rng, lanes, t->c, t->h, t->w, 1, t->spread);
    round_values(&in);
    stp_real *a = ref_random(&rng, t->c), *b = ref_random(&rng, t->c), *e = ref_random(&rng, t->c);
    stp_real *sums = ref_random(&rng, (size_t)t->c * 2 * lanes);
    double *x = ref_dense(&in), *gg = ref_dense(&g), *want = ref_zeros(ref_values(&out));
    double *want_d = add ? ref_dense(&d_in) : ref_zeros(ref_values(&in));
    double *want_sums = ref_zeros((size_t)t->c * 2 * lanes);
    for (int i = 0; i < t->c * 2 * lanes; i++)
        want_sums[i] = sums[i];
    size_t o = 0, *places = stp_alloc((size_t)t->k_h * t->k_w * sizeof *places), winner;
    assert_non_null(places);
    for (int c = 0; c < t->c; c++)
        for (int h = 0; h < out_h; h++)
            for (int w = 0; w < out_w; w++)
                for (int l = 0; l < lanes; l++, o++) {
                    const int n = taps_of(t, &win, c, h, w, l, lanes, places);
                    const double y = want[o] = pool(kind, x, places, n, &winner);
                    const double dz =
                        on_the_fly ? (double)a[c] * gg[o] + (double)b[c] * y + (double)e[c] : gg[o];
                    want_sums[c * 2 * lanes + l] += y;
                    want_sums[(c * 2 + 1) * lanes + l] += y * y;
                    for (int i = 0; i < n; i++)
                        if (kind == STP_POOL_AVG)
                            want_d[places[i]] += dz / n;
                        else if (places[i] == winner)
                            want_d[winner] += dz;
                }
    char label[120];
    snprintf(label, sizeof label, "%s %s c%d %dx%d k%dx%d s%d d%d pad %d", stp_isa_name(k->isa),
             kind == STP_POOL_MAX ? "max" : "avg", t->c, t->h, t->w, t->k_h, t->k_w, t->stride, t->dilation,
             t->pad);
    k->pool_forward(kind, &win, in.view, out.view, add ? sums : NULL);
    ref_check_tensor(label, &out, want, REF_TOLERANCE);
    if (add)
        ref_check(label, sums, want_sums, (size_t)t->c * 2 * lanes, REF_TOLERANCE);
    const int most = t->w > t->h ? t->w : t->h;
    stp_real *scratch = ref_scratch(stp_kernel_scratch_reals(lanes, 0, t->c, most, t->k_h));
    stp_upstream up = {.g = g.view, .z = out.view, .a = on_the_fly ? a : NULL, .b = b, .e = e};
    k->pool_backward(kind, &win, up, in.view, out.view, d_in.view, add, scratch);
    ref_check_tensor(label, &d_in, want_d, REF_TOLERANCE);
    ref_tensor *tensors[] = {&in, &out, &g, &d_in};
    for (int i = 0; i < 4; i++)
        ref_free(tensors[i]);
    void *memory[] = {a, b, e, sums, x, gg, want, want_d, want_sums, places, scratch};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        stp_free(memory[i]);
}

static void pool_of_isa(const stp_kernels *k) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int flags = 0; flags < 8; flags++)
            check(k, &cases[i], flags & 1 ? STP_POOL_AVG : STP_POOL_MAX, flags >> 1 & 1, flags >> 2);
}

static void test_pool(void **state) {
    (void)state;
    ref_for_each_isa(pool_of_isa);
}

enum { SPECIAL_H = 6, SPECIAL_W = 49 };

// Maxima of 3x3 windows over zeros of both signs, infinities and what is no number.
static void pool_specials(const stp_kernels *k, stp_real got[SPECIAL_H][SPECIAL_W]) {
    stp_rng rng = stp_rng_at(23, STP_RNG_TEST, 0, 0);
    const stp_window win = {3, 3, 1, 1, 1, 1, 1};
    ref_tensor in = ref_make(&rng, k->lanes, 1, SPECIAL_H, SPECIAL_W, 0, 1);
    ref_tensor out = ref_make(&rng, k->lanes, 1, SPECIAL_H, SPECIAL_W, 0, 1);
    ref_fill_specials(&in);
    k->pool_forward(STP_POOL_MAX, &win, in.view, out.view, NULL);
    for (int h = 0; h < SPECIAL_H; h++)
        for (int i = 0; i < SPECIAL_W * k->lanes; i++) {
            const int w = i / k->lanes;
            if (i % k->lanes == 0)
                got[h][w] = ref_at(&out, 0, h, 0)[i];
            assert_true(ref_same(got[h][w], ref_at(&out, 0, h, 0)[i]));
        }
    ref_free(&in);
    ref_free(&out);
}

static void pool_specials_as_plain(const stp_kernels *k) {
    stp_real plain[SPECIAL_H][SPECIAL_W], got[SPECIAL_H][SPECIAL_W];
    pool_specials(stp_kernels_get(STP_ISA_PLAIN), plain);
    pool_specials(k, got);
    for (int h = 0; h < SPECIAL_H; h++)
        for (int w = 0; w < SPECIAL_W; w++)
            if (!ref_same(got[h][w], plain[h][w]))
                fail_msg("%s: %g at %d, %d where plain has %g", stp_isa_name(k->isa), (double)got[h][w], h, w,
                         (double)plain[h][w]);
}

static void test_specials(void **state) {
    (void)state;
    ref_for_each_isa(pool_specials_as_plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pool), cmocka_unit_test(test_specials)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
