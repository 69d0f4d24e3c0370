// From the logits of one decision after the other to words: posteriors, their mean over the last decisions, a
// threshold, and a pause after each word (as in Chen, Parada, Heigold, "Small-footprint keyword spotting
// using deep neural networks", ICASSP 2014). Integers only, so every processor finds the same words.
#ifndef STAPES_RUNTIME_DETECT_H
#define STAPES_RUNTIME_DETECT_H

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { STAPES_POSTERIOR_ONE = 255, STAPES_MAX_SMOOTHING = 64 };

typedef struct stapes_detect_config {
    uint8_t decisions;     // posteriors are smoothed over so many, 1 to STAPES_MAX_SMOOTHING
    uint8_t threshold;     // a word needs a mean posterior of at least threshold / 255
    uint16_t pause;        // decisions after a word in which no other is found
    const uint8_t *silent; // [classes] 1: never a word (unknown, silence); NULL: all are words
} stapes_detect_config;

typedef struct stapes_detector {
    const stapes_detect_config *config;
    uint8_t *posterior; // [decisions][classes], a ring
    uint16_t *sum;      // [classes] over the ring
    uint32_t logit_step;
    uint16_t classes, pause_left;
    uint8_t next, filled;
} stapes_detector;

// Bytes of memory for detection: some more than decisions times classes. 0 for a wrong configuration.
size_t stapes_detect_bytes(const stapes_model *model, const stapes_detect_config *config);

// memory: aligned to 2, stays with the detector, as `config` does. STAPES_ERR_MODEL where the model says
// nothing about the scale of its logits.
stapes_status stapes_detect_init(stapes_detector *d, const stapes_model *model,
                                 const stapes_detect_config *config, void *memory, size_t bytes);

// Takes one decision's logits, [classes]. The word that was found, or -1.
int stapes_detect(stapes_detector *d, const int8_t *logits);
void stapes_detect_reset(stapes_detector *d); // forgets all decisions

// Softmax of int8 logits, 255 for certainty: sums to 255 but for rounding, at most half a step a class.
// logit_step: of the model.
void stapes_posteriors(const int8_t *logits, int classes, uint32_t logit_step, uint8_t *posteriors);

#ifdef __cplusplus
}
#endif

#endif
