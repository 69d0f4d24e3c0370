// The scales of an int8 network from what its float twin does on training clips.
#ifndef STP_QUANT_CALIBRATE_H
#define STP_QUANT_CALIBRATE_H

#include "quant/int8_net.h"
#include "run/observer.h"
#include "step/corpus.h"

// Draws `clips` training clips by the seed (rounded up to whole groups of 64; all, when there are fewer; how
// many it became stands in `clips` afterwards), runs them as they were recorded, and gives every scale the
// range with the least squared error (ranges.h). The input is a tensor like others: its range is that of the
// normalised features. The corpus has the model's front-end and norm. Results depend on seed and clips, not
// on threads.
stp_status stp_int8_calibrate(stp_int8_net *net, const stp_corpus *corpus, int *clips, uint64_t seed,
                              const stp_observer *observer, stp_err *err);

#endif
