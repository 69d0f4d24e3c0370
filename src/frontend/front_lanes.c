#include "frontend/front_lanes.h"

#define DECLARED(ID, name) extern const stp_front_lanes stp_front_lanes_##name;
STP_ISA_SETS(DECLARED)

const stp_front_lanes *stp_front_lanes_current(void) {
#define LISTED(ID, name) [STP_ISA_##ID] = &stp_front_lanes_##name,
    static const stp_front_lanes *const table[STP_ISA_COUNT] = {STP_ISA_SETS(LISTED)};
    return table[stp_isa_current()];
}
