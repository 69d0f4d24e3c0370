// Which instruction set the lanes run on. A lane is one sample: 16 with AVX-512, 8 with AVX2, 4 elsewhere.
#ifndef STP_BASE_ISA_H
#define STP_BASE_ISA_H

#include "base/status.h"

typedef enum stp_isa { STP_ISA_PLAIN, STP_ISA_AVX2, STP_ISA_AVX512, STP_ISA_COUNT } stp_isa;

enum { STP_MAX_LANES = 16 };

const char *stp_isa_name(stp_isa isa);
int stp_isa_lanes(stp_isa isa);
stp_isa stp_isa_best(void);    // what this processor can run
stp_isa stp_isa_current(void); // what the program runs: the best, unless one was selected
// Selects by name ("auto", "plain", "avx2", "avx512") before anything is created. STP_ERR_USAGE for an
// unknown name or one that this processor lacks.
stp_status stp_isa_select(const char *name, stp_err *err);

#endif
