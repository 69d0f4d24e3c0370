#include "base/isa.h"

#include <string.h>

static const struct {
    const char *name;
    int lanes;
} isa_table[STP_ISA_COUNT] = {
    [STP_ISA_PLAIN] = {"plain", 4},
    [STP_ISA_NEON] = {"neon", 4},
    [STP_ISA_AVX2] = {"avx2", 8},
    [STP_ISA_AVX512] = {"avx512", 16},
};

static int selected = -1;

const char *stp_isa_name(stp_isa isa) {
    return isa_table[isa].name;
}

int stp_isa_lanes(stp_isa isa) {
    return isa_table[isa].lanes;
}

int stp_isa_runs(stp_isa isa) {
    switch (isa) {
    case STP_ISA_PLAIN:
        return 1;
#if defined(STP_SETS_ARM)
    case STP_ISA_NEON: // every 64-bit Arm processor has it
        return 1;
#endif
#if defined(STP_SETS_X86)
    case STP_ISA_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case STP_ISA_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#endif
    default:
        return 0;
    }
}

stp_isa stp_isa_best(void) {
    int isa = STP_ISA_COUNT - 1;
    while (!stp_isa_runs((stp_isa)isa))
        isa--;
    return (stp_isa)isa;
}

stp_isa stp_isa_current(void) {
    return selected >= 0 ? (stp_isa)selected : stp_isa_best();
}

stp_status stp_isa_select(const char *name, stp_err *err) {
    if (strcmp(name, "auto") == 0) {
        selected = -1;
        return STP_OK;
    }
    for (int i = 0; i < STP_ISA_COUNT; i++) {
        if (strcmp(name, isa_table[i].name) != 0)
            continue;
        if (!stp_isa_runs((stp_isa)i))
            return stp_err_set(err, STP_ERR_USAGE, "--isa %s: this processor has %s at most", name,
                               stp_isa_name(stp_isa_best()));
        selected = i;
        return STP_OK;
    }
    return stp_err_set(err, STP_ERR_USAGE, "--isa %s: give auto, plain, neon, avx2 or avx512", name);
}
