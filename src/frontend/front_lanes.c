#include "frontend/front_lanes.h"

const stp_front_lanes *stp_front_lanes_current(void) {
#if !defined(STP_ONLY_PLAIN)
    switch (stp_isa_current()) {
    case STP_ISA_AVX512:
        return &stp_front_lanes_avx512;
    case STP_ISA_AVX2:
        return &stp_front_lanes_avx2;
    default:
        break;
    }
#endif
    return &stp_front_lanes_plain;
}
