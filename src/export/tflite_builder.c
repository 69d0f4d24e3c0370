// Tables and their fields in the order of TensorFlow Lite's schema.fbs.
#include "export/tflite_builder.h"

#include "base/arena.h"

enum { STP_TFLITE_SCHEMA_VERSION = 3, STP_TFLITE_DATA_ALIGN = 16, STP_TFLITE_FIELDS = 15 };

// The schema's numbers of the options of an operator.
enum {
    STP_TFLITE_CONV_OPTIONS = 1,
    STP_TFLITE_DEPTHWISE_OPTIONS = 2,
    STP_TFLITE_POOL_OPTIONS = 5,
    STP_TFLITE_FULLY_CONNECTED_OPTIONS = 8,
    STP_TFLITE_CONCATENATION_OPTIONS = 10,
    STP_TFLITE_ADD_OPTIONS = 11
};

typedef size_t slots_of[STP_TFLITE_FIELDS];

static void refer(stp_flatbuffer *file, size_t slot, size_t place) {
    stp_flatbuffer_set_reference(file, slot, place);
}

static size_t ints(stp_flatbuffer *file, const int32_t *values, int count) {
    return stp_flatbuffer_vector(file, values, (size_t)count, 4, 4);
}

// --- tensors --------------------------------------------------------------------------------------------

static size_t quantization(stp_flatbuffer *file, const stp_tflite_tensor *tensor) {
    slots_of slot; // min, max, scale, zero_point, details_type, details, quantized_dimension
    const size_t table = stp_flatbuffer_table(file, "--ii--i", slot);
    refer(file, slot[2], stp_flatbuffer_vector(file, tensor->scale, (size_t)tensor->scales, 4, 4));
    const size_t zeros = stp_flatbuffer_vector(file, NULL, (size_t)tensor->scales, 8, 8);
    for (int i = 0; i < tensor->scales; i++) {
        stp_flatbuffer_set_int(file, zeros + 4 + 8 * (size_t)i, (uint32_t)tensor->zero);
        stp_flatbuffer_set_int(file, zeros + 8 + 8 * (size_t)i, tensor->zero < 0 ? ~0u : 0);
    }
    refer(file, slot[3], zeros);
    stp_flatbuffer_set_int(file, slot[6], (uint32_t)tensor->channel_axis);
    return table;
}

static size_t tensor_table(stp_flatbuffer *file, const stp_tflite_tensor *tensor, uint32_t data) {
    slots_of slot; // shape, type, buffer, name, quantization
    const size_t table = stp_flatbuffer_table(file, tensor->scales ? "ibiii" : "ibii", slot);
    refer(file, slot[0], ints(file, tensor->shape, tensor->rank));
    stp_flatbuffer_set_byte(file, slot[1], (uint8_t)tensor->type);
    stp_flatbuffer_set_int(file, slot[2], data);
    refer(file, slot[3], stp_flatbuffer_string(file, tensor->name));
    if (tensor->scales)
        refer(file, slot[4], quantization(file, tensor));
    return table;
}

// --- operators ------------------------------------------------------------------------------------------

static size_t conv_options(stp_flatbuffer *file, const stp_tflite_op *op) {
    slots_of slot; // padding, stride_w, stride_h, activation, dilation_w, dilation_h
    const size_t table = stp_flatbuffer_table(file, "biibii", slot);
    stp_flatbuffer_set_byte(file, slot[0], op->valid);
    stp_flatbuffer_set_int(file, slot[1], (uint32_t)op->stride_w);
    stp_flatbuffer_set_int(file, slot[2], (uint32_t)op->stride_h);
    stp_flatbuffer_set_byte(file, slot[3], op->relu);
    stp_flatbuffer_set_int(file, slot[4], (uint32_t)op->dilation_w);
    stp_flatbuffer_set_int(file, slot[5], (uint32_t)op->dilation_h);
    return table;
}

static size_t depthwise_options(stp_flatbuffer *file, const stp_tflite_op *op) {
    slots_of slot; // padding, stride_w, stride_h, depth_multiplier, activation, dilation_w, dilation_h
    const size_t table = stp_flatbuffer_table(file, "biiibii", slot);
    stp_flatbuffer_set_byte(file, slot[0], op->valid);
    stp_flatbuffer_set_int(file, slot[1], (uint32_t)op->stride_w);
    stp_flatbuffer_set_int(file, slot[2], (uint32_t)op->stride_h);
    stp_flatbuffer_set_int(file, slot[3], 1);
    stp_flatbuffer_set_byte(file, slot[4], op->relu);
    stp_flatbuffer_set_int(file, slot[5], (uint32_t)op->dilation_w);
    stp_flatbuffer_set_int(file, slot[6], (uint32_t)op->dilation_h);
    return table;
}

