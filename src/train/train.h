// Training a discrete system from scratch: SGD with momentum, warm-up and cosine, label smoothing, weight
// decay, augmentation, drop path.
#ifndef STP_TRAIN_TRAIN_H
#define STP_TRAIN_TRAIN_H

#include "model/model.h"
#include "run/observer.h"
#include "run/run.h"
#include "settings/settings.h"
#include "step/corpus.h"

typedef struct stp_train_result {
    double validation_accuracy; // per cent, of the weights kept (the last epoch's)
    double seconds;             // of all parts of the run, as far as checkpoints reached
} stp_train_result;

// Trains `model` (created, weights not yet drawn unless resuming) on the corpus' training split.
// settings.json stands in the run folder already. Writes journal.jsonl, times.jsonl, checkpoint.bin, and at
// the end model.json and weights.bin. resume: continues from checkpoint.bin, to the same bits as without the
// break. STP_ERR_INTERRUPTED after a clean stop.
stp_status stp_train(stp_model *model, const stp_corpus *corpus, const stp_settings *settings, stp_run *run,
                     int resume, const stp_observer *observer, stp_train_result *result, stp_err *err);

// What --cells and --channels go to in the options table.
enum { STP_SIZE_CELLS_LOW = 3, STP_SIZE_CELLS_MOST = 64, STP_SIZE_CHANNELS_MOST = 512 };

// The sizes a genotype can be trained at: every cells/channels pair within max_params, most MACs first; the
// first is the choice. cells > 0 or channels > 0 fix that one. Channels are tried in multiples of 4 to
// STP_SIZE_CHANNELS_MOST, cells from 3 to stp_train_cells_tried.
typedef struct stp_size {
    int cells, channels;
    long long params, macs;
} stp_size;
int stp_train_cells_tried(int search_cells); // twice the search's, at most STP_SIZE_CELLS_MOST
stp_status stp_train_sizes(const stp_genotype *genotype, stp_shape input, int classes, long long max_params,
                           int cells, int channels, int search_cells, stp_size *sizes, int most, int *count,
                           stp_err *err);

#endif
