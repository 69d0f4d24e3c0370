// The way through epochs and steps that search and training share: checkpoints, a clean stop, resuming to the
// same bits, the progress line, the record of time. What a step does is the caller's, in a table of
// functions.
#ifndef STP_TRAIN_LOOP_H
#define STP_TRAIN_LOOP_H

#include "run/observer.h"
#include "run/run.h"
#include "settings/settings.h"

#include <stdint.h>

typedef struct stp_loop_sums { // over an epoch so far
    double loss;
    int64_t correct, count;
} stp_loop_sums;

void stp_loop_add(stp_loop_sums *sums, double loss, int correct, int count);
double stp_loop_loss(const stp_loop_sums *sums);     // a clip's; 0 before the first one
double stp_loop_accuracy(const stp_loop_sums *sums); // per cent

enum { STP_LOOP_SECTIONS = 12 }; // most that `sections` may list

typedef struct stp_loop_work {
    // What a checkpoint holds beside the loop's own place; returns how many.
    int (*sections)(void *of, stp_section sections[STP_LOOP_SECTIONS]);
    // An epoch begins, or goes on where a checkpoint left it: the order of its clips.
    void (*order)(void *of);
    stp_status (*step)(void *of, stp_err *err);         // at loop->at.epoch, loop->at.step
    void (*describe)(void *of, stp_progress *progress); // phase and leader
    double (*validate)(void *of);                       // accuracy in per cent
    stp_status (*end_epoch)(void *of,
                            stp_err *err); // after validate: is the loss a number? its line in the journal
} stp_loop_work;

typedef struct stp_loop {
    // the caller's to set
    stp_command command; // whose settings make the run's identity
    const stp_settings *settings;
    stp_run *run;
    const stp_observer *observer;
    const stp_loop_work *work;
    void *of;
    long epochs, steps; // steps of an epoch
    // the loop's to tell
    struct stp_loop_place {
        int64_t epoch, step; // the next to do
        int64_t journal_bytes;
        stp_loop_sums sums;
    } at;
    double validation_accuracy; // of the last epoch; negative before the first
    // its own
    double clock, earlier; // when the last time was written down; seconds up to then, of all parts of the run
    char digest[41];       // of the settings
} stp_loop;

// First of all: starts the clock.
stp_status stp_loop_begin(stp_loop *loop, stp_err *err);
// A checkpoint. The first one, before the first step, makes the run one that can be resumed.
stp_status stp_loop_save(stp_loop *loop, stp_err *err);
// Reads one section of the checkpoint, for a caller that must know it before it can list the others.
stp_status stp_loop_peek(stp_loop *loop, const stp_section *section, stp_err *err);
// Goes back to the checkpoint, the journal too.
stp_status stp_loop_restore(stp_loop *loop, stp_err *err);
// All epochs that are left. STP_ERR_INTERRUPTED, after a checkpoint, when the observer says stop.
stp_status stp_loop_run(stp_loop *loop, stp_err *err);
// Of all parts of a run that was interrupted, as far as checkpoints reached.
double stp_loop_seconds(const stp_loop *loop);

#endif
