#include "kernel/probe.h"

extern const stp_probe stp_probe_table_plain;
#ifndef STP_ONLY_PLAIN
extern const stp_probe stp_probe_table_avx2;
extern const stp_probe stp_probe_table_avx512;
#endif

const stp_probe *stp_probe_get(stp_isa isa) {
    if ((int)isa > (int)stp_isa_best())
        return NULL;
    switch (isa) {
    case STP_ISA_PLAIN:
        return &stp_probe_table_plain;
#ifndef STP_ONLY_PLAIN
    case STP_ISA_AVX2:
        return &stp_probe_table_avx2;
    case STP_ISA_AVX512:
        return &stp_probe_table_avx512;
#endif
    default:
        return NULL;
    }
}
