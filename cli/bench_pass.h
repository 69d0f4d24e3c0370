// The passes of the kernels that `stapes bench kernel` times: each on the lane blocks of a group, with
// tensors of its own.
#ifndef STP_CLI_BENCH_PASS_H
#define STP_CLI_BENCH_PASS_H

#include "bench_problem.h"
#include "kernel/kernel.h"
#include "kernel/work.h"

typedef struct stp_bench_tensors stp_bench_tensors;

typedef struct stp_bench_pass {
    stp_bench_kernel kernel;
    const char *name;
    void (*run)(stp_bench_tensors *tensors, int block);
    stp_pass work;
    int d_in; // stp_pass_size
} stp_bench_pass;

extern const stp_bench_pass stp_bench_passes[];
int stp_bench_pass_count(void);

// Of a whole group.
double stp_bench_pass_flops(const stp_bench_pass *pass, const stp_bench_problem *problem);
double stp_bench_pass_bytes(const stp_bench_pass *pass, const stp_bench_problem *problem);

// Tensors, weights and scratch for all blocks of the problem's group. Free with stp_bench_tensors_destroy
// (NULL is fine).
stp_status stp_bench_tensors_create(stp_bench_tensors **tensors, const stp_kernels *kernels,
                                    const stp_bench_problem *problem, stp_err *err);
// Whether a problem is too large for that; costs nothing.
stp_status stp_bench_tensors_check(const stp_kernels *kernels, const stp_bench_problem *problem,
                                   stp_err *err);
void stp_bench_tensors_destroy(stp_bench_tensors *tensors);

#endif
