// What the kernel tests share: random tensors in lane layout, their copies in double, comparison.
// A tensor's memory outside its view is filled with NaN: reading it spoils a result, writing it is noticed.
#ifndef STP_TESTS_REF_COMMON_H
#define STP_TESTS_REF_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/rng.h"
#include "kernel/kernel.h"

// Sums of some hundred to some thousand float products, each rounded to 6e-8 of its size, in any order: their
// errors stay below 1e-5 of the largest result.
#define REF_TOLERANCE 1e-5

typedef struct ref_tensor {
    stp_view view;
    int lanes;
    size_t reals;
    stp_real *memory; // the whole allocation
    stp_real *before; // its contents when made
} ref_tensor;

static inline stp_real *ref_at(const ref_tensor *t, int c, int h, int w) {
    return t->view.p + h * t->view.row + c * t->view.chan + (ptrdiff_t)w * t->lanes;
}

// A random tensor. Channels lie `spread` times their natural distance apart (a shuffled or sliced view).
static inline ref_tensor ref_make(stp_rng *rng, int lanes, int c, int h, int w, int halo, int spread) {
    ref_tensor t = {.lanes = lanes};
    ptrdiff_t chan = (ptrdiff_t)(w + halo) * lanes * spread, row = chan * c;
    t.reals = (size_t)(row * h) + (size_t)((2 + halo) * lanes);
    t.memory = stp_alloc(t.reals * sizeof(stp_real));
    t.before = stp_alloc(t.reals * sizeof(stp_real));
    assert_non_null(t.memory);
    assert_non_null(t.before);
    t.view = (stp_view){t.memory + lanes + halo * lanes, row, chan, c, h, w, halo};
    for (size_t i = 0; i < t.reals; i++)
        t.memory[i] = (stp_real)NAN;
    for (int y = 0; y < h; y++)
        for (int k = 0; k < c; k++)
            for (int i = -halo * lanes; i < (w + halo) * lanes; i++) {
                int inside = i >= 0 && i < w * lanes;
                ref_at(&t, k, y, 0)[i] = (stp_real)(inside ? stp_rng_normal(rng) : 0.0);
            }
    memcpy(t.before, t.memory, t.reals * sizeof(stp_real));
    return t;
}

static inline void ref_free(ref_tensor *t) {
    stp_free(t->memory);
    stp_free(t->before);
    *t = (ref_tensor){0};
}

static inline size_t ref_values(const ref_tensor *t) {
    return (size_t)t->view.c * t->view.h * t->view.w * t->lanes;
}

// A dense copy in double, [c][h][w][lanes].
static inline double *ref_dense(const ref_tensor *t) {
    double *out = stp_alloc(ref_values(t) * sizeof(double)), *o = out;
    assert_non_null(out);
    for (int c = 0; c < t->view.c; c++)
        for (int h = 0; h < t->view.h; h++)
            for (int i = 0; i < t->view.w * t->lanes; i++)
                *o++ = ref_at(t, c, h, 0)[i];
    return out;
}

static inline double *ref_zeros(size_t n) {
    double *out = stp_alloc(n * sizeof(double));
    assert_non_null(out);
    return out;
}

static inline stp_real *ref_random(stp_rng *rng, size_t n) {
    stp_real *out = stp_alloc(n * sizeof(stp_real));
    assert_non_null(out);
    for (size_t i = 0; i < n; i++)
        out[i] = (stp_real)stp_rng_normal(rng);
    return out;
}

// What a maximum may take for another: by turns, all lanes alike.
static const stp_real ref_specials[] = {(stp_real)NAN,      (stp_real)-0.0, 1, 0, (stp_real)-INFINITY, -2,
                                        (stp_real)INFINITY, (stp_real)-NAN};
enum { REF_SPECIALS = sizeof ref_specials / sizeof *ref_specials };

static inline stp_real ref_special(int h, int w) {
    return ref_specials[(h * 3 + w) % REF_SPECIALS];
}

static inline void ref_fill_specials(ref_tensor *t) {
    for (int c = 0; c < t->view.c; c++)
        for (int h = 0; h < t->view.h; h++)
            for (int i = 0; i < t->view.w * t->lanes; i++)
                ref_at(t, c, h, 0)[i] = ref_special(h, i / t->lanes);
    memcpy(t->before, t->memory, t->reals * sizeof(stp_real));
}

// The same number, and zeros of the same sign; any NaN for any other.
static inline int ref_same(stp_real a, stp_real b) {
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

// Scratch as the graph would give it, filled with NaN: nothing may rely on its contents.
static inline stp_real *ref_scratch(size_t reals) {
    stp_real *out = stp_alloc(reals * sizeof(stp_real));
    assert_non_null(out);
    for (size_t i = 0; i < reals; i++)
        out[i] = (stp_real)NAN;
    return out;
}

// Fails unless every got[i] is within tolerance * max |want| of want[i].
static inline void ref_check(const char *what, const stp_real *got, const double *want, size_t n,
                             double tolerance) {
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(want[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= tolerance * largest))
            fail_msg("%s: value %zu of %zu is %.9g, not %.9g (largest %.3g)", what, i, n, (double)got[i],
                     want[i], largest);
}

// The same for a tensor, want being [c][h][w][lanes]; besides, nothing outside the view may have changed.
static inline void ref_check_tensor(const char *what, const ref_tensor *t, const double *want,
                                    double tolerance) {
    size_t row = (size_t)t->view.w * t->lanes, n = ref_values(t);
    stp_real *got = stp_alloc(n * sizeof(stp_real));
    assert_non_null(got);
    for (int c = 0; c < t->view.c; c++)
        for (int h = 0; h < t->view.h; h++) {
            memcpy(got + ((size_t)c * t->view.h + h) * row, ref_at(t, c, h, 0), row * sizeof(stp_real));
            memcpy(t->before + (ref_at(t, c, h, 0) - t->memory), ref_at(t, c, h, 0), row * sizeof(stp_real));
        }
    ref_check(what, got, want, n, tolerance);
    stp_free(got);
    if (memcmp(t->before, t->memory, t->reals * sizeof(stp_real)) != 0)
        fail_msg("%s: memory outside the view was written", what);
}

// Runs `test` with the kernels of every instruction set that this build and processor have.
static inline void ref_for_each_isa(void (*test)(const stp_kernels *kernels)) {
    for (int isa = 0; isa < STP_ISA_COUNT; isa++) {
        const stp_kernels *kernels = stp_kernels_get((stp_isa)isa);
        if (kernels)
            test(kernels);
    }
    assert_non_null(stp_kernels_get(STP_ISA_PLAIN));
}

#endif
