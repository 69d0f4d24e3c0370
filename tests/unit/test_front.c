// The bank of front-ends: each lane of each instruction set has the bits of the device's scalar code.
#include "base/arena.h"
#include "base/isa.h"
#include "base/rng.h"
#include "frontend/front_bank.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char EIGHT[] = "400/100/40,400/100/80,400/200/40,400/200/80,"
                            "640/160/40,640/160/80,640/320/40,640/320/80";
// Sizes nobody would choose: odd windows, hops and filters, the smallest and largest FFT, hops beyond the
// window, hops that are no multiples of each other, a few coefficients of many filters.
static const char ODD[] = "401/133/13,16/3/2,16/50/2:1,2048/512/128:21,127/127/7:3,400/1500/40:39,640/100/40,"
                          "640/150/41,640/300/41:40,200/7/31:5,1000/333/64:1,129/1/9";

enum { SIGNALS = 8 };

// The kinds of clip, numbered; 0 is silence as zeros.
static void make_clip(int kind, int16_t *clip, int samples) {
    stp_rng rng = stp_rng_at(3, STP_RNG_TEST, (uint64_t)kind, 0);
    for (int i = 0; i < samples; i++) {
        double noise = stp_rng_normal(&rng);
        switch (kind % SIGNALS) {
        case 0:
            clip[i] = 0;
            break;
        case 1: // noise at full scale
            clip[i] = (int16_t)(stp_rng_u64(&rng) & 0xffff);
            break;
        case 2: // square wave at full scale
            clip[i] = i / 18 % 2 ? INT16_MAX : INT16_MIN;
            break;
        case 3: // the highest frequency there is
            clip[i] = i % 2 ? INT16_MAX : INT16_MIN;
            break;
        case 4: // the last bit
            clip[i] = (int16_t)(stp_rng_below(&rng, 3)) - 1;
            break;
        case 5: // a constant
            clip[i] = INT16_MIN;
            break;
        case 6: // one sample in silence
            clip[i] = i == samples / 2 ? INT16_MIN : 0;
            break;
        default: // a tone that rises, and noise
            clip[i] = (int16_t)(9000 * sin(1e-5 * i * i) + 500 * fmax(-4, fmin(4, noise)));
        }
    }
}

typedef struct fixture {
    stp_front_bank *bank;
    int samples, lanes, count;
    int16_t *clips[STP_MAX_LANES];
    float *out[STP_FRONT_MAX];
    void *scratch;
} fixture;

static size_t values(const fixture *f, int index) {
    return (size_t)stp_front_bank_frames(f->bank, index) *
           (size_t)stp_front_bank_spec(f->bank, index)->coefficients;
}

static void open_fixture(fixture *f, const char *isa, const char *list, const char *kind, int samples) {
    stp_err err = {0};
    stp_front_spec specs[STP_FRONT_MAX];
    *f = (fixture){.samples = samples};
    assert_int_equal(stp_isa_select(isa, &err), STP_OK);
    if (stp_front_list_parse(specs, &f->count, list, kind, 16000, 20, 7600, &err) != STP_OK ||
        stp_front_bank_create(&f->bank, specs, f->count, samples, &err) != STP_OK)
        fail_msg("%s", err.text);
    f->lanes = stp_front_bank_lanes(f->bank);
    for (int lane = 0; lane < f->lanes; lane++) {
        f->clips[lane] = stp_alloc(sizeof(int16_t) * (size_t)samples);
        make_clip(lane, f->clips[lane], samples);
    }
    for (int i = 0; i < f->count; i++) {
        f->out[i] = stp_alloc(sizeof(float) * values(f, i) * (size_t)f->lanes);
        memset(f->out[i], 0xff, sizeof(float) * values(f, i) * (size_t)f->lanes);
    }
    f->scratch = stp_alloc(stp_front_bank_scratch_bytes(f->bank));
}

static void close_fixture(fixture *f) {
    for (int lane = 0; lane < f->lanes; lane++)
        stp_free(f->clips[lane]);
    for (int i = 0; i < f->count; i++)
        stp_free(f->out[i]);
    stp_free(f->scratch);
    stp_front_bank_destroy(f->bank);
    stp_isa_select("auto", NULL);
}

static void compare_with_scalar(const fixture *f, int index, int lane, const int16_t *clip) {
    stp_err err = {0};
    size_t n = values(f, index);
    float *scalar = stp_alloc(sizeof(float) * n);
    if (stp_front_scalar(f->bank, index, clip, scalar, &err) != STP_OK)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++) {
        float got = f->out[index][i * (size_t)f->lanes + (size_t)lane];
        assert_true(isfinite(scalar[i]));
        if (memcmp(&got, &scalar[i], sizeof got) != 0) {
            char text[STP_FRONT_TEXT_BYTES];
            stp_front_spec_format(stp_front_bank_spec(f->bank, index), text);
            fail_msg("%s, lane %d, value %zu: %a in the lane, %a on the device", text, lane, i, got,
                     scalar[i]);
        }
    }
    stp_free(scalar);
}

