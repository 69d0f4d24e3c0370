// What every command that computes begins with, from its settings: the threads, the recordings, the
// front-ends with their normalisation.
#ifndef STP_STEP_CORPUS_H
#define STP_STEP_CORPUS_H

#include "base/threads.h"
#include "dataset/batch.h"
#include "frontend/front_bank.h"
#include "run/observer.h"
#include "settings/settings.h"
#include "space/networks.h"

typedef struct stp_corpus {
    stp_pool *pool;
    stp_dataset *dataset;
    stp_front_bank *bank;
    stp_shape shape[STP_FRONT_MAX]; // of each front-end's features
    int fronts;
} stp_corpus;

// Opens settings->data with the classes the settings ask for. fronts: a list "640/320/40,..."; fit: whether
// the normalisation is taken from the training clips here (otherwise the caller sets it, and splits may be
// empty).
stp_status stp_corpus_open(stp_corpus *corpus, const stp_settings *settings, const char *fronts, int fit,
                           const stp_observer *observer, stp_err *err);
void stp_corpus_close(stp_corpus *corpus);

// What the settings say about the recordings in `dir`; the callbacks are the caller's to add.
stp_dataset_options stp_corpus_dataset_options(const stp_settings *settings, const char *dir);

// What augmentation the settings ask for.
stp_augment stp_corpus_augment(const stp_settings *settings);
// --balance: on, off, or auto, decided by the classes among these clips.
stp_status stp_corpus_balance(const stp_corpus *corpus, const stp_settings *settings, const int *indices,
                              int count, int *balance, stp_err *err);
// How a set of `count` clips is cut up: the batch-norm group is bn_group, or `wanted`, the batch asked for,
// where that is smaller, or what a smaller set gives in whole lane blocks of 16 (16 at least); the batch is a
// whole number of groups, as many as the set has at most. STP_ERR_USAGE when bn_group is no multiple of 16,
// or `wanted` none of bn_group or, where smaller, of 16.
stp_status stp_corpus_group(const stp_settings *settings, int count, long long wanted, int *group, int *batch,
                            stp_err *err);
// Groups of a batch to hold in memory at once: --micro-batch, or as few as keep all threads (nearly) as busy
// as the whole batch at once would. Results do not depend on it.
int stp_corpus_groups_held(const stp_corpus *corpus, const stp_settings *settings, int group, int batch);

#endif
