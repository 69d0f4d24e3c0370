// affine_forward, affine_backward and clear_halo against plain loops in double.
#include "ref/ref_common.h"

static const struct {
    int c, h, w, spread;
} shapes[] = {{1, 1, 1, 1}, {3, 5, 7, 1}, {4, 3, 40, 4}, {8, 2, 25, 1}, {16, 3, 10, 2}, {20, 2, 13, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

typedef struct setting {
    int scaled, relu, add, sums, in_place, stored;
} setting;

static double activate(const setting *s, double z, double scale, double shift) {
    const double y = s->scaled ? scale * z + shift : z;
    return s->relu && y <= 0 ? 0 : y;
}

static void check_forward(const stp_kernels *k, int shape, const setting *s) {
    stp_rng rng = stp_rng_at(11, STP_RNG_TEST, 0, (uint64_t)shape);
    const int c = shapes[shape].c, h = shapes[shape].h, w = shapes[shape].w;
    ref_tensor z = ref_make(&rng, k->lanes, c, h, w, 0, shapes[shape].spread);
    ref_tensor out = ref_make(&rng, k->lanes, c, h, w, 2, 1);
    stp_real *scale = ref_random(&rng, c), *shift = ref_random(&rng, c);
    double *want = ref_dense(&z);
    const size_t plane = ref_values(&z) / c;
    for (size_t i = 0; i < ref_values(&z); i++)
        want[i] = activate(s, want[i], scale[i / plane], shift[i / plane]);
    k->affine_forward(z.view, s->scaled ? scale : NULL, shift, s->relu, out.view);
    ref_check_tensor("affine_forward", &out, want, REF_TOLERANCE);
    ref_free(&z);
    ref_free(&out);
    stp_free(scale);
    stp_free(shift);
    stp_free(want);
}

static void check_backward(const stp_kernels *k, int shape, const setting *s) {
    stp_rng rng = stp_rng_at(12, STP_RNG_TEST, 0, (uint64_t)shape);
    const int c = shapes[shape].c, h = shapes[shape].h, w = shapes[shape].w, lanes = k->lanes;
    ref_tensor z = ref_make(&rng, lanes, c, h, w, 1, shapes[shape].spread);
    ref_tensor g = ref_make(&rng, lanes, c, h, w, 0, shapes[shape].spread);
    ref_tensor d_y = ref_make(&rng, lanes, c, h, w, 0, 1), *target = s->in_place ? &g : &d_y;
    stp_real *scale = ref_random(&rng, c), *shift = ref_random(&rng, c);
    stp_real *sums = ref_random(&rng, (size_t)c * 2 * lanes);
    double *zz = ref_dense(&z), *gg = ref_dense(&g), *want = ref_dense(target);
    double *want_sums = ref_zeros((size_t)c * 2 * lanes);
    for (int i = 0; i < c * 2 * lanes; i++)
        want_sums[i] = sums[i];
    const size_t n = ref_values(&z), plane = n / c;
    for (size_t i = 0; i < n; i++) {
        const size_t ch = i / plane, lane = i % lanes;
        const double y = s->scaled ? (double)scale[ch] * zz[i] + (double)shift[ch] : zz[i];
        const double d = s->relu && y <= 0 ? 0 : gg[i];
        want[i] = s->add ? want[i] + d : d;
        want_sums[ch * 2 * lanes + lane] += d;
        want_sums[(ch * 2 + 1) * lanes + lane] += d * zz[i];
    }
    stp_view to = target->view;
    if (!s->stored)
        to.p = NULL;
    k->affine_backward(g.view, z.view, s->scaled ? scale : NULL, shift, s->relu, to, s->add,
                       s->sums ? sums : NULL);
    if (s->stored)
        ref_check_tensor("affine_backward d_y", target, want, REF_TOLERANCE);
    if (s->sums)
        ref_check("affine_backward sums", sums, want_sums, (size_t)c * 2 * lanes, REF_TOLERANCE);
    ref_free(&z);
    ref_free(&g);
    ref_free(&d_y);
    void *memory[] = {scale, shift, sums, zz, gg, want, want_sums};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        stp_free(memory[i]);
}

static void affine_of_isa(const stp_kernels *k) {
    for (int shape = 0; shape < SHAPES; shape++)
        for (int flags = 0; flags < 64; flags++) {
            const setting s = {flags & 1,      flags >> 1 & 1, flags >> 2 & 1,
                               flags >> 3 & 1, flags >> 4 & 1, flags >> 5};
            if (flags < 4)
                check_forward(k, shape, &s);
            check_backward(k, shape, &s);
        }
}

static void check_halo(const stp_kernels *k, int spread) {
    stp_rng rng = stp_rng_at(13, STP_RNG_TEST, 0, 0);
    ref_tensor t = ref_make(&rng, k->lanes, 3, 4, 5, 2, spread);
    double *want = ref_dense(&t);
    for (int h = 0; h < 4; h++)
        for (int c = 0; c < 3; c++)
            for (int i = -2 * k->lanes; i < 7 * k->lanes; i++)
                if (i < 0 || i >= 5 * k->lanes)
                    ref_at(&t, c, h, 0)[i] = 5;
    k->clear_halo(t.view);
    ref_check_tensor("clear_halo", &t, want, 0); // compares the halo, which was zero when made, as well
    ref_free(&t);
    stp_free(want);
}

static void halo_of_isa(const stp_kernels *k) {
    check_halo(k, 1); // channels share their zeros
    check_halo(k, 2);
}

// A rectifier gives +0 for all that is not above zero, what is no number included, on every instruction set.
static void specials_of_isa(const stp_kernels *k) {
    stp_rng rng = stp_rng_at(14, STP_RNG_TEST, 0, 0);
    ref_tensor z = ref_make(&rng, k->lanes, 2, 3, 9, 0, 1), out = ref_make(&rng, k->lanes, 2, 3, 9, 0, 1);
    ref_fill_specials(&z);
    k->affine_forward(z.view, NULL, NULL, 1, out.view);
    for (int c = 0; c < 2; c++)
        for (int h = 0; h < 3; h++)
            for (int i = 0; i < 9 * k->lanes; i++) {
                stp_real x = ref_special(h, i / k->lanes), got = ref_at(&out, c, h, 0)[i];
                if (!ref_same(got, x > 0 ? x : 0))
                    fail_msg("%s: the rectifier makes %g of %g", stp_isa_name(k->isa), (double)got,
                             (double)x);
            }
    ref_free(&z);
    ref_free(&out);
}

static void test_specials(void **state) {
    (void)state;
    ref_for_each_isa(specials_of_isa);
}

static void test_affine(void **state) {
    (void)state;
    ref_for_each_isa(affine_of_isa);
}

static void test_clear_halo(void **state) {
    (void)state;
    ref_for_each_isa(halo_of_isa);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_affine),
        cmocka_unit_test(test_specials),
        cmocka_unit_test(test_clear_halo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