static size_t pool_options(stp_flatbuffer *file, const stp_tflite_op *op) {
    slots_of slot; // padding, stride_w, stride_h, filter_width, filter_height, activation
    const size_t table = stp_flatbuffer_table(file, "biiiib", slot);
    stp_flatbuffer_set_byte(file, slot[0], op->valid);
    stp_flatbuffer_set_int(file, slot[1], (uint32_t)op->stride_w);
    stp_flatbuffer_set_int(file, slot[2], (uint32_t)op->stride_h);
    stp_flatbuffer_set_int(file, slot[3], (uint32_t)op->filter_w);
    stp_flatbuffer_set_int(file, slot[4], (uint32_t)op->filter_h);
    stp_flatbuffer_set_byte(file, slot[5], op->relu);
    return table;
}

static size_t activation_options(stp_flatbuffer *file, const stp_tflite_op *op) {
    slots_of slot;
    const size_t table = stp_flatbuffer_table(file, "b", slot);
    stp_flatbuffer_set_byte(file, slot[0], op->relu);
    return table;
}

static size_t concatenation_options(stp_flatbuffer *file, const stp_tflite_op *op) {
    slots_of slot; // axis, activation
    const size_t table = stp_flatbuffer_table(file, "ib", slot);
    stp_flatbuffer_set_int(file, slot[0], (uint32_t)op->axis);
    stp_flatbuffer_set_byte(file, slot[1], op->relu);
    return table;
}

static const struct {
    stp_tflite_operator code;
    uint8_t type;
    size_t (*write)(stp_flatbuffer *file, const stp_tflite_op *op);
} option_rows[] = {
    {STP_TFLITE_ADD, STP_TFLITE_ADD_OPTIONS, activation_options},
    {STP_TFLITE_AVERAGE_POOL, STP_TFLITE_POOL_OPTIONS, pool_options},
    {STP_TFLITE_CONCATENATION, STP_TFLITE_CONCATENATION_OPTIONS, concatenation_options},
    {STP_TFLITE_CONV, STP_TFLITE_CONV_OPTIONS, conv_options},
    {STP_TFLITE_DEPTHWISE, STP_TFLITE_DEPTHWISE_OPTIONS, depthwise_options},
    {STP_TFLITE_FULLY_CONNECTED, STP_TFLITE_FULLY_CONNECTED_OPTIONS, activation_options},
    {STP_TFLITE_MAX_POOL, STP_TFLITE_POOL_OPTIONS, pool_options},
};

static size_t operator_table(stp_flatbuffer *file, const stp_tflite_op *op, uint32_t code) {
    size_t row = 0;
    const size_t rows = sizeof option_rows / sizeof *option_rows;
    while (row < rows && option_rows[row].code != op->code)
        row++;
    slots_of slot; // opcode_index, inputs, outputs, builtin_options_type, builtin_options
    const size_t table = stp_flatbuffer_table(file, row < rows ? "iiibi" : "iii", slot);
    stp_flatbuffer_set_int(file, slot[0], code);
    refer(file, slot[1], ints(file, op->inputs, op->input_count));
    refer(file, slot[2], ints(file, &op->output, 1));
    if (row < rows) {
        stp_flatbuffer_set_byte(file, slot[3], option_rows[row].type);
        refer(file, slot[4], option_rows[row].write(file, op));
    }
    return table;
}

// --- the model ------------------------------------------------------------------------------------------

// Each operator's code stands once in the file, in the order in which they first occur.
typedef struct codes {
    stp_tflite_operator code[STP_TFLITE_OPERATORS];
    int version[STP_TFLITE_OPERATORS], count; // the highest version that one of them asks for
} codes;

static int code_index(const codes *all, stp_tflite_operator code) {
    int i = 0;
    while (i < all->count && all->code[i] != code)
        i++;
    return i;
}

static codes collect_codes(const stp_tflite_network *network) {
    codes all = {.count = 0};
    for (int i = 0; i < network->op_count; i++) {
        const stp_tflite_op *op = &network->ops[i];
        const int at = code_index(&all, op->code);
        all.code[at] = op->code;
        all.count += at == all.count;
        if (op->version > all.version[at])
            all.version[at] = op->version;
    }
    return all;
}

static size_t operator_codes(stp_flatbuffer *file, const codes *all) {
    const size_t vector = stp_flatbuffer_vector(file, NULL, (size_t)all->count, 4, 4);
    for (int i = 0; i < all->count; i++) {
        slots_of slot; // deprecated_builtin_code, custom_code, version, builtin_code
        const size_t table = stp_flatbuffer_table(file, "b-ii", slot);
        stp_flatbuffer_set_byte(file, slot[0], (uint8_t)all->code[i]);
        stp_flatbuffer_set_int(file, slot[2], (uint32_t)all->version[i]);
        stp_flatbuffer_set_int(file, slot[3], (uint32_t)all->code[i]);
        refer(file, stp_flatbuffer_element(vector, (size_t)i), table);
    }
    return vector;
}

