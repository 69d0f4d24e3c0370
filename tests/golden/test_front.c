// The published eight front-ends against torchaudio, on synthetic clips: front.bin, from
// make_front_golden.py.
#include "base/arena.h"
#include "frontend/front_bank.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SAMPLES = 16000, STEP = 12, CLIPS = 4 };

static const char EIGHT[] = "400/100/40,400/100/80,400/200/40,400/200/80,"
                            "640/160/40,640/160/80,640/320/40,640/320/80";

// The generator of make_front_golden.py.
static int32_t next_noise(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (int32_t)(*state >> 16) - 32768;
}

static void make_clip(int kind, int16_t *clip) {
    uint32_t full = 1, hiss = 7, phase = 0;
    for (int32_t i = 0; i < SAMPLES; i++) {
        phase += (uint32_t)i * 117440u;
        int32_t x = (int32_t)(phase >> 16) - 32768;
        int32_t wave = (x * (32768 - abs(x))) >> 13;
        int32_t chirp = (wave * abs(i % 4000 - 2000) >> 12) + (next_noise(&hiss) >> 8);
        int32_t square = i / 18 % 2 ? INT16_MAX : INT16_MIN;
        int32_t value[CLIPS] = {next_noise(&full), chirp, square, 0};
        clip[i] = (int16_t)value[kind];
    }
}

static FILE *open_golden(void) {
    FILE *file = fopen(STP_TEST_DIR "/golden/front.bin", "rb");
    if (!file)
        fail_msg("cannot read %s", STP_TEST_DIR "/golden/front.bin");
    return file;
}

static void compare(const stp_front_bank *bank, int index, int kind, const float *got, FILE *golden) {
    int coefficients = stp_front_bank_spec(bank, index)->coefficients;
    double largest = 0, low = INFINITY, high = -INFINITY;
    for (int frame = 0; frame < stp_front_bank_frames(bank, index); frame += STEP) {
        float expected[STP_FRONT_MAX_COEFFICIENTS];
        assert_int_equal(fread(expected, sizeof(float), (size_t)coefficients, golden), coefficients);
        for (int c = 0; c < coefficients; c++) {
            low = fmin(low, expected[c]);
            high = fmax(high, expected[c]);
            largest = fmax(largest, fabs(got[frame * coefficients + c] - expected[c]));
        }
    }
    // Both are float with sums in different orders: a ten-thousandth of the range would be a difference in
    // kind (the largest here is 1.4e-5).
    char text[STP_FRONT_TEXT_BYTES];
    stp_front_spec_format(stp_front_bank_spec(bank, index), text);
    printf("%s, clip %d: largest difference %.2g of a range of %.3g\n", text, kind, largest, high - low);
    if (!(largest <= 1e-4 * (high - low)))
        fail_msg("%s, clip %d: largest difference %g, range %g", text, kind, largest, high - low);
}

static void test_torchaudio(void **state) {
    (void)state;
    stp_err err = {0};
    stp_front_spec specs[STP_FRONT_MAX];
    stp_front_bank *bank;
    int count;
    if (stp_front_list_parse(specs, &count, EIGHT, "mfcc", 16000, 20, 7600, &err) != STP_OK ||
        stp_front_bank_create(&bank, specs, count, SAMPLES, &err) != STP_OK)
        fail_msg("%s", err.text);
    FILE *golden = open_golden();
    int16_t *clip = stp_alloc(sizeof(int16_t) * SAMPLES);
    float *got = stp_alloc(sizeof(float) * 157 * 80);
    for (int i = 0; i < count; i++)
        for (int kind = 0; kind < CLIPS; kind++) {
            make_clip(kind, clip);
            if (stp_front_scalar(bank, i, clip, got, &err) != STP_OK)
                fail_msg("%s", err.text);
            compare(bank, i, kind, got, golden);
        }
    assert_int_equal(fgetc(golden), EOF);
    fclose(golden);
    stp_free(clip);
    stp_free(got);
    stp_front_bank_destroy(bank);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_torchaudio)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
