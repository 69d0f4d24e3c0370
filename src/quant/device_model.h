// An int8 network as the device takes it (device/runtime/runtime.h), in the host's memory.
#ifndef STP_QUANT_DEVICE_MODEL_H
#define STP_QUANT_DEVICE_MODEL_H

#include "quant/int8_net.h"
#include "runtime/runtime.h"

typedef struct stp_device_model {
    stp_arena *arena;
    stapes_model model; // with all it points to; map i is the network's tensor i, operation i its operation i
    stapes_kernel kernel[STAPES_OP_KINDS]; // of the kinds that occur
    size_t arena_bound;                    // no plan of the arena can be smaller
} stp_device_model;

// front: the tables that the model's features come from, NULL: they come from elsewhere; it must outlive the
// result, the network need not. Runs the self test once, for its checksum. STP_ERR_MISMATCH when the network
// is beyond what a device counts.
stp_status stp_device_model_create(stp_device_model **device, const stp_int8_net *net,
                                   const stapes_front_config *front, stp_err *err);
void stp_device_model_destroy(stp_device_model *device);

#endif
