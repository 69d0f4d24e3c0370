// Softmax cross-entropy of one lane block.
#ifndef STP_GRAPH_LOSS_H
#define STP_GRAPH_LOSS_H

#include "kernel/real.h"

// logits: [classes][lanes]; labels: [lanes], negative: the lane is masked. Targets are 1 - smoothing +
// smoothing/classes for the label and smoothing/classes for the others. d_logits (NULL: not wanted): (softmax
// - target) * scale, 0 in masked lanes. Adds to *loss the sum of losses and to *correct the number of lanes
// whose largest logit (the first of equals) is the label's. predicted (NULL: not wanted): [lanes].
void stp_loss_block(int lanes, int classes, const stp_real *logits, const int *labels, double smoothing,
                    double scale, stp_real *d_logits, double *loss, int *correct, int *predicted);

// Probabilities [classes] of one lane.
void stp_softmax_lane(int lanes, int lane, int classes, const stp_real *logits, double *probabilities);

#endif