static void check_list(const char *list, const char *kind, int samples) {
    for (int isa = 0; isa < STP_ISA_COUNT; isa++) {
        if (!stp_isa_runs((stp_isa)isa))
            continue;
        fixture f;
        open_fixture(&f, stp_isa_name((stp_isa)isa), list, kind, samples);
        assert_int_equal(f.lanes, stp_isa_lanes((stp_isa)isa));
        stp_front_bank_extract(f.bank, (const int16_t *const *)f.clips, f.out, f.scratch);
        for (int i = 0; i < f.count; i++)
            for (int lane = 0; lane < f.lanes; lane++)
                compare_with_scalar(&f, i, lane, f.clips[lane]);
        close_fixture(&f);
    }
}

static void test_published_eight(void **state) {
    (void)state;
    check_list(EIGHT, "mfcc", 16000);
    check_list(EIGHT, "logmel", 16000);
}

static void test_odd_sizes(void **state) {
    (void)state;
    check_list(ODD, "mfcc", 5003);
    check_list("640/320/40,16/64/2,300/77/23", "logmel", 641);
    check_list("640/320/40:10", "mfcc", 640);
}

// A lane without a clip is silence, and a front-end that is not wanted changes nothing in the others.
static void test_parts_left_out(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, "auto", EIGHT, "mfcc", 16000);
    const int16_t *clips[STP_MAX_LANES] = {0};
    clips[1] = f.clips[1];
    for (int only = 0; only < f.count; only++) {
        float *out[STP_FRONT_MAX] = {0};
        out[only] = f.out[only];
        stp_front_bank_extract(f.bank, clips, out, f.scratch);
    }
    int16_t *silence = stp_alloc(sizeof(int16_t) * 16000);
    for (int i = 0; i < f.count; i++) {
        compare_with_scalar(&f, i, 1, f.clips[1]);
        compare_with_scalar(&f, i, 0, silence);
        compare_with_scalar(&f, i, f.lanes - 1, silence);
    }
    stp_free(silence);
    close_fixture(&f);
}

// Every front-end alone has the bits it has among others.
static void test_sharing_changes_nothing(void **state) {
    (void)state;
    fixture all;
    open_fixture(&all, "auto", ODD, "mfcc", 5003);
    stp_front_bank_extract(all.bank, (const int16_t *const *)all.clips, all.out, all.scratch);
    for (int i = 0; i < all.count; i++) {
        char text[STP_FRONT_TEXT_BYTES];
        stp_front_spec_format(stp_front_bank_spec(all.bank, i), text);
        fixture one;
        open_fixture(&one, "auto", text, "mfcc", 5003);
        stp_front_bank_extract(one.bank, (const int16_t *const *)one.clips, one.out, one.scratch);
        assert_memory_equal(one.out[0], all.out[i], sizeof(float) * values(&one, 0) * (size_t)one.lanes);
        close_fixture(&one);
    }
    close_fixture(&all);
}

// Raw features of `clips` clips, a lane block at a time, into a fit.
static void fit_clips(fixture *f, int clips, int first_kind) {
    stp_err err = {0};
    stp_norm_fit *fit;
    assert_int_equal(stp_norm_fit_begin(&fit, f->bank, &err), STP_OK);
    for (int done = 0; done < clips; done += f->lanes) {
        int used = clips - done < f->lanes ? clips - done : f->lanes;
        for (int lane = 0; lane < used; lane++)
            make_clip(first_kind + done + lane, f->clips[lane], f->samples);
        stp_front_bank_extract(f->bank, (const int16_t *const *)f->clips, f->out, f->scratch);
        stp_norm_fit_add(fit, (const float *const *)f->out, used);
    }
    stp_norm_fit_end(fit, f->bank);
}

