// A trained system as a .tflite file. The network is inside, the front-end is not: features go in, and how
// they are made stands in the file's metadata, a JSON text named "stapes.json", with the labels in the
// logits' order.
#ifndef STP_EXPORT_TFLITE_FILE_H
#define STP_EXPORT_TFLITE_FILE_H

#include "export/tflite_network.h"
#include "model/model.h"

// net: the model's. The file is replaced whole or not at all. STP_ERR_IO when it cannot be written.
stp_status stp_tflite_file_write(const stp_int8_net *net, const stp_model *model, stp_tflite_numbers numbers,
                                 const char *path, stp_err *err);

#endif
