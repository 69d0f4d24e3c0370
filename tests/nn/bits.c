// Random operations, a line each: what was drawn and a digest of the memory after it ran; then what a
// detector makes of random logits. The host and every processor print the same lines.   bits CASES
#include "nn_case.h"
#include "runtime/detect.h"

#if defined(__arm__) || defined(__riscv)
#include "fw.h"
#define print fw_print
#else
#include <stdio.h>
#define print printf
#endif

#include <stdlib.h>

// Logits that wander, so that now and then a word stands out; every posterior and every answer counts.
static void detect(nn_case *c, int n) {
    enum { CLASSES_MOST = 40, DECISIONS = 100 };
    static uint16_t memory[CLASSES_MOST * (2 + STAPES_MAX_SMOOTHING) / 2];
    const int classes = 2 + (int)nn_case_below(c, CLASSES_MOST - 1);
    uint8_t silent[CLASSES_MOST] = {1}, posteriors[CLASSES_MOST];
    const stapes_map logits_map = {0, 1, 1, (uint16_t)classes, (uint16_t)classes, 0};
    const stapes_model model = {
        .map = &logits_map, .maps = 1, .logit_step = (uint32_t)nn_case_below(c, 60000) + 1};
    const stapes_detect_config config = {.decisions = (uint8_t)(1 + nn_case_below(c, STAPES_MAX_SMOOTHING)),
                                         .threshold = (uint8_t)(1 + nn_case_below(c, 120)),
                                         .pause = (uint16_t)nn_case_below(c, 9),
                                         .silent = n % 2 ? silent : NULL};
    stapes_detector d;
    int8_t logits[CLASSES_MOST] = {0};
    uint32_t digest = 2166136261u;
    int words = 0, status = (int)stapes_detect_init(&d, &model, &config, memory, sizeof memory);
    for (int i = 0; status == 0 && i < DECISIONS; i++) {
        int8_t *moved = &logits[nn_case_below(c, classes)];
        *moved = (int8_t)(nn_case_below(c, 256) - 128);
        int word = stapes_detect(&d, logits);
        words += word >= 0;
        stapes_posteriors(logits, classes, model.logit_step, posteriors);
        for (int k = 0; k < classes; k++)
            digest = (digest ^ posteriors[k]) * 16777619u;
        digest = (digest ^ (uint32_t)(word + 1)) * 16777619u;
    }
    print("detector %d status %d words %d digest %08x\n", n, status, words, (unsigned)digest);
}

int main(int count, char **arguments) {
    static nn_case c;
    const int cases = count > 1 ? atoi(arguments[1]) : 40;
    for (int kind = 0; kind < STAPES_OP_KINDS; kind++)
        for (int n = 0; n < cases; n++) {
            nn_case_draw(&c, (stapes_op_kind)kind, (uint32_t)n);
            if (kind == STAPES_CONV && n % 8 == 0) // a first pixel that is skipped
                c.op.pad_top = c.op.pad_left = -1;
            nn_case_run(&c);
            print("kind %d case %d scratch %d digest %08x\n", kind, n,
                  (int)stapes_nn_scratch_bytes(&c.op, c.maps), (unsigned)nn_case_digest(&c));
        }
    for (int n = 0; n < cases; n++)
        detect(&c, n);
    return 0;
}