// The norm has the same bits for any number of lanes, and the features it makes have mean 0 and deviation 1.
static void test_norm(void **state) {
    (void)state;
    enum { CLIPS = 11 };
    float first_mean[2][STP_FRONT_MAX_COEFFICIENTS], first_inverse[2][STP_FRONT_MAX_COEFFICIENTS];
    for (int isa = 0; isa < STP_ISA_COUNT; isa++) {
        if (!stp_isa_runs((stp_isa)isa))
            continue;
        fixture f;
        open_fixture(&f, stp_isa_name((stp_isa)isa), "640/320/40:10,400/200/21", "mfcc", 4000);
        fit_clips(&f, CLIPS, 0);
        for (int i = 0; i < f.count; i++) {
            float mean[STP_FRONT_MAX_COEFFICIENTS], inverse[STP_FRONT_MAX_COEFFICIENTS];
            int c = stp_front_bank_spec(f.bank, i)->coefficients;
            stp_front_bank_get_norm(f.bank, i, mean, inverse);
            if (isa == 0) {
                memcpy(first_mean[i], mean, sizeof mean);
                memcpy(first_inverse[i], inverse, sizeof inverse);
            }
            assert_memory_equal(mean, first_mean[i], sizeof(float) * (size_t)c);
            assert_memory_equal(inverse, first_inverse[i], sizeof(float) * (size_t)c);
        }
        close_fixture(&f);
    }
    fixture f;
    open_fixture(&f, "auto", "640/320/40:10,400/200/21", "mfcc", 4000);
    fit_clips(&f, CLIPS, 0);
    for (int i = 0; i < f.count; i++) {
        int coefficients = stp_front_bank_spec(f.bank, i)->coefficients;
        double sum[STP_FRONT_MAX_COEFFICIENTS] = {0}, square[STP_FRONT_MAX_COEFFICIENTS] = {0};
        float *row = stp_alloc(sizeof(float) * values(&f, i));
        for (int k = 0; k < CLIPS; k++) {
            make_clip(k, f.clips[0], f.samples);
            assert_int_equal(stp_front_scalar(f.bank, i, f.clips[0], row, NULL), STP_OK);
            for (size_t v = 0; v < values(&f, i); v++) {
                sum[v % (size_t)coefficients] += row[v];
                square[v % (size_t)coefficients] += (double)row[v] * row[v];
            }
        }
        double n = CLIPS * (double)stp_front_bank_frames(f.bank, i);
        for (int c = 0; c < coefficients; c++) {
            // the norm is rounded to float: 1e-5 of a deviation, the mean of c0 being some ten deviations at
            // most
            assert_true(fabs(sum[c] / n) < 1e-5);
            assert_true(fabs(square[c] / n - 1) < 1e-5);
        }
        stp_free(row);
    }
    close_fixture(&f);
}

// What never moves is not blown up; and a norm that was set comes out of scalar and lanes alike.
static void test_norm_set(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, "auto", "640/320/40:10", "mfcc", 4000);
    fit_clips(&f, 1, 0); // silence
    float mean[STP_FRONT_MAX_COEFFICIENTS], inverse[STP_FRONT_MAX_COEFFICIENTS];
    stp_front_bank_get_norm(f.bank, 0, mean, inverse);
    assert_true(fabs(mean[0] - sqrt(40.0) * log(1e-6)) < 1e-3);
    for (int c = 0; c < 10; c++)
        assert_true(inverse[c] == 1.0f);
    for (int c = 0; c < 10; c++) {
        mean[c] = 0.3f * (float)c - 7;
        inverse[c] = 1.0f / (3 + (float)c);
    }
    stp_front_bank_set_norm(f.bank, 0, mean, inverse);
    for (int lane = 0; lane < f.lanes; lane++)
        make_clip(lane, f.clips[lane], f.samples);
    stp_front_bank_extract(f.bank, (const int16_t *const *)f.clips, f.out, f.scratch);
    for (int lane = 0; lane < f.lanes; lane++)
        compare_with_scalar(&f, 0, lane, f.clips[lane]);
    close_fixture(&f);
}

static void test_errors(void **state) {
    (void)state;
    stp_err err = {0};
    stp_front_spec spec;
    stp_front_bank *bank = NULL;
    assert_int_equal(stp_front_spec_parse(&spec, "640/320/40", "mfcc", 16000, 20, 7600, &err), STP_OK);
    assert_int_equal(stp_front_bank_create(&bank, &spec, 1, 639, &err), STP_ERR_USAGE);
    assert_null(bank);
    assert_non_null(strstr(err.text, "640"));
    assert_int_equal(stp_front_bank_create(&bank, &spec, 0, 16000, &err), STP_ERR_USAGE);
    // the n-th allocation fails, for every n until none does
    stp_status status = STP_ERR_MEMORY;
    for (long n = 0; status != STP_OK; n++) {
        stp_norm_fit *fit = NULL;
        assert_true(n < 50);
        stp_alloc_fail_after(n);
        status = stp_front_bank_create(&bank, &spec, 1, 16000, &err);
        if (status == STP_OK) {
            status = stp_norm_fit_begin(&fit, bank, &err);
            if (status == STP_OK)
                stp_norm_fit_end(fit, bank);
            stp_front_bank_destroy(bank);
        }
        stp_alloc_fail_after(-1);
        assert_true(status == STP_OK || status == STP_ERR_MEMORY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_eight),
        cmocka_unit_test(test_odd_sizes),
        cmocka_unit_test(test_parts_left_out),
        cmocka_unit_test(test_sharing_changes_nothing),
        cmocka_unit_test(test_norm),
        cmocka_unit_test(test_norm_set),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
