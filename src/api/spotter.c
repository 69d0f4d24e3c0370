// The public header's functions, over the rooms that do the work.
#include "stapes/stapes.h"

#include "audio/audio.h"
#include "base/arena.h"
#include "eval/classify.h"

#include <stdio.h>

_Static_assert((int)STAPES_CLIPS_MOST == (int)STP_CLASSIFY_MOST,
               "the header tells what the classifier takes");

struct stapes_spotter {
    stp_run *run;
    stp_model *model;
    stp_pool *pool;
    stp_classifier *classifier;
};

static stp_status open_parts(stapes_spotter *s, const char *run, int threads, stp_err *err) {
    STP_TRY(stp_run_open(&s->run, run, err));
    STP_TRY(stp_model_load_finished(&s->model, s->run, err));
    STP_TRY(stp_pool_create(&s->pool, threads, err));
    return stp_classifier_create(&s->classifier, s->model, s->pool, err);
}

int stapes_spotter_open(stapes_spotter **spotter, const char *run, int threads,
                        char error[STAPES_ERROR_BYTES]) {
    stp_err err = {0};
    stapes_spotter *s = stp_alloc(sizeof *s);
    stp_status status = s ? open_parts(s, run, threads, &err) : stp_err_memory(&err, "a spotter", sizeof *s);
    *spotter = NULL;
    if (status == STP_OK) {
        *spotter = s;
        return 0;
    }
    stapes_spotter_close(s);
    snprintf(error, STAPES_ERROR_BYTES, "%s", err.text);
    return stp_status_exit_code(status);
}

void stapes_spotter_close(stapes_spotter *s) {
    if (!s)
        return;
    stp_classifier_destroy(s->classifier);
    stp_pool_destroy(s->pool);
    stp_model_destroy(s->model);
    stp_run_close(s->run);
    stp_free(s);
}

int stapes_spotter_rate_hz(const stapes_spotter *s) {
    return s->model->rate_hz;
}

int stapes_spotter_clip_samples(const stapes_spotter *s) {
    return s->model->clip_samples;
}

int stapes_spotter_labels(const stapes_spotter *s) {
    return s->model->classes;
}

const char *stapes_spotter_label(const stapes_spotter *s, int index) {
    return s->model->labels[index];
}

void stapes_spotter_cut(const stapes_spotter *s, const int16_t *samples, size_t count, int16_t *clip) {
    stp_sound_clip(samples, count, s->model->clip_samples, clip);
}

void stapes_spotter_hear(stapes_spotter *s, const int16_t *const *clips, int count, double *probabilities) {
    stp_classify(s->classifier, clips, count, probabilities);
}
