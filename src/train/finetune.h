// Fine-tuning of a quantised network (Jacob et al., CVPR 2018): its float twin is trained with weights and
// results rounded as the int8 form has them, batch norm folded and so at rest, gradients straight through.
#ifndef STP_TRAIN_FINETUNE_H
#define STP_TRAIN_FINETUNE_H

#include "quant/int8_net.h"
#include "run/observer.h"
#include "settings/settings.h"
#include "step/corpus.h"

typedef struct stp_finetune_options {
    int epochs;
    double rate; // learning rate at the start; cosine to 0
    uint64_t seed;
} stp_finetune_options;

// `net` is calibrated: its scales stay, its floats and then its int8 numbers become the fine-tuned ones
// (after an error neither may be used). settings: those of the training, of which batch, momentum, clipping,
// smoothing, balance and augmentation serve here too; clips are drawn as in the epochs after it. Every
// training clip's class is one of the network's. STP_ERR_INTERRUPTED when the observer says stop.
stp_status stp_finetune(stp_int8_net *net, const stp_corpus *corpus, const stp_settings *settings,
                        const stp_finetune_options *options, const stp_observer *observer, stp_err *err);

#endif
