// A network of int8 operations (quant/int8_net.h) as a whole ONNX file, in int8 or in floats; operator
// set 13.
//
// Maps are NCHW: [clips][channels][time][frequency], for any number of clips. Padding is written out, before
// and after. Input: "features" [clips][1][frames][coefficients] in floats, as the front-end makes them;
// output: "logits" [clips][classes] in floats, for which the int8 file quantises and dequantises itself.
//
// The int8 file is in QDQ form: standard operators on floats, each result between QuantizeLinear and
// DequantizeLinear, int8 weights with a scale for each output channel, int32 biases. Results are uint8, the
// device's int8 plus 128 with the same scale: what onnxruntime turns into integer operators on every
// processor (int8 results that two operators read it leaves in floats on x86). The runtime's rounding is its
// own, and differs from the device's by a step at most.
#ifndef STP_EXPORT_ONNX_NETWORK_H
#define STP_EXPORT_ONNX_NETWORK_H

#include "export/onnx_writer.h"
#include "quant/int8_net.h"

typedef enum stp_onnx_numbers {
    STP_ONNX_IN_INT8,  // the network must be quantised
    STP_ONNX_IN_FLOATS // batch norm folded, nothing rounded; a lowered network is enough
} stp_onnx_numbers;

// metadata: one entry, NULL: none. The file's bytes are in file->bytes; stp_bytes_free when done.
// STP_ERR_MISMATCH for what stp_explicit_net_create refuses, and for windows that end a stride before the
// input.
stp_status stp_onnx_network_build(const stp_int8_net *net, stp_onnx_numbers numbers, const char *description,
                                  const stp_onnx_entry *metadata, stp_bytes *file, stp_err *err);

#endif
