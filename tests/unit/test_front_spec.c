// "window/hop/filters:coefficients": what is understood, what is refused and how it is said, what it costs.
#include "frontend/front_spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static stp_status parse(stp_front_spec *spec, const char *text, stp_err *err) {
    return stp_front_spec_parse(spec, text, "mfcc", 16000, 20, 7600, err);
}

static void test_parse(void **state) {
    (void)state;
    stp_front_spec spec;
    stp_err err = {0};
    char text[STP_FRONT_TEXT_BYTES];
    assert_int_equal(parse(&spec, "640/320/40:10", &err), STP_OK);
    assert_int_equal(spec.kind, STP_FRONT_MFCC);
    assert_int_equal(spec.window_samples, 640);
    assert_int_equal(spec.hop_samples, 320);
    assert_int_equal(spec.filters, 40);
    assert_int_equal(spec.coefficients, 10);
    const char *good[] = {"640/320/40:10", "400/100/80", "16/64/2:1", "2048/1/128"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (parse(&spec, good[i], &err) != STP_OK)
            fail_msg("%s", err.text);
        stp_front_spec_format(&spec, text);
        assert_string_equal(text, good[i]);
    }
    assert_int_equal(parse(&spec, "400/100/40:40", &err), STP_OK);
    stp_front_spec_format(&spec, text);
    assert_string_equal(text, "400/100/40");
    assert_int_equal(stp_front_spec_parse(&spec, "400/100/40", "logmel", 16000, 0, 8000, &err), STP_OK);
    assert_int_equal(spec.kind, STP_FRONT_LOGMEL);
}

static void refused(const char *text, const char *kind, double low_hz, double high_hz, const char *said) {
    stp_front_spec spec;
    stp_err err = {0};
    if (stp_front_spec_parse(&spec, text, kind, 16000, low_hz, high_hz, &err) != STP_ERR_USAGE)
        fail_msg("\"%s\" was taken", text);
    if (!strstr(err.text, said))
        fail_msg("\"%s\": \"%s\" does not say \"%s\"", text, err.text, said);
}

