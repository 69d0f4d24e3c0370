// A trained system put to the test on a folder of recordings, its own or another: the folder's words are the
// system's classes by name.
#ifndef STP_EVAL_EXAMINE_H
#define STP_EVAL_EXAMINE_H

#include "dataset/dataset.h"
#include "model/model.h"
#include "step/corpus.h"

// Opens settings->data for `model`. settings: with what the model was trained (its `data`, `threads` ... as
// wanted now). Words that the model does not know become _unknown_ where it has that class and are left out
// otherwise; _silence_ is left out, with a note, where the folder has no noise. STP_ERR_DATA names the
// model's words that the folder lacks, STP_ERR_MISMATCH says when the two cannot belong together.
stp_status stp_examine_open(stp_corpus *corpus, const stp_model *model, const stp_settings *settings,
                            const stp_observer *observer, stp_err *err);

// The clips of a split and what a system answers to them, one by one; classes are the model's.
typedef struct stp_answers {
    int count;
    int *clips, *truth, *predicted; // [count]
} stp_answers;

// All clips of a split (STP_SPLITS: all), not answered yet. STP_ERR_DATA when it has none; `data` names the
// folder.
stp_status stp_answers_begin(stp_answers *answers, const stp_corpus *corpus, const stp_model *model,
                             stp_split split, const char *data, stp_err *err);
void stp_answers_free(stp_answers *answers);
// The answers of the model in floats.
stp_status stp_answers_float(stp_answers *answers, const stp_corpus *corpus, const stp_model *model,
                             stp_err *err);
// Adds all of them to `counts`, [classes][classes], row: true class.
void stp_answers_count(const stp_answers *answers, const stp_model *model, long long *counts);

// Adds every clip of a split (STP_SPLITS: all) to `counts`, [classes][classes] by the model's classes, row:
// true class. STP_ERR_DATA when the split has no clip.
stp_status stp_examine(const stp_corpus *corpus, const stp_model *model, const stp_settings *settings,
                       stp_split split, long long *counts, stp_err *err);

#endif
