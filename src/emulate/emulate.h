// A quantised system on an emulated processor: exported, cross-compiled with the kit of firmware/, run under
// QEMU on clips that are fed as samples, and compared bit for bit with what the host makes of them.
#ifndef STP_EMULATE_EMULATE_H
#define STP_EMULATE_EMULATE_H

#include "export/model_source.h"

#include <stdint.h>

enum { STP_COUNT_CLASSES = 17 };

// Executed instructions, by the class that firmware/count gives.
typedef struct stp_count {
    long long total;
    long long of[STP_COUNT_CLASSES];
} stp_count;

// Flash in bytes. What the emulator's kit takes is not counted.
typedef struct stp_flash {
    long front, nn, runtime,
        compiler;      // code with its constants; the compiler's own (floats without FPU, memcpy)
    long front_tables; // window, twiddles, mel, DCT, norm
    long plan;         // lists of operations, maps, kernels, labels
    long weights;      // with biases, multipliers and shifts
} stp_flash;

typedef struct stp_emulated {
    int clips, ops;
    int rows_wrong, logits_wrong; // clips with a bit that differs
    int *op_wrong;                // [ops]
    int8_t *logits;               // [clips][classes] of the emulated processor
    stp_count row;                // a hop's samples to a row of features
    stp_count *op;                // [ops]
    stp_flash flash;
    long static_ram; // variables of the device's code and the compiler's, and one stapes
    long stack_of_row, stack_of_decision;
} stp_emulated;

const char *stp_count_class_name(int index);

// processor: as firmware/run calls it. clips: [count][clip_samples]. Free with stp_emulated_free, also after
// an error. STP_ERR_IO names what is missing (compiler, emulator) or went wrong; STP_ERR_MISMATCH when the
// clips are shorter than the network's input.
stp_status stp_emulate(stp_emulated *result, const stp_system_source *system, const char *processor,
                       const int16_t *clips, int count, int clip_samples, stp_err *err);
void stp_emulated_free(stp_emulated *result);

#endif
