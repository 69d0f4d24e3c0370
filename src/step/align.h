// Features onto the common grid where no learned convolution does it.
#ifndef STP_STEP_ALIGN_H
#define STP_STEP_ALIGN_H

#include "frontend/front_spec.h"
#include "space/networks.h"

// From [from.h][from.w][lanes] floats to [to.h][to.w][lanes].
// pad: the features at the low corner, zeros elsewhere. resample: frames averaged by area onto the grid's
// frames; log-mel bands likewise; cepstra cut off after the grid's (they are normalised, so that no rescaling
// is left to do). conv: copied as they are.
void stp_align_features(stp_align align, stp_front_kind kind, int lanes, stp_shape from,
                        const float *features, stp_shape to, stp_real *out);

#endif
