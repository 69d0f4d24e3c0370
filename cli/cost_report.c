#include "cli.h"
#include "cost.h"

#include <stdio.h>

static void format_front(const stp_cli_cost *c, char text[STP_FRONT_TEXT_BYTES]) {
    stp_front_spec_format(&c->model->front, text);
}

static const char *kind_of(const stp_cli_cost *c, int op) {
    return stp_int8_kind_name((stapes_op_kind)c->plan->layout.op[op].kind);
}

static const stapes_map *result_of(const stp_cli_cost *c, int op) {
    return &c->plan->layout.map[c->plan->layout.op[op].out];
}

// --- as text ---------------------------------------------------------------------------------------------

static void print_head(const stp_cli_cost *c) {
    char front[STP_FRONT_TEXT_BYTES];
    format_front(c, front);
    printf("network      %s", stp_model_net_name(c->model->net));
    if (c->model->net == STP_NET_FOUND)
        printf(": %d cells, %d channels", c->model->cells, c->model->channels);
    printf(", %d classes\n", c->model->classes);
    printf("front-end    %s %s at %d Hz: %d rows of %d for a clip of %.0f ms\n",
           c->model->front.kind == STP_FRONT_MFCC ? "mfcc" : "logmel", front, c->model->rate_hz,
           c->plan->rows, c->model->input.w, 1000.0 * c->model->clip_samples / c->model->rate_hz);
    if (c->note)
        printf("note         %s\n", c->note);
}

// Of one processor: every operation.
static void print_operations(const stp_cli_cost *c) {
    stp_table table = {0};
    stp_table_column(&table, "operation", STP_TABLE_LEFT);
    stp_table_column(&table, "kind", STP_TABLE_LEFT);
    stp_table_column(&table, "result", STP_TABLE_LEFT);
    stp_table_column(&table, "MACs", STP_TABLE_RIGHT);
    stp_table_column(&table, "instructions", STP_TABLE_RIGHT);
    stp_table_column(&table, "a MAC", STP_TABLE_RIGHT);
    for (int i = 0; i < c->plan->ops; i++) {
        const stapes_op *op = &c->plan->layout.op[i];
        const stapes_map *out = result_of(c, i);
        long long macs = stp_op_macs(op, c->plan->layout.map);
        long long instructions = stp_op_instructions(c->cost[0].processor, op, c->plan->layout.map);
        stp_table_cell(&table, "%s", c->plan->name[i]);
        stp_table_cell(&table, "%s", kind_of(c, i));
        stp_table_cell(&table, "%dx%dx%d", out->h, out->w, out->c);
        stp_table_cell(&table, "%lld", macs);
        stp_table_cell(&table, "%lld", instructions);
        if (macs > 0)
            stp_table_number(&table, (double)instructions / (double)macs, 1);
        else
            stp_table_cell(&table, "%s", "");
    }
    printf("\n");
    stp_cli_print_table(&table);
}

static void add_kind(stp_table *table, const stp_cli_cost *c, int kind) {
    const stp_kind_cost *first = &c->cost[0].kind[kind];
    if (first->count == 0)
        return;
    stp_table_cell(table, "%s", stp_int8_kind_name((stapes_op_kind)kind));
    stp_table_cell(table, "%d", first->count);
    stp_table_cell(table, "%lld", first->macs);
    for (int i = 0; i < c->processors; i++)
        stp_table_cell(table, "%lld", c->cost[i].kind[kind].instructions);
}

static void print_instructions(const stp_cli_cost *c) {
    stp_table table = {0};
    long long macs = 0;
    stp_table_column(&table, "instructions", STP_TABLE_LEFT);
    stp_table_column(&table, "times", STP_TABLE_RIGHT);
    stp_table_column(&table, "MACs", STP_TABLE_RIGHT);
    for (int i = 0; i < c->processors; i++)
        stp_table_column(&table, stp_processor_name(c->cost[i].processor), STP_TABLE_RIGHT);
    for (int kind = 0; kind < STAPES_OP_KINDS; kind++) {
        add_kind(&table, c, kind);
        macs += c->cost[0].kind[kind].macs;
    }
    stp_table_rule(&table);
    stp_table_cell(&table, "an inference");
    stp_table_cell(&table, "%d", c->plan->ops);
    stp_table_cell(&table, "%lld", macs);
    for (int i = 0; i < c->processors; i++)
        stp_table_cell(&table, "%lld", c->cost[i].inference);
    stp_table_cell(&table, "a row of features");
    stp_table_cell(&table, "%d", c->plan->rows);
    stp_table_cell(&table, "%s", "");
    for (int i = 0; i < c->processors; i++)
        stp_table_cell(&table, "%lld", c->cost[i].row);
    stp_table_cell(&table, "a clip, with its features");
    stp_table_cell(&table, "%s", "");
    stp_table_cell(&table, "%s", "");
    for (int i = 0; i < c->processors; i++)
        stp_table_cell(&table, "%lld", stp_system_cost_clip(&c->cost[i], c->plan));
    printf("\n");
    stp_cli_print_table(&table);
}

static long code_of(const stp_system_cost *cost) {
    return cost->flash.front + cost->flash.operations + cost->flash.runtime + cost->flash.compiler;
}

static long flash_tables(const stp_system_cost *cost) {
    return cost->flash.front_tables;
}

static long flash_lists(const stp_system_cost *cost) {
    return cost->flash.lists;
}

