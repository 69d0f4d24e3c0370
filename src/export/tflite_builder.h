// A TensorFlow Lite file (schema version 3) of a network that is described as arrays: tensors, operators over
// them, metadata.
#ifndef STP_EXPORT_TFLITE_BUILDER_H
#define STP_EXPORT_TFLITE_BUILDER_H

#include "base/status.h"
#include "export/flatbuffer.h"

// Numbers are the schema's.
typedef enum stp_tflite_type {
    STP_TFLITE_FLOAT32 = 0,
    STP_TFLITE_INT32 = 2,
    STP_TFLITE_INT8 = 9
} stp_tflite_type;

typedef enum stp_tflite_operator {
    STP_TFLITE_ADD = 0,
    STP_TFLITE_AVERAGE_POOL = 1,
    STP_TFLITE_CONCATENATION = 2,
    STP_TFLITE_CONV = 3,
    STP_TFLITE_DEPTHWISE = 4,
    STP_TFLITE_FULLY_CONNECTED = 9,
    STP_TFLITE_MAX_POOL = 17,
    STP_TFLITE_RELU = 19,
} stp_tflite_operator;
enum { STP_TFLITE_OPERATORS = 8 }; // of these

typedef struct stp_tflite_tensor {
    const char *name;
    stp_tflite_type type;
    int rank;
    int32_t shape[4];
    int scales;         // 0: not quantised; 1; or one a channel
    const float *scale; // [scales]
    int32_t zero;
    int channel_axis; // of a scale a channel
    const void *data; // constants; NULL: computed
    size_t bytes;
} stp_tflite_tensor;

typedef struct stp_tflite_op {
    stp_tflite_operator code;
    int version; // the operator's, at least the one that knows the tensors' types
    int inputs[8], input_count, output;
    bool valid; // padding VALID, not SAME
    int stride_h, stride_w, dilation_h, dilation_w, filter_h, filter_w;
    int axis; // of a concatenation
    bool relu;
} stp_tflite_op;

typedef struct stp_tflite_metadata {
    const char *name;
    const void *data;
    size_t bytes;
} stp_tflite_metadata;

typedef struct stp_tflite_network {
    const char *description;
    const stp_tflite_tensor *tensors;
    const stp_tflite_op *ops; // in order
    const stp_tflite_metadata *metadata;
    int tensor_count, op_count, metadata_count;
    int input, output; // tensors
} stp_tflite_network;

// The file's bytes, in file->bytes; stp_bytes_free when done. Fails when memory is out, or when a number
// of the network points nowhere.
stp_status stp_tflite_build(const stp_tflite_network *network, stp_flatbuffer *file, stp_err *err);

#endif
