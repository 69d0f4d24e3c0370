// The processors that costs are known of: those that firmware/ can emulate.
#ifndef STP_COST_PROCESSOR_H
#define STP_COST_PROCESSOR_H

typedef enum stp_processor {
    STP_PROCESSOR_M3,
    STP_PROCESSOR_M4,
    STP_PROCESSOR_M7,
    STP_PROCESSOR_M55,
    STP_PROCESSOR_RV32,
    STP_PROCESSORS
} stp_processor;

// Which twins of the kernels a processor runs (device/nn/processor.h).
typedef enum stp_twin_kind { STP_TWIN_PLAIN, STP_TWIN_DSP, STP_TWIN_MVE } stp_twin_kind;

const char *stp_processor_name(stp_processor processor); // as `stapes run-on` calls it
stp_twin_kind stp_processor_twin(stp_processor processor);
// "m4f" is m4, whose FPU is meant. 0, or -1 for an unknown name.
int stp_processor_parse(stp_processor *processor, const char *name);

#endif
