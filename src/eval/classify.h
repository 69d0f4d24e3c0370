// A trained system over single clips, without a folder of recordings: features as the device makes them, the
// network with running statistics, probabilities.
#ifndef STP_EVAL_CLASSIFY_H
#define STP_EVAL_CLASSIFY_H

#include "base/threads.h"
#include "model/model.h"

enum { STP_CLASSIFY_MOST = 16 }; // clips at once

typedef struct stp_classifier stp_classifier;

// `model` and `pool` must outlive it.
stp_status stp_classifier_create(stp_classifier **classifier, const stp_model *model, stp_pool *pool,
                                 stp_err *err);
void stp_classifier_destroy(stp_classifier *classifier);

// clips: [count], at most STP_CLASSIFY_MOST, each of model->clip_samples; probabilities: [count][classes].
// What a clip gets does not depend on the others. Allocates nothing.
void stp_classify(stp_classifier *classifier, const int16_t *const *clips, int count, double *probabilities);

#endif
