// The steps of a frame as this processor takes them: with Helium's vectors of floats where it has them, one
// value at a time elsewhere. The bits are the same.
#ifndef STAPES_FRONT_FRONT_STEPS_H
#define STAPES_FRONT_FRONT_STEPS_H

#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2)
#include "front/front_helium.h"
#define FRONT_STEP(name) helium_##name
#else
#include "front/front_scalar.h"
#define FRONT_STEP(name) core_##name
#endif

#define front_fft FRONT_STEP(fft)
#define front_power FRONT_STEP(power)
#define front_bands FRONT_STEP(bands)
#define front_cepstra FRONT_STEP(cepstra)
#define front_normalise FRONT_STEP(normalise)

#endif
