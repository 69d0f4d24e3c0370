#include "cost/system_cost.h"

#include "cost/table.h"
#include "quant/lower.h"

#include <string.h>

// As a 32-bit compiler lays them out; stapes_op and stapes_map have no pointers and are the same everywhere.
enum { MODEL_BYTES = 76, FRONT_CONFIG_BYTES = 52, POINTER_BYTES = 4 };

// --- the plan ----------------------------------------------------------------------------------------------

static stp_status measure(stp_cost_plan *p, const stp_int8_net *net, const stp_front_spec *front,
                          stp_err *err) {
    const stp_int8_storage *input = stp_int8_storage_of(net, net->input);
    size_t front_memory;
    STP_TRY(stp_front_spec_memory_bytes(front, &front_memory, err));
    p->ops = net->ops;
    p->front = *front;
    p->rows = input->h;
    p->stream = front_memory + (size_t)input->h * (size_t)input->w;
    p->front_tables = stp_front_spec_table_bytes(front) + FRONT_CONFIG_BYTES;
    p->lists = (long)sizeof(stapes_op) * net->ops + (long)sizeof(stapes_map) * net->tensors + MODEL_BYTES +
               POINTER_BYTES * STAPES_OP_KINDS;
    p->weights = net->weights + (4LL + 4 + 1) * net->channels;
    p->name = stp_arena_alloc(p->arena, sizeof *p->name * (size_t)net->ops);
    if (!p->name)
        return stp_err_memory(err, "the names of operations", sizeof *p->name * (unsigned long long)net->ops);
    for (int i = 0; i < net->ops; i++)
        memcpy(p->name[i], net->op[i].name, sizeof *p->name);
    return stp_device_layout_make(&p->layout, net, p->arena, err);
}

stp_status stp_cost_plan_create(stp_cost_plan **plan, const stp_int8_net *net, const stp_front_spec *front,
                                stp_err *err) {
    stp_arena *arena = stp_arena_create();
    stp_cost_plan *p = arena ? stp_arena_alloc(arena, sizeof *p) : NULL;
    stp_status status = p ? STP_OK : stp_err_memory(err, "a system's costs", sizeof *p);
    if (status == STP_OK) {
        p->arena = arena;
        status = measure(p, net, front, err);
    }
    if (status == STP_OK)
        *plan = p;
    else
        stp_arena_destroy(arena);
    return status;
}

// Where nothing below 0 is ever written there is nothing to rectify, which zero points will say.
static void foresee_zeros(stp_int8_net *net) {
    for (int i = 0; i < net->scales; i++)
        net->scale[i].zero = net->scale[i].positive ? -128 : 0;
}

stp_status stp_cost_plan_of_model(stp_cost_plan **plan, const stp_model *model, stp_err *err) {
    stp_int8_net *net;
    STP_TRY(stp_int8_lower(&net, model->graph, model->weights, model->running, err));
    foresee_zeros(net);
    stp_status status = stp_cost_plan_create(plan, net, &model->front, err);
    stp_int8_net_destroy(net);
    return status;
}

void stp_cost_plan_destroy(stp_cost_plan *plan) {
    if (plan)
        stp_arena_destroy(plan->arena);
}

// --- on a processor ----------------------------------------------------------------------------------------

static void add_ops(stp_system_cost *cost, const stp_cost_plan *plan) {
    for (int i = 0; i < plan->ops; i++) {
        const stapes_op *op = &plan->layout.op[i];
        stp_kind_cost *kind = &cost->kind[op->kind];
        long long instructions = stp_op_instructions(cost->processor, op, plan->layout.map);
        kind->count++;
        kind->instructions += instructions;
        kind->macs += stp_op_macs(op, plan->layout.map);
        cost->inference += instructions;
    }
}

static void add_bytes(stp_system_cost *cost, const stp_cost_plan *plan) {
    const stp_fixed_bytes *fixed = stp_fixed_bytes_of(cost->processor);
    long deepest = 0;
    cost->flash.operations = fixed->shared;
    for (int kind = 0; kind < STAPES_OP_KINDS; kind++) {
        const stp_kernel_bytes *bytes = stp_kernel_bytes_of(cost->processor, (stapes_op_kind)kind);
        if (cost->kind[kind].count == 0)
            continue;
        cost->flash.operations += bytes->code;
        deepest = bytes->stack > deepest ? bytes->stack : deepest;
    }
    cost->flash.front = fixed->front;
    cost->flash.runtime = fixed->runtime;
    cost->flash.compiler = fixed->compiler;
    cost->flash.front_tables = plan->front_tables;
    cost->flash.lists = plan->lists;
    cost->flash.weights = (long)plan->weights;
    cost->ram.arena = (long)plan->layout.plan.bytes;
    cost->ram.stream = (long)plan->stream;
    cost->ram.other = fixed->variables + fixed->state;
    cost->ram.stack_of_row = fixed->stack_of_row;
    cost->ram.stack_of_decision = deepest + fixed->stack_above_kernel;
}

void stp_system_cost_of(stp_system_cost *cost, stp_processor processor, const stp_cost_plan *plan) {
    *cost = (stp_system_cost){.processor = processor, .row = stp_front_instructions(processor, &plan->front)};
    add_ops(cost, plan);
    add_bytes(cost, plan);
}

long long stp_system_cost_clip(const stp_system_cost *cost, const stp_cost_plan *plan) {
    return plan->rows * cost->row + cost->inference;
}

long stp_system_cost_flash(const stp_system_cost *cost) {
    return cost->flash.front + cost->flash.operations + cost->flash.runtime + cost->flash.compiler +
           cost->flash.front_tables + cost->flash.lists + cost->flash.weights;
}

long stp_system_cost_ram(const stp_system_cost *cost) {
    return cost->ram.arena + cost->ram.stream + cost->ram.other;
}