static long flash_weights(const stp_system_cost *cost) {
    return cost->flash.weights;
}

static long ram_arena(const stp_system_cost *cost) {
    return cost->ram.arena;
}

static long ram_stream(const stp_system_cost *cost) {
    return cost->ram.stream;
}

static long ram_other(const stp_system_cost *cost) {
    return cost->ram.other;
}

static long stack_of(const stp_system_cost *cost) {
    return cost->ram.stack_of_row > cost->ram.stack_of_decision ? cost->ram.stack_of_row
                                                                : cost->ram.stack_of_decision;
}

static void print_bytes(const stp_cli_cost *c) {
    static const struct {
        const char *name;
        long (*bytes)(const stp_system_cost *);
    } rows[] = {
        {"flash", stp_system_cost_flash},
        {"  code", code_of},
        {"  the front-end's tables", flash_tables},
        {"  lists of the network", flash_lists},
        {"  weights, biases, multipliers", flash_weights},
        {"RAM, but the stack", stp_system_cost_ram},
        {"  arena", ram_arena},
        {"  front-end and rows of a clip", ram_stream},
        {"  other", ram_other},
        {"stack", stack_of},
    };
    stp_table table = {0};
    stp_table_column(&table, "bytes", STP_TABLE_LEFT);
    for (int i = 0; i < c->processors; i++)
        stp_table_column(&table, stp_processor_name(c->cost[i].processor), STP_TABLE_RIGHT);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        stp_table_cell(&table, "%s", rows[row].name);
        for (int i = 0; i < c->processors; i++)
            stp_table_cell(&table, "%ld", rows[row].bytes(&c->cost[i]));
    }
    printf("\n");
    stp_cli_print_table(&table);
}

void stp_cli_cost_print(const stp_cli_cost *c) {
    print_head(c);
    if (c->processors == 1)
        print_operations(c);
    print_instructions(c);
    print_bytes(c);
}

// --- as JSON ---------------------------------------------------------------------------------------------

static json_t *operations_json(const stp_cli_cost *c, stp_processor processor) {
    json_t *list = json_array();
    for (int i = 0; list && i < c->plan->ops; i++) {
        const stapes_op *op = &c->plan->layout.op[i];
        const stapes_map *out = result_of(c, i);
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:[i,i,i], s:I, s:I}", "name", c->plan->name[i], "kind",
                                        kind_of(c, i), "result", out->h, out->w, out->c, "macs",
                                        (json_int_t)stp_op_macs(op, c->plan->layout.map), "instructions",
                                        (json_int_t)stp_op_instructions(processor, op, c->plan->layout.map)));
    }
    return list;
}

static json_t *kinds_json(const stp_system_cost *cost) {
    json_t *object = json_object();
    for (int kind = 0; object && kind < STAPES_OP_KINDS; kind++) {
        const stp_kind_cost *k = &cost->kind[kind];
        if (k->count > 0)
            json_object_set_new(object, stp_int8_kind_name((stapes_op_kind)kind),
                                json_pack("{s:i, s:I, s:I}", "times", k->count, "macs", (json_int_t)k->macs,
                                          "instructions", (json_int_t)k->instructions));
    }
    return object;
}

static json_t *processor_json(const stp_cli_cost *c, const stp_system_cost *cost) {
    json_t *flash = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "total",
                              (json_int_t)stp_system_cost_flash(cost), "front", (json_int_t)cost->flash.front,
                              "operations", (json_int_t)cost->flash.operations, "runtime",
                              (json_int_t)cost->flash.runtime, "library", (json_int_t)cost->flash.compiler,
                              "front_tables", (json_int_t)cost->flash.front_tables, "plan",
                              (json_int_t)cost->flash.lists, "weights", (json_int_t)cost->flash.weights);
    json_t *ram =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "total", (json_int_t)stp_system_cost_ram(cost), "arena",
                  (json_int_t)cost->ram.arena, "stream", (json_int_t)cost->ram.stream, "other",
                  (json_int_t)cost->ram.other, "stack_of_row", (json_int_t)cost->ram.stack_of_row,
                  "stack_of_decision", (json_int_t)cost->ram.stack_of_decision);
    return json_pack("{s:s, s:I, s:I, s:I, s:o*, s:o*, s:o*, s:o*}", "processor",
                     stp_processor_name(cost->processor), "row", (json_int_t)cost->row, "inference",
                     (json_int_t)cost->inference, "clip", (json_int_t)stp_system_cost_clip(cost, c->plan),
                     "kinds", kinds_json(cost), "operations", operations_json(c, cost->processor), "flash",
                     flash, "ram", ram);
}

json_t *stp_cli_cost_json(const stp_cli_cost *c) {
    char front[STP_FRONT_TEXT_BYTES];
    json_t *list = json_array();
    format_front(c, front);
    for (int i = 0; list && i < c->processors; i++)
        json_array_append_new(list, processor_json(c, &c->cost[i]));
    return json_pack("{s:o*, s:s, s:s, s:s, s:i, s:i, s:o*}", "run",
                     c->run ? stp_cli_json_text(c->run) : NULL, "net", stp_model_net_name(c->model->net),
                     "front", front, "features", c->model->front.kind == STP_FRONT_MFCC ? "mfcc" : "logmel",
                     "classes", c->model->classes, "rows", c->plan->rows, "processors", list);
}
