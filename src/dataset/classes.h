// Inside the room: the classes of a dataset and the clips that stand for them.
#ifndef STP_DATASET_CLASSES_H
#define STP_DATASET_CLASSES_H

#include "dataset/folder.h"

#define STP_LABEL_UNKNOWN "_unknown_"
#define STP_LABEL_SILENCE "_silence_"

// Sets classes, labels, clips and noises of `dataset`, in the folder's arena.
stp_status stp_classes_choose(stp_dataset *dataset, stp_folder *folder, stp_err *err);

// A dataset over an open folder, which must outlive it; `owner` stays NULL. Errors: those of
// stp_dataset_open.
stp_status stp_dataset_from_folder(stp_dataset *dataset, stp_folder *folder, stp_err *err);

#endif
