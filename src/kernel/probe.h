// What this machine can do at most, by the instruction set's own vectors: what kernels are measured against.
#ifndef STP_KERNEL_PROBE_H
#define STP_KERNEL_PROBE_H

#include "base/isa.h"
#include "kernel/real.h"

#include <stddef.h>

typedef struct stp_probe {
    // `rounds` rounds of independent fused multiply-adds in registers. Returns the floating-point operations
    // done (two a multiply-add); *sink keeps them from being left out.
    double (*multiply_add)(long rounds, stp_real *sink);
    // Sums `count` reals (a multiple of 256) `rounds` times; returns the bytes read.
    double (*read)(const stp_real *values, size_t count, long rounds, stp_real *sink);
} stp_probe;

// NULL where this build or processor lacks the instruction set.
const stp_probe *stp_probe_get(stp_isa isa);

#endif
