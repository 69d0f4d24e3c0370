// Posteriors against exp in double; smoothing, threshold, pause and silent classes of the detector.
#include "runtime/detect.h"
#include "testing.h"

#include <math.h>

enum { CLASSES = 4 };

// A model as far as the detector looks at it.
static const stapes_map logits_map = {0, 1, 1, CLASSES, CLASSES, 0};
static const double SCALE = 0.2;

static stapes_model make_model(void) {
    return (stapes_model){
        .map = &logits_map, .maps = 1, .logit_step = (uint32_t)lrint(65536 * SCALE / log(2))};
}

static void test_posteriors(void **state) {
    (void)state;
    srand(1);
    for (int round = 0; round < 2000; round++) {
        int classes = 2 + rand() % 40;
        double scale = 0.01 + rand() % 100 * 0.01, total = 0;
        int8_t logits[64];
        uint8_t posteriors[64];
        for (int i = 0; i < classes; i++)
            total += exp(scale * (logits[i] = (int8_t)(rand() % 256 - 128)));
        stapes_posteriors(logits, classes, (uint32_t)lrint(65536 * scale / log(2)), posteriors);
        for (int i = 0; i < classes; i++) {
            double exact = 255 * exp(scale * logits[i]) / total;
            // half a step of rounding, and 0.4 % of the parabola in part and total
            if (fabs(posteriors[i] - exact) > 0.51 + 0.008 * exact)
                fail_msg("%d instead of %.2f", posteriors[i], exact);
        }
    }
    int8_t equal[3] = {-128, -128, -128};
    uint8_t thirds[3];
    stapes_posteriors(equal, 3, 0xffffffffu, thirds);
    assert_int_equal(thirds[0], 85);
    assert_int_equal(thirds[2], 85);
}

static const int8_t nothing[CLASSES] = {100, 0, 0, 0}, word[CLASSES] = {0, 0, 100, 0};

static void test_detector(void **state) {
    (void)state;
    const uint8_t silent[CLASSES] = {1, 0, 0, 0};
    const stapes_detect_config config = {.decisions = 4, .threshold = 127, .pause = 5, .silent = silent};
    stapes_model model = make_model();
    uint16_t memory[32];
    stapes_detector d;
    assert_int_equal(stapes_detect_bytes(&model, &config), CLASSES * (2 + 4));
    assert_int_equal(stapes_detect_init(&d, &model, &config, memory, sizeof memory), STAPES_OK);
    for (int round = 0; round < 2; round++) {
        // however sure, a silent class is no word
        for (int i = 0; i < 10; i++)
            assert_int_equal(stapes_detect(&d, nothing), -1);
        // half of four decisions are needed
        assert_int_equal(stapes_detect(&d, word), -1);
        assert_int_equal(stapes_detect(&d, word), 2);
        // nothing else in the pause, and the word again when it still stands after it
        for (int i = 0; i < 5; i++)
            assert_int_equal(stapes_detect(&d, word), -1);
        assert_int_equal(stapes_detect(&d, word), 2);
        stapes_detect_reset(&d);
        // a reset detector waits for as many decisions as it smooths over
        for (int i = 0; i < 3; i++)
            assert_int_equal(stapes_detect(&d, word), -1);
        assert_int_equal(stapes_detect(&d, word), 2);
        stapes_detect_reset(&d);
    }
}

static void test_all_are_words(void **state) {
    (void)state;
    const stapes_detect_config config = {.decisions = 1, .threshold = 255};
    stapes_model model = make_model();
    uint16_t memory[16];
    stapes_detector d;
    assert_int_equal(stapes_detect_init(&d, &model, &config, memory, sizeof memory), STAPES_OK);
    assert_int_equal(stapes_detect(&d, nothing), 0);
    assert_int_equal(stapes_detect(&d, word), 2);
}

static void test_refused(void **state) {
    (void)state;
    stapes_detect_config good = {.decisions = 2, .threshold = 1}, bad;
    stapes_model model = make_model(), unscaled = model;
    uint16_t memory[16];
    stapes_detector d;
    size_t bytes = stapes_detect_bytes(&model, &good);
    assert_int_equal(stapes_detect_init(&d, &model, &good, memory, bytes), STAPES_OK);
    assert_int_equal(stapes_detect_init(&d, &model, &good, memory, bytes - 1), STAPES_ERR_MEMORY);
    assert_int_equal(stapes_detect_init(&d, &model, &good, (char *)memory + 1, bytes), STAPES_ERR_MEMORY);
    assert_int_equal(stapes_detect_init(&d, &model, &good, NULL, bytes), STAPES_ERR_MEMORY);
    unscaled.logit_step = 0;
    assert_int_equal(stapes_detect_init(&d, &unscaled, &good, memory, bytes), STAPES_ERR_MODEL);
    bad = good, bad.decisions = 0;
    assert_int_equal(stapes_detect_init(&d, &model, &bad, memory, bytes), STAPES_ERR_MODEL);
    bad = good, bad.decisions = STAPES_MAX_SMOOTHING + 1;
    assert_int_equal(stapes_detect_bytes(&model, &bad), 0);
    bad = good, bad.threshold = 0;
    assert_int_equal(stapes_detect_init(&d, &model, &bad, memory, bytes), STAPES_ERR_MODEL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_posteriors),
        cmocka_unit_test(test_detector),
        cmocka_unit_test(test_all_are_words),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
