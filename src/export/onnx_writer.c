// Numbers are the fields' of onnx.proto3.
#include "export/onnx_writer.h"

enum { ATTRIBUTE_INT = 2, ATTRIBUTE_INTS = 7 }; // AttributeProto.AttributeType

enum model_field {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER = 2,
    MODEL_PRODUCER_VERSION = 3,
    MODEL_DESCRIPTION = 6,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8,
    MODEL_METADATA = 14
};
enum opset_field { OPSET_VERSION = 2 };
enum metadata_field { METADATA_KEY = 1, METADATA_VALUE = 2 };
enum graph_field { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_CONSTANT = 5 };
enum node_field { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum attribute_field { ATTRIBUTE_NAME = 1, ATTRIBUTE_I = 3, ATTRIBUTE_INTS_FIELD = 8, ATTRIBUTE_TYPE = 20 };
enum tensor_field { TENSOR_DIMENSION = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9 };
enum value_field { VALUE_NAME = 1, VALUE_TYPE = 2, VALUE_DESCRIPTION = 3 };
enum type_field { TYPE_TENSOR = 1, TYPE_ELEMENT = 1, TYPE_SHAPE = 2 };
enum shape_field { SHAPE_DIMENSION = 1, DIMENSION_SIZE = 1, DIMENSION_NAME = 2 };

// --- the model ------------------------------------------------------------------------------------------

void stp_onnx_begin(stp_onnx_model *model, const char *producer, const char *version,
                    const char *description) {
    *model = (stp_onnx_model){.file = {0}};
    stp_protobuf *to = &model->file;
    stp_protobuf_int(to, MODEL_IR_VERSION, STP_ONNX_IR_VERSION);
    stp_protobuf_text(to, MODEL_PRODUCER, producer);
    stp_protobuf_text(to, MODEL_PRODUCER_VERSION, version);
    stp_protobuf_text(to, MODEL_DESCRIPTION, description);
    const size_t opset = stp_protobuf_begin(to, MODEL_OPSET); // of the standard operators, whose domain is ""
    stp_protobuf_int(to, OPSET_VERSION, STP_ONNX_OPSET);
    stp_protobuf_end(to, opset);
    model->graph = stp_protobuf_begin(to, MODEL_GRAPH);
    stp_protobuf_text(to, GRAPH_NAME, "main");
}

void stp_onnx_end(stp_onnx_model *model) {
    stp_protobuf_end(&model->file, model->graph);
}

void stp_onnx_metadata(stp_onnx_model *model, const stp_onnx_entry *entry) {
    const size_t message = stp_protobuf_begin(&model->file, MODEL_METADATA);
    stp_protobuf_text(&model->file, METADATA_KEY, entry->key);
    stp_protobuf_bytes(&model->file, METADATA_VALUE, entry->text, entry->bytes);
    stp_protobuf_end(&model->file, message);
}

// --- values ---------------------------------------------------------------------------------------------

void stp_onnx_constant(stp_onnx_model *model, const char *name, stp_onnx_type type, stp_onnx_shape shape,
                       const void *data) {
    stp_protobuf *to = &model->file;
    size_t bytes = type == STP_ONNX_INT8 || type == STP_ONNX_UINT8 ? 1 : 4;
    const size_t tensor = stp_protobuf_begin(to, GRAPH_CONSTANT);
    for (int i = 0; i < shape.rank; i++) {
        stp_protobuf_int(to, TENSOR_DIMENSION, shape.size[i]);
        bytes *= (size_t)shape.size[i];
    }
    stp_protobuf_int(to, TENSOR_TYPE, type);
    stp_protobuf_text(to, TENSOR_NAME, name);
    stp_protobuf_bytes(to, TENSOR_RAW, data, bytes);
    stp_protobuf_end(to, tensor);
}

static void put_dimension(stp_protobuf *to, int64_t size, const char *any) {
    const size_t dimension = stp_protobuf_begin(to, SHAPE_DIMENSION);
    if (size > 0)
        stp_protobuf_int(to, DIMENSION_SIZE, size);
    else
        stp_protobuf_text(to, DIMENSION_NAME, any);
    stp_protobuf_end(to, dimension);
}

static void put_type(stp_protobuf *to, stp_onnx_shape shape, const char *any) {
    const size_t type = stp_protobuf_begin(to, VALUE_TYPE), tensor = stp_protobuf_begin(to, TYPE_TENSOR);
    stp_protobuf_int(to, TYPE_ELEMENT, STP_ONNX_FLOAT);
    const size_t dimensions = stp_protobuf_begin(to, TYPE_SHAPE);
    for (int i = 0; i < shape.rank; i++)
        put_dimension(to, shape.size[i], any);
    stp_protobuf_end(to, dimensions);
    stp_protobuf_end(to, tensor);
    stp_protobuf_end(to, type);
}

void stp_onnx_value(stp_onnx_model *model, stp_onnx_side side, const char *name, const char *about,
                    stp_onnx_shape shape, const char *any) {
    const size_t value = stp_protobuf_begin(&model->file, (int)side);
    stp_protobuf_text(&model->file, VALUE_NAME, name);
    put_type(&model->file, shape, any);
    stp_protobuf_text(&model->file, VALUE_DESCRIPTION, about);
    stp_protobuf_end(&model->file, value);
}

// --- nodes ----------------------------------------------------------------------------------------------

size_t stp_onnx_node(stp_onnx_model *model, const char *op, const char *output) {
    const size_t node = stp_protobuf_begin(&model->file, GRAPH_NODE);
    stp_protobuf_text(&model->file, NODE_OP, op);
    stp_protobuf_text(&model->file, NODE_OUTPUT, output);
    stp_protobuf_text(&model->file, NODE_NAME, output);
    return node;
}

void stp_onnx_input(stp_onnx_model *model, const char *name) {
    stp_protobuf_text(&model->file, NODE_INPUT, name);
}

void stp_onnx_int(stp_onnx_model *model, const char *name, int64_t value) {
    const size_t attribute = stp_protobuf_begin(&model->file, NODE_ATTRIBUTE);
    stp_protobuf_text(&model->file, ATTRIBUTE_NAME, name);
    stp_protobuf_int(&model->file, ATTRIBUTE_TYPE, ATTRIBUTE_INT);
    stp_protobuf_int(&model->file, ATTRIBUTE_I, value);
    stp_protobuf_end(&model->file, attribute);
}

void stp_onnx_ints(stp_onnx_model *model, const char *name, const int64_t *values, int count) {
    const size_t attribute = stp_protobuf_begin(&model->file, NODE_ATTRIBUTE);
    stp_protobuf_text(&model->file, ATTRIBUTE_NAME, name);
    stp_protobuf_int(&model->file, ATTRIBUTE_TYPE, ATTRIBUTE_INTS);
    for (int i = 0; i < count; i++)
        stp_protobuf_int(&model->file, ATTRIBUTE_INTS_FIELD, values[i]);
    stp_protobuf_end(&model->file, attribute);
}

void stp_onnx_node_end(stp_onnx_model *model, size_t node) {
    stp_protobuf_end(&model->file, node);
}
