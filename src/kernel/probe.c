#include "kernel/probe.h"

#define DECLARED(ID, name) extern const stp_probe stp_probe_table_##name;
STP_ISA_SETS(DECLARED)

const stp_probe *stp_probe_get(stp_isa isa) {
#define LISTED(ID, name) [STP_ISA_##ID] = &stp_probe_table_##name,
    static const stp_probe *const table[STP_ISA_COUNT] = {STP_ISA_SETS(LISTED)};
    return stp_isa_runs(isa) ? table[isa] : NULL;
}
