// Which instruction set the lanes run on. A lane is one sample: 16 with AVX-512, 8 with AVX2, 4 elsewhere.
// "plain" is what every processor has, without fused multiply-adds: its bits are the same on all of them.
#ifndef STP_BASE_ISA_H
#define STP_BASE_ISA_H

#include "base/status.h"

// A later one is the faster where a processor has both.
typedef enum stp_isa { STP_ISA_PLAIN, STP_ISA_NEON, STP_ISA_AVX2, STP_ISA_AVX512, STP_ISA_COUNT } stp_isa;

enum { STP_MAX_LANES = 16 };

// X(ID, name) for each set that this build has (cmake/lanes.cmake); a processor may lack some of them.
#if defined(STP_SETS_X86)
#define STP_ISA_SETS(X) X(PLAIN, plain) X(AVX2, avx2) X(AVX512, avx512)
#elif defined(STP_SETS_ARM)
#define STP_ISA_SETS(X) X(PLAIN, plain) X(NEON, neon)
#else
#define STP_ISA_SETS(X) X(PLAIN, plain)
#endif

const char *stp_isa_name(stp_isa isa);
int stp_isa_lanes(stp_isa isa);
int stp_isa_runs(stp_isa isa); // whether this build has it, and this processor
stp_isa stp_isa_best(void);    // of those that run
stp_isa stp_isa_current(void); // what the program runs: the best, unless one was selected
// Selects by name ("auto", "plain", "neon", "avx2", "avx512") before anything is created. STP_ERR_USAGE for
// an unknown name or one that does not run.
stp_status stp_isa_select(const char *name, stp_err *err);

#endif
