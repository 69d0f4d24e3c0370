#include "cli.h"
#include "emulate/edge_clips.h"
#include "run_on.h"

#include <stdio.h>

static const stapes_model *model_of(const stp_cli_run_on *r) {
    return &r->shipped.device->model;
}

long stp_cli_flash_total(const stp_flash *f) {
    return f->front + f->nn + f->runtime + f->compiler + f->front_tables + f->plan + f->weights;
}

long long stp_cli_inference(const stp_emulated *result) {
    long long total = 0;
    for (int i = 0; i < result->ops; i++)
        total += result->op[i].total;
    return total;
}

static int ops_wrong(const stp_emulated *result) {
    int wrong = 0;
    for (int i = 0; i < result->ops; i++)
        wrong += result->op_wrong[i] > 0;
    return wrong;
}

int stp_cli_run_on_agrees(const stp_emulated *result) {
    return result->rows_wrong == 0 && ops_wrong(result) == 0 && result->logits_wrong == 0;
}

// --- as text --------------------------------------------------------------------------------------------

static void print_agreement(const stp_cli_run_on *r) {
    const stp_emulated *e = &r->result;
    printf("processor    %s, emulated\n", r->processor);
    if (stp_cli_run_on_agrees(e))
        printf("agreement    all %d clip%s, silence and full-scale square waves: features, results of %d "
               "operations and logits are the host's, bit for bit\n",
               e->clips - STP_EDGE_CLIPS, e->clips - STP_EDGE_CLIPS == 1 ? "" : "s", e->ops);
    else
        printf("agreement    NONE: features differ in %d of %d clips, logits in %d, and results of %d of %d "
               "operations\n",
               e->rows_wrong, e->clips, e->logits_wrong, ops_wrong(e), e->ops);
    printf("accuracy     %5.1f %%   (%.1f to %.1f; %lld of %lld %s clips)\n", 100 * r->right.value,
           100 * r->right.low, 100 * r->right.high, r->right.hits, r->right.total, r->split);
}

// The classes of instructions that make up most, largest first.
static void format_classes(const stp_count *count, char text[120]) {
    int used = 0;
    size_t at = 0;
    text[0] = 0;
    for (int shown = 0; shown < 4; shown++) {
        int best = -1;
        for (int i = 0; i < STP_COUNT_CLASSES; i++)
            if (!(used >> i & 1) && count->of[i] > 0 && (best < 0 || count->of[i] > count->of[best]))
                best = i;
        if (best < 0 || count->of[best] * 50 < count->total)
            return;
        used |= 1 << best;
        at +=
            (size_t)snprintf(text + at, 120 - at, "%s%s %.0f %%", at ? ", " : "", stp_count_class_name(best),
                             100.0 * (double)count->of[best] / (double)count->total);
    }
}

static void add_row(stp_table *table, const char *name, const char *size, const stp_count *count) {
    char classes[120];
    format_classes(count, classes);
    stp_table_cell(table, "%s", name);
    stp_table_cell(table, "%s", size);
    stp_table_cell(table, "%lld", count->total);
    stp_table_cell(table, "%s", classes);
}

static void print_instructions(const stp_cli_run_on *r) {
    const stapes_model *m = model_of(r);
    stp_table table = {0};
    stp_table_column(&table, "instructions", STP_TABLE_LEFT);
    stp_table_column(&table, "result", STP_TABLE_LEFT);
    stp_table_column(&table, "number", STP_TABLE_RIGHT);
    stp_table_column(&table, "mostly", STP_TABLE_LEFT);
    add_row(&table, "a row of features", "", &r->result.row);
    for (int i = 0; i < r->result.ops; i++) {
        const stapes_map *out = &m->map[m->op[i].out];
        char size[32];
        snprintf(size, sizeof size, "%dx%dx%d", out->h, out->w, out->c);
        add_row(&table, stp_int8_kind_name((stapes_op_kind)m->op[i].kind), size, &r->result.op[i]);
    }
    printf("\n");
    stp_cli_print_table(&table);
    long long inference = stp_cli_inference(&r->result);
    printf("an inference %lld instructions; with the features of one clip %lld\n", inference,
           inference + (long long)m->map[m->input].h * r->result.row.total);
}

