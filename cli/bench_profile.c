#include "bench_profile.h"

#include "cli.h"
#include "graph/registry.h"
#include "report/table.h"

#include <stdio.h>

static const char *const phases[STP_PROFILE_PHASES] = {
    [STP_PROFILE_FORWARD] = "forward", [STP_PROFILE_AGAIN] = "again", [STP_PROFILE_BACKWARD] = "backward"};

static stp_profile_row sum_of(const stp_bench_profile *p) {
    stp_profile_row all = {0};
    for (int kind = 0; kind < STP_OP_KINDS; kind++)
        for (int phase = 0; phase < STP_PROFILE_PHASES; phase++) {
            const stp_profile_row *row = &p->of_operations.row[kind][phase];
            all.seconds += row->seconds;
            all.flops += row->flops;
            all.bytes += row->bytes;
        }
    return all;
}

static void add_row(stp_table *table, const stp_bench_profile *p, const char *name, const char *phase,
                    const stp_profile_row *row) {
    stp_table_cell(table, "%s%s%s", name, *phase ? " " : "", phase);
    stp_table_number(table, 1e3 * row->seconds / p->steps, 1);
    stp_table_number(table, 100 * row->seconds / p->seconds, 1);
    if (row->flops > 0) {
        stp_table_number(table, 1e-9 * row->flops / p->steps, 2);
        stp_table_number(table, 1e-9 * row->bytes / p->steps, 2);
        stp_table_number(table, 1e-9 * row->flops / row->seconds, 1);
        stp_table_number(table, 1e-9 * row->bytes / row->seconds, 1);
    } else {
        for (int i = 0; i < 4; i++)
            stp_table_cell(table, "%s", "");
    }
}

static void add_rows(stp_table *table, const stp_bench_profile *p) {
    for (int kind = 0; kind < STP_OP_KINDS; kind++)
        for (int phase = 0; phase < STP_PROFILE_PHASES; phase++) {
            const stp_profile_row *row = &p->of_operations.row[kind][phase];
            if (row->flops > 0)
                add_row(table, p, stp_op_registry[kind].name, phases[phase], row);
        }
    stp_profile_row all = sum_of(p);
    const stp_profile_row rest = {.seconds = p->seconds - all.seconds};
    add_row(table, p, "the rest", "", &rest); // loss, gradients' sums, optimisers
    stp_table_rule(table);
    all.seconds = p->seconds;
    add_row(table, p, "all", "", &all);
}

void stp_bench_profile_print(const stp_bench_profile *p, const char *what) {
    static const char *const columns[] = {"ms", "%", "GFLOP", "GB", "GFLOP/s", "GB/s"};
    stp_table table = {0};
    printf(
        "\nwhere the time of %s goes, ready features; GB: what kernels read and write, wherever it lies\n\n",
        what);
    stp_table_column(&table, "operation", STP_TABLE_LEFT);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        stp_table_column(&table, columns[i], STP_TABLE_RIGHT);
    add_rows(&table, p);
    stp_cli_print_table(&table);
}

json_t *stp_bench_profile_json(const stp_bench_profile *p) {
    json_t *rows = json_array();
    for (int kind = 0; kind < STP_OP_KINDS; kind++)
        for (int phase = 0; phase < STP_PROFILE_PHASES; phase++) {
            const stp_profile_row *row = &p->of_operations.row[kind][phase];
            if (row->flops <= 0)
                continue;
            json_t *object = json_pack("{s:s, s:s, s:f, s:f, s:f}", "operation", stp_op_registry[kind].name,
                                       "pass", phases[phase], "seconds", row->seconds / p->steps, "flops",
                                       row->flops / p->steps, "bytes_moved", row->bytes / p->steps);
            if (json_array_append_new(rows, object) != 0) {
                json_decref(rows);
                return NULL;
            }
        }
    return rows;
}
