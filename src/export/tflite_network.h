// A network of int8 operations (quant/int8_net.h) as a whole TensorFlow Lite file, in int8 or in floats.
//
// Operations are those of export/explicit_net.h. The 2x2 convolution that stands for one that skips the first
// row and column has SAME padding: nothing before, one row or column behind an odd size. The int8 file gives
// the device's bits (device/nn/nn.h says how TensorFlow Lite rounds).
#ifndef STP_EXPORT_TFLITE_NETWORK_H
#define STP_EXPORT_TFLITE_NETWORK_H

#include "export/tflite_builder.h"
#include "quant/int8_net.h"

typedef enum stp_tflite_numbers {
    STP_TFLITE_IN_INT8,  // the network must be quantised
    STP_TFLITE_IN_FLOATS // batch norm folded, nothing rounded; a lowered network is enough
} stp_tflite_numbers;

// input: [1][frames][coefficients][1], output: [1][classes] logits. The file's bytes are in file->bytes;
// stp_bytes_free when done. STP_ERR_MISMATCH for channels that are read otherwise than as they are
// written and for paddings that the format does not have; no discrete network of src/space has either.
stp_status stp_tflite_network_build(const stp_int8_net *net, stp_tflite_numbers numbers,
                                    const char *description, const stp_tflite_metadata *metadata,
                                    int metadata_count, stp_flatbuffer *file, stp_err *err);

#endif
