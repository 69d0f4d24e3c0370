// What a whole system will cost on a processor before anything is built for it: instructions, flash and RAM.
// Weights and arena are exact, since they are planned as for export; the rest comes from the table.
#ifndef STP_COST_SYSTEM_COST_H
#define STP_COST_SYSTEM_COST_H

#include "cost/op_cost.h"
#include "model/model.h"
#include "quant/device_layout.h"

// The parts that are the same on every processor.
typedef struct stp_cost_plan {
    stp_arena *arena;
    stp_device_layout layout;
    int ops;
    char (*name)[STP_INT8_NAME_BYTES]; // [ops]
    stp_front_spec front;
    int rows; // of features in a clip
    // Bytes.
    size_t stream;            // the front-end's memory and the rows of a clip
    long front_tables, lists; // lists: operations, maps, kernels; not the labels
    long long weights;        // with biases, multipliers and shifts
} stp_cost_plan;

stp_status stp_cost_plan_create(stp_cost_plan **plan, const stp_int8_net *net, const stp_front_spec *front,
                                stp_err *err);
// Of a model that has no int8 form yet: its graph is lowered for this. Its weights may be any.
stp_status stp_cost_plan_of_model(stp_cost_plan **plan, const stp_model *model, stp_err *err);
void stp_cost_plan_destroy(stp_cost_plan *plan);

typedef struct stp_kind_cost {
    int count;
    long long instructions, macs;
} stp_kind_cost;

typedef struct stp_system_cost {
    stp_processor processor;
    long long row, inference; // instructions of a row of features, of all operations
    stp_kind_cost kind[STAPES_OP_KINDS];
    struct {
        long front, operations, runtime, compiler; // code
        long front_tables, lists, weights;         // constants
    } flash;
    struct {
        long arena, stream, other; // other: the state and the code's variables
        long stack_of_row, stack_of_decision;
    } ram;
} stp_system_cost;

void stp_system_cost_of(stp_system_cost *cost, stp_processor processor, const stp_cost_plan *plan);
long long stp_system_cost_clip(const stp_system_cost *cost, const stp_cost_plan *plan); // rows and inference
long stp_system_cost_flash(const stp_system_cost *cost);
long stp_system_cost_ram(const stp_system_cost *cost); // but the stack

#endif
