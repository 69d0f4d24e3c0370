// A trained system as an .onnx file: the network (export/onnx_network.h), and among the metadata a text,
// "stapes.json", that says how features are made and has the labels in the logits' order (export/about.h).
#ifndef STP_EXPORT_ONNX_FILE_H
#define STP_EXPORT_ONNX_FILE_H

#include "export/onnx_network.h"
#include "model/model.h"

// net: the model's. The file is replaced whole or not at all. STP_ERR_IO when it cannot be written.
stp_status stp_onnx_file_write(const stp_int8_net *net, const stp_model *model, stp_onnx_numbers numbers,
                               const char *path, stp_err *err);

#endif