static size_t subgraph(stp_flatbuffer *file, const stp_tflite_network *network, const codes *all) {
    slots_of slot; // tensors, inputs, outputs, operators, name
    const size_t table = stp_flatbuffer_table(file, "iiiii", slot);
    const size_t tensors = stp_flatbuffer_vector(file, NULL, (size_t)network->tensor_count, 4, 4);
    refer(file, slot[0], tensors);
    for (int i = 0; i < network->tensor_count; i++) { // buffer 0 is the empty one, then one a tensor
        const uint32_t data = network->tensors[i].data ? (uint32_t)i + 1 : 0;
        refer(file, stp_flatbuffer_element(tensors, (size_t)i),
              tensor_table(file, &network->tensors[i], data));
    }
    refer(file, slot[1], ints(file, &network->input, 1));
    refer(file, slot[2], ints(file, &network->output, 1));
    const size_t ops = stp_flatbuffer_vector(file, NULL, (size_t)network->op_count, 4, 4);
    refer(file, slot[3], ops);
    for (int i = 0; i < network->op_count; i++)
        refer(file, stp_flatbuffer_element(ops, (size_t)i),
              operator_table(file, &network->ops[i], (uint32_t)code_index(all, network->ops[i].code)));
    refer(file, slot[4], stp_flatbuffer_string(file, "main"));
    return table;
}

static size_t data_table(stp_flatbuffer *file, const void *data, size_t bytes) {
    slots_of slot;
    const size_t table = stp_flatbuffer_table(file, data ? "i" : "", slot);
    if (data)
        refer(file, slot[0], stp_flatbuffer_vector(file, data, bytes, 1, STP_TFLITE_DATA_ALIGN));
    return table;
}

static size_t buffers(stp_flatbuffer *file, const stp_tflite_network *network) {
    const int count = 1 + network->tensor_count + network->metadata_count;
    const size_t vector = stp_flatbuffer_vector(file, NULL, (size_t)count, 4, 4);
    for (int i = 0; i < count; i++) {
        const int m = i - 1 - network->tensor_count;
        const void *data = NULL;
        size_t bytes = 0;
        if (m >= 0) {
            data = network->metadata[m].data;
            bytes = network->metadata[m].bytes;
        } else if (i > 0) {
            data = network->tensors[i - 1].data;
            bytes = network->tensors[i - 1].bytes;
        }
        refer(file, stp_flatbuffer_element(vector, (size_t)i), data_table(file, data, bytes));
    }
    return vector;
}

static size_t metadata(stp_flatbuffer *file, const stp_tflite_network *network) {
    const size_t vector = stp_flatbuffer_vector(file, NULL, (size_t)network->metadata_count, 4, 4);
    for (int i = 0; i < network->metadata_count; i++) {
        slots_of slot; // name, buffer
        refer(file, stp_flatbuffer_element(vector, (size_t)i), stp_flatbuffer_table(file, "ii", slot));
        refer(file, slot[0], stp_flatbuffer_string(file, network->metadata[i].name));
        stp_flatbuffer_set_int(file, slot[1], (uint32_t)(1 + network->tensor_count + i));
    }
    return vector;
}

// What would make a file that points nowhere.
static stp_status check(const stp_tflite_network *network, stp_err *err) {
    const int count = network->tensor_count;
    bool good =
        network->input >= 0 && network->input < count && network->output >= 0 && network->output < count;
    for (int i = 0; i < network->op_count && good; i++) {
        const stp_tflite_op *op = &network->ops[i];
        good = op->output >= 0 && op->output < count && op->input_count >= 1 && op->input_count <= 8;
        for (int k = 0; k < op->input_count && good; k++)
            good = op->inputs[k] >= 0 && op->inputs[k] < count;
    }
    if (!good)
        return stp_err_set(err, STP_ERR_MISMATCH,
                           ".tflite: an operator's tensor is not one of the network's %d", count);
    return STP_OK;
}

stp_status stp_tflite_build(const stp_tflite_network *network, stp_flatbuffer *file, stp_err *err) {
    *file = (stp_flatbuffer){0};
    STP_TRY(check(network, err));
    stp_flatbuffer_begin(file, "TFL3");
    slots_of slot; // version, operator_codes, subgraphs, description, buffers, metadata_buffer, metadata
    refer(file, 0, stp_flatbuffer_table(file, network->metadata_count ? "iiiii-i" : "iiiii", slot));
    stp_flatbuffer_set_int(file, slot[0], STP_TFLITE_SCHEMA_VERSION);
    const codes all = collect_codes(network);
    refer(file, slot[1], operator_codes(file, &all));
    const size_t subgraphs = stp_flatbuffer_vector(file, NULL, 1, 4, 4);
    refer(file, slot[2], subgraphs);
    refer(file, stp_flatbuffer_element(subgraphs, 0), subgraph(file, network, &all));
    refer(file, slot[3], stp_flatbuffer_string(file, network->description));
    refer(file, slot[4], buffers(file, network));
    if (network->metadata_count)
        refer(file, slot[6], metadata(file, network));
    if (file->failed) {
        const unsigned long long bytes = file->size;
        stp_bytes_free(file);
        return stp_err_memory(err, "the .tflite file", bytes);
    }
    return STP_OK;
}
