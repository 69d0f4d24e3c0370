// The messages of an ONNX file (onnx.proto3, IR version 7), written one after the other: nodes, constants,
// inputs and outputs of a graph in any order. Fields stand in the order in which they are written; the format
// allows that.
#ifndef STP_EXPORT_ONNX_WRITER_H
#define STP_EXPORT_ONNX_WRITER_H

#include "export/protobuf.h"

enum { STP_ONNX_IR_VERSION = 7, STP_ONNX_OPSET = 13, STP_ONNX_MOST_DIMENSIONS = 4 };

// Numbers are the format's.
typedef enum stp_onnx_type {
    STP_ONNX_FLOAT = 1,
    STP_ONNX_UINT8 = 2,
    STP_ONNX_INT8 = 3,
    STP_ONNX_INT32 = 6
} stp_onnx_type;

typedef struct stp_onnx_shape {
    int rank; // 0: a scalar
    int64_t size[STP_ONNX_MOST_DIMENSIONS];
} stp_onnx_shape;

typedef struct stp_onnx_entry {
    const char *key, *text;
    size_t bytes; // of the text
} stp_onnx_entry;

// The model up to its graph, which is begun, and from the graph's end.
typedef struct stp_onnx_model {
    stp_protobuf file; // stp_bytes_free when done
    size_t graph;
} stp_onnx_model;

void stp_onnx_begin(stp_onnx_model *model, const char *producer, const char *version,
                    const char *description);
void stp_onnx_end(stp_onnx_model *model);
void stp_onnx_metadata(stp_onnx_model *model, const stp_onnx_entry *entry); // after the end

// A constant; data: its values, the last dimension's next to each other.
void stp_onnx_constant(stp_onnx_model *model, const char *name, stp_onnx_type type, stp_onnx_shape shape,
                       const void *data);
// An input or output of floats. A dimension of 0 may have any size and is called `any`.
typedef enum stp_onnx_side { STP_ONNX_INPUT = 11, STP_ONNX_OUTPUT = 12 } stp_onnx_side;
void stp_onnx_value(stp_onnx_model *model, stp_onnx_side side, const char *name, const char *about,
                    stp_onnx_shape shape, const char *any);

// A node: begun with its operator and output, which names it too; then inputs in order, and attributes.
size_t stp_onnx_node(stp_onnx_model *model, const char *op, const char *output);
void stp_onnx_input(stp_onnx_model *model, const char *name);
void stp_onnx_int(stp_onnx_model *model, const char *name, int64_t value);
void stp_onnx_ints(stp_onnx_model *model, const char *name, const int64_t *values, int count);
void stp_onnx_node_end(stp_onnx_model *model, size_t node);

#endif
