// The one-line problems of `stapes bench kernel`, in the manner of oneDNN's benchdnn: a kernel and what it is
// to work on, "dw:c4:48x40:k3:s1:d2:g64:forward". The fields, in any order:
//   cN        channels
//   mN        outputs of conv and dwpw (as many as channels unless given), terms of mix (8)
//   HxW       rows and columns of the input
//   kN, kHxW  size of the kernel
//   sN        stride (1)
//   dN        dilation (1)
//   gN        clips in the group, a multiple of 16 (64): its lane blocks take turns, as in a step
//   a pass    "forward", "backward"...; all that the kernel has unless given
#ifndef STP_CLI_BENCH_PROBLEM_H
#define STP_CLI_BENCH_PROBLEM_H

#include "base/status.h"

#include <stddef.h>

typedef enum stp_bench_kernel {
    STP_BENCH_DWPW,
    STP_BENCH_DW,
    STP_BENCH_CONV,
    STP_BENCH_MAXPOOL,
    STP_BENCH_AVGPOOL,
    STP_BENCH_AFFINE,
    STP_BENCH_MIX,
    STP_BENCH_KERNELS
} stp_bench_kernel;

enum { STP_BENCH_PASS_BYTES = 24, STP_BENCH_PROBLEM_BYTES = 128 };

typedef struct stp_bench_problem {
    stp_bench_kernel kernel;
    int c, m, h, w, k_h, k_w, stride, dilation, group;
    char pass[STP_BENCH_PASS_BYTES]; // "": all
} stp_bench_problem;

const char *stp_bench_kernel_name(stp_bench_kernel kernel);

// Reads text[0 .. bytes); `where` ("" or "file:3: ") opens every error. Whether the kernel has the pass is
// not looked at.
stp_status stp_bench_problem_parse(stp_bench_problem *problem, const char *text, size_t bytes,
                                   const char *where, stp_err *err);
// The problem with all its fields that the kernel has, the pass left out.
void stp_bench_problem_format(const stp_bench_problem *problem, char text[STP_BENCH_PROBLEM_BYTES]);

#endif
