#include "cost/processor.h"

#include <string.h>

static const struct {
    const char *name;
    stp_twin_kind twin;
} rows[STP_PROCESSORS] = {
    [STP_PROCESSOR_M3] = {"m3", STP_TWIN_PLAIN},     [STP_PROCESSOR_M4] = {"m4", STP_TWIN_DSP},
    [STP_PROCESSOR_M7] = {"m7", STP_TWIN_DSP},       [STP_PROCESSOR_M55] = {"m55", STP_TWIN_MVE},
    [STP_PROCESSOR_RV32] = {"rv32", STP_TWIN_PLAIN},
};

const char *stp_processor_name(stp_processor processor) {
    return rows[processor].name;
}

stp_twin_kind stp_processor_twin(stp_processor processor) {
    return rows[processor].twin;
}

int stp_processor_parse(stp_processor *processor, const char *name) {
    if (strcmp(name, "m4f") == 0)
        name = "m4";
    for (int i = 0; i < STP_PROCESSORS; i++)
        if (strcmp(rows[i].name, name) == 0) {
            *processor = (stp_processor)i;
            return 0;
        }
    return -1;
}
