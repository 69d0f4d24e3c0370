#include "eval/evaluate.h"

#include "eval/metrics.h"

enum { AT_ONCE = 1024 }; // clips of a batch; only bounds the bookkeeping

void stp_evaluate(stp_stepper *stepper, const stp_corpus *corpus, const stp_real *weights, stp_real *running,
                  const double *coefs, const int *clips, int count, stp_evaluation *e) {
    int predicted[AT_ONCE], classes = corpus->dataset->classes;
    stp_exec_state state = {.weights = weights, .running = running, .coefs = coefs};
    e->loss = 0;
    e->correct = e->count = 0;
    for (int first = 0; first < count; first += AT_ONCE) {
        stp_batch batch = {.clips = clips + first,
                           .count = count - first < AT_ONCE ? count - first : AT_ONCE};
        stp_step_result result;
        stp_step_run(stepper, &batch, &state, &result, predicted,
                     e->probabilities ? e->probabilities + (size_t)first * classes : NULL);
        e->loss += result.loss;
        e->correct += result.correct;
        e->count += result.count;
        for (int i = 0; i < batch.count; i++) {
            if (e->predicted)
                e->predicted[first + i] = predicted[i];
            if (e->counts)
                stp_confusion_add(e->counts, classes, corpus->dataset->clip[clips[first + i]].class_index,
                                  predicted[i]);
        }
    }
    e->loss /= e->count > 0 ? (double)e->count : 1;
}

stp_status stp_evaluate_stepper(stp_stepper **stepper, const stp_model *model, const stp_corpus *corpus,
                                int group_samples, const stp_stepper *lender, stp_err *err) {
    stp_stepper_options options = {.align = STP_ALIGN_CONV,
                                   .grid = model->input,
                                   .fronts = 1,
                                   .group_samples = group_samples,
                                   .groups = 1,
                                   .lender = lender};
    return stp_stepper_create(stepper, model->graph, corpus, &options, err);
}