static void print_memory(const stp_cli_run_on *r) {
    const stapes_model *m = model_of(r);
    const stp_flash *f = &r->result.flash;
    long total = stp_cli_flash_total(f);
    printf("\nflash        %ld bytes\n", total);
    printf("  code       %ld: front-end %ld, operations %ld, runtime %ld, the compiler's own %ld\n",
           f->front + f->nn + f->runtime + f->compiler, f->front, f->nn, f->runtime, f->compiler);
    printf("  tables     %ld of the front-end, %ld of the network's plan\n", f->front_tables, f->plan);
    printf("  weights    %ld, with biases, multipliers and shifts; all but these %ld\n", f->weights,
           total - f->weights);
    printf("RAM          %zu bytes and the stack\n",
           m->arena_bytes + stapes_stream_bytes(m) + (size_t)r->result.static_ram);
    printf("  arena      %u (no plan is below %zu)\n", (unsigned)m->arena_bytes,
           r->shipped.device->arena_bound);
    printf("  stream     %zu: the front-end and the rows of a clip\n", stapes_stream_bytes(m));
    printf("  other      %ld: the state and the variables of the code\n", r->result.static_ram);
    printf("  stack      %ld for a row of features, %ld for a decision\n", r->result.stack_of_row,
           r->result.stack_of_decision);
}

void stp_cli_run_on_print(const stp_cli_run_on *r) {
    print_agreement(r);
    print_instructions(r);
    print_memory(r);
}

// --- as JSON ---------------------------------------------------------------------------------------------

static json_t *count_json(const stp_count *count) {
    json_t *object = json_pack("{s:I}", "instructions", (json_int_t)count->total);
    for (int i = 0; object && i < STP_COUNT_CLASSES; i++)
        if (count->of[i] > 0)
            json_object_set_new(object, stp_count_class_name(i), json_integer(count->of[i]));
    return object;
}

static json_t *operations_json(const stp_cli_run_on *r) {
    const stapes_model *m = model_of(r);
    json_t *list = json_array();
    for (int i = 0; list && i < r->result.ops; i++) {
        const stapes_map *out = &m->map[m->op[i].out];
        json_array_append_new(list, json_pack("{s:s, s:[i,i,i], s:o, s:i}", "kind",
                                              stp_int8_kind_name((stapes_op_kind)m->op[i].kind), "result",
                                              out->h, out->w, out->c, "count", count_json(&r->result.op[i]),
                                              "clips_that_differ", r->result.op_wrong[i]));
    }
    return list;
}

static json_t *flash_json(const stp_flash *f) {
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "total", (json_int_t)stp_cli_flash_total(f),
                     "front", (json_int_t)f->front, "operations", (json_int_t)f->nn, "runtime",
                     (json_int_t)f->runtime, "library", (json_int_t)f->compiler, "front_tables",
                     (json_int_t)f->front_tables, "plan", (json_int_t)f->plan, "weights",
                     (json_int_t)f->weights);
}

json_t *stp_cli_run_on_json(const stp_cli_run_on *r) {
    const stapes_model *m = model_of(r);
    const stp_emulated *e = &r->result;
    json_t *ram =
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "arena", (json_int_t)m->arena_bytes, "stream",
                  (json_int_t)stapes_stream_bytes(m), "other", (json_int_t)e->static_ram, "stack_of_row",
                  (json_int_t)e->stack_of_row, "stack_of_decision", (json_int_t)e->stack_of_decision);
    return json_pack("{s:o*, s:s, s:s, s:i, s:i, s:f, s:b, s:i, s:i, s:o*, s:I, s:o*, s:o*, s:o*}", "run",
                     stp_cli_json_text(stp_run_path(r->shipped.trained.run)), "processor", r->processor,
                     "split", r->split, "clips", e->clips - STP_EDGE_CLIPS, "signals", STP_EDGE_CLIPS,
                     "accuracy", 100 * r->right.value, "agrees", stp_cli_run_on_agrees(e),
                     "features_that_differ", e->rows_wrong, "logits_that_differ", e->logits_wrong, "row",
                     count_json(&e->row), "inference", (json_int_t)stp_cli_inference(e), "operations",
                     operations_json(r), "flash", flash_json(&e->flash), "ram", ram);
}