static void test_refused(void **state) {
    (void)state;
    const char *malformed[] = {"",
                               "640",
                               "640/320",
                               "640/320/",
                               "/320/40",
                               "640/320/40:",
                               "640/320/40:1:",
                               "640/320/40 ",
                               " 640/320/40",
                               "640/320/40/1",
                               "a/b/c",
                               "640/-320/40",
                               "+640/320/40",
                               "640/320/40:1x",
                               "640.0/320/40",
                               "640//40",
                               "0x10/10/2",
                               "6400000/320/40"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        refused(malformed[i], "mfcc", 20, 7600, "is not of the form");
    refused("15/8/2", "mfcc", 20, 7600, "window 15");
    refused("2049/8/40", "mfcc", 20, 7600, "window 2049");
    refused("640/0/40", "mfcc", 20, 7600, "hop 0");
    refused("640/2561/40", "mfcc", 20, 7600, "hop 2561");
    refused("640/320/1", "mfcc", 20, 7600, "1 mel filters");
    refused("640/320/129", "mfcc", 20, 7600, "129 mel filters");
    refused("640/320/40:41", "mfcc", 20, 7600, "41 coefficients");
    refused("640/320/40:0", "mfcc", 20, 7600, "0 coefficients");
    refused("640/320/40:10", "logmel", 20, 7600, "log-mel");
    refused("640/320/40", "plp", 20, 7600, "--features plp");
    refused("640/320/40", "mfcc", 7600, 7600, "--low-hz 7600");
    refused("640/320/40", "mfcc", -1, 7600, "--low-hz -1");
    refused("640/320/40", "mfcc", 20, 8001, "--high-hz 8001");
    refused("100/100/80", "mfcc", 20, 7600, "mel filter 1 of 80 is narrower");
    refused("640/320/40", "mfcc", 20, 100, "is narrower");
}

static void test_list(void **state) {
    (void)state;
    stp_front_spec specs[STP_FRONT_MAX];
    stp_err err = {0};
    int count;
    assert_int_equal(
        stp_front_list_parse(specs, &count, "640/320/40, 400/100/80:12", "mfcc", 16000, 20, 7600, &err),
        STP_OK);
    assert_int_equal(count, 2);
    assert_int_equal(specs[1].coefficients, 12);
    const char *bad[][2] = {{"640/320/40,640/320/40:40", "twice"},
                            {"640/320/40,", "empty"},
                            {",640/320/40", "empty"},
                            {"", "empty"},
                            {"640/320/40,,400/100/40", "empty"},
                            {"640/320/40,x", "form"},
                            {"640/320/40000000000000000000000000000000000000000000000000000000", "too long"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(stp_front_list_parse(specs, &count, bad[i][0], "mfcc", 16000, 20, 7600, &err),
                         STP_ERR_USAGE);
        if (!strstr(err.text, bad[i][1]))
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", bad[i][0], err.text, bad[i][1]);
    }
    char list[16 * (STP_FRONT_MAX + 1)] = "";
    for (int i = 0; i <= STP_FRONT_MAX; i++) {
        char item[20] = ",640/100/40";
        item[5] = (char)('1' + i / 10);
        item[7] = (char)('0' + i % 10);
        strcat(list, item + (i == 0));
    }
    assert_int_equal(stp_front_list_parse(specs, &count, list, "mfcc", 16000, 20, 7600, &err), STP_ERR_USAGE);
    assert_non_null(strstr(err.text, "more than 64"));
    *strrchr(list, ',') = '\0';
    assert_int_equal(stp_front_list_parse(specs, &count, list, "mfcc", 16000, 20, 7600, &err), STP_OK);
    assert_int_equal(count, STP_FRONT_MAX);
}

static void test_frames(void **state) {
    (void)state;
    // the published eight at one second
    const struct {
        const char *text;
        int fft, frames;
    } row[] = {{"400/100/40", 512, 157}, {"400/200/40", 512, 79}, {"640/160/40", 1024, 97},
               {"640/320/40", 1024, 49}, {"16/8/2", 128, 1999},   {"2048/8192/2", 2048, 2}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        stp_front_spec spec;
        assert_int_equal(parse(&spec, row[i].text, NULL), STP_OK);
        assert_int_equal(stp_front_spec_fft(&spec), row[i].fft);
        assert_int_equal(stp_front_spec_frames(&spec, 16000), row[i].frames);
        assert_int_equal(stp_front_spec_frames(&spec, spec.window_samples), 1);
        assert_int_equal(stp_front_spec_frames(&spec, spec.window_samples - 1), 0);
        assert_int_equal(stp_front_spec_frames(&spec, spec.window_samples + spec.hop_samples), 2);
    }
}

// Counted by hand for 128 points (n = 64): window 100; two stages after the first of 12 products in
// 3 * 4 + 15 butterflies; split and power 8 * 31 + 3; mel; DCT 4 coefficients of 8 filters.
static void test_costs(void **state) {
    (void)state;
    stp_front_spec mfcc, logmel, longer;
    assert_int_equal(parse(&mfcc, "100/50/8:4", NULL), STP_OK);
    assert_int_equal(stp_front_spec_parse(&logmel, "100/50/8", "logmel", 16000, 20, 7600, NULL), STP_OK);
    double mel = stp_front_spec_frame_mults(&logmel) - (100 + 12 * (3 * 4 + 15) + 8 * 31 + 3);
    // every bin between the first and last filter's middles is in two filters
    assert_true(mel > 64 && mel < 128);
    assert_true(stp_front_spec_frame_mults(&mfcc) == stp_front_spec_frame_mults(&logmel) + 4 * 4);
    assert_int_equal(stp_front_spec_table_bytes(&logmel),
                     4 * (51 + 64 + (int)mel + 2 * 8) + 2 * (16 + 2 * 8));
    assert_int_equal(stp_front_spec_table_bytes(&mfcc),
                     stp_front_spec_table_bytes(&logmel) + 4 * (4 * 4 - 2 * 4));
    assert_int_equal(parse(&longer, "640/320/40", NULL), STP_OK);
    assert_true(stp_front_spec_frame_mults(&longer) > 4 * stp_front_spec_frame_mults(&mfcc));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),  cmocka_unit_test(test_refused), cmocka_unit_test(test_list),
        cmocka_unit_test(test_frames), cmocka_unit_test(test_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
