// What the code takes for granted, and which twin of a kernel this build has. STAPES_NN_PLAIN asks for plain
// C wherever it is compiled; STAPES_NN_LIKE_DSP for the twin with DSP instructions, which tests run
// elsewhere, the instructions in C.
#ifndef STAPES_NN_PROCESSOR_H
#define STAPES_NN_PROCESSOR_H

#include <limits.h>

// What all code of device/ takes for granted, and C99 leaves open.
#if UINT_MAX < 0xffffffffu
#error "stapes needs an int of 32 bits"
#endif
// Negative numbers in two's complement, which keep their sign when shifted to the right. (The preprocessor's
// numbers are not the compiler's, so this is a type that cannot be.)
typedef char stapes_nn_shifts_keep_signs[(-1 >> 1) == -1 ? 1 : -1];
#if defined(__ARM_BIG_ENDIAN)
#error "stapes needs the lowest byte of a word first in memory"
#elif defined(__BYTE_ORDER__) && defined(__ORDER_LITTLE_ENDIAN__)
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "stapes needs the lowest byte of a word first in memory"
#endif
#endif

// Rare code that shall not take registers from the loop that calls it.
#if defined(__GNUC__)
#define STAPES_NN_CALLED static __attribute__((noinline))
#else
#define STAPES_NN_CALLED static
#endif

// Whether DSP instructions may be used: they are there, words may lie anywhere, and the compiler knows their
// names and takes assembly.
#if !defined(STAPES_NN_PLAIN) && defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_SIMD32) &&              \
    __ARM_ARCH >= 7 &&                                                                                       \
    (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 10 && defined(__ARM_FEATURE_UNALIGNED)))
#define STAPES_NN_DSP_INSTRUCTIONS 1
#else
#define STAPES_NN_DSP_INSTRUCTIONS 0
#endif

#if defined(STAPES_NN_PLAIN)
#define STAPES_NN_MVE 0
#define STAPES_NN_DSP 0
#elif defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 1)
#define STAPES_NN_MVE 1 // Helium: vectors of 16 bytes
#define STAPES_NN_DSP 0
#elif STAPES_NN_DSP_INSTRUCTIONS || defined(STAPES_NN_LIKE_DSP)
#define STAPES_NN_MVE 0
#define STAPES_NN_DSP 1 // Cortex-M4, M7, M33: two 16-bit products an instruction
#else
#define STAPES_NN_MVE 0
#define STAPES_NN_DSP 0
#endif

#endif
