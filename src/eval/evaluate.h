// A network over a set of clips, with running batch-norm statistics and without augmentation.
#ifndef STP_EVAL_EVALUATE_H
#define STP_EVAL_EVALUATE_H

#include "model/model.h"
#include "step/step.h"

typedef struct stp_evaluation {
    double loss; // mean cross-entropy
    long long correct, count;
    long long *counts;     // [classes][classes] confusion, row: true class; NULL: not wanted
    int *predicted;        // [count] class of each clip in order; NULL: not wanted
    double *probabilities; // [count][classes]; NULL: not wanted
} stp_evaluation;

// `stepper` was made for inference. coefs: of a supernet, else NULL.
void stp_evaluate(stp_stepper *stepper, const stp_corpus *corpus, const stp_real *weights, stp_real *running,
                  const double *coefs, const int *clips, int count, stp_evaluation *evaluation);

// A stepper for inference with a trained model over a corpus of its one front-end. lender: as in step.h.
stp_status stp_evaluate_stepper(stp_stepper **stepper, const stp_model *model, const stp_corpus *corpus,
                                int group_samples, const stp_stepper *lender, stp_err *err);

#endif
