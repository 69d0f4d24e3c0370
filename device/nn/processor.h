// Which twin of a kernel this build has. STAPES_NN_PLAIN asks for plain C wherever it is compiled;
// STAPES_NN_LIKE_DSP for the twin with DSP instructions, which tests run elsewhere, the instructions in C.
#ifndef STAPES_NN_PROCESSOR_H
#define STAPES_NN_PROCESSOR_H

#if defined(STAPES_NN_PLAIN)
#define STAPES_NN_MVE 0
#define STAPES_NN_DSP 0
#elif defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)
#define STAPES_NN_MVE 1 // Helium: vectors of 16 bytes
#define STAPES_NN_DSP 0
#elif defined(__ARM_FEATURE_DSP) || defined(STAPES_NN_LIKE_DSP)
#define STAPES_NN_MVE 0
#define STAPES_NN_DSP 1 // Cortex-M4, M7, M33: two 16-bit products an instruction
#else
#define STAPES_NN_MVE 0
#define STAPES_NN_DSP 0
#endif

#endif
