#include "cli.h"
#include "info.h"
#include "model/found.h"
#include "report/table.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {[STP_CELL_NORMAL] = "normal", [STP_CELL_REDUCTION] = "reduction"};

// Configurations by gamma, the largest first (the first of equals).
static void rank_fronts(const stp_found *found, int *order) {
    for (int i = 0; i < found->fronts; i++) {
        int at = i;
        for (; at > 0 && found->weights.gamma[order[at - 1]] < found->weights.gamma[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

static void print_fronts(const stp_found *found) {
    int order[STP_ARCH_FRONTS];
    stp_table table = {0};
    rank_fronts(found, order);
    stp_table_column(&table, "front-end", STP_TABLE_LEFT);
    stp_table_column(&table, "gamma", STP_TABLE_RIGHT);
    stp_table_column(&table, "", STP_TABLE_LEFT);
    for (int i = 0; i < found->fronts; i++) {
        const char *name = found->front[order[i]];
        stp_table_cell(&table, "%s", name);
        stp_table_number(&table, found->weights.gamma[order[i]], 3);
        stp_table_cell(&table, "%s", strcmp(name, found->genotype.front) == 0 ? "taken" : "");
    }
    printf("\n");
    stp_cli_print_table(&table);
}

static void print_choices(const stp_found *found) {
    static const char *const heads[] = {"cell",  "node",      "from",  "operation",
                                        "alpha", "next best", "alpha", "beta"};
    static const stp_table_align left = STP_TABLE_LEFT, right = STP_TABLE_RIGHT;
    const stp_table_align align[] = {left, right, right, left, right, left, right, right};
    stp_table table = {0};
    for (int i = 0; i < 8; i++)
        stp_table_column(&table, heads[i], align[i]);
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        for (int k = 0; k < STP_CELL_KEPT_EDGES; k++) {
            const stp_genotype_edge *edge = &found->genotype.edge[kind][k];
            stp_found_choice choice = stp_found_choice_of(found, (stp_cell_kind)kind, k);
            stp_table_cell(&table, "%s", k == 0 ? kind_names[kind] : "");
            stp_table_cell(&table, "%d", k / 2 + STP_CELL_INPUTS);
            stp_table_cell(&table, "%d", edge->from);
            stp_table_cell(&table, "%s", stp_cell_op_name(edge->op));
            stp_table_number(&table, choice.alpha, 3);
            stp_table_cell(&table, "%s", stp_cell_op_name(choice.second));
            stp_table_number(&table, choice.second_alpha, 3);
            stp_table_number(&table, choice.beta, 3);
        }
    printf("\n");
    stp_cli_print_table(&table);
}

static double number(const json_t *line, const char *key) {
    return json_number_value(json_object_get(line, key));
}

static void print_text(const stp_info *info, const stp_found *found, const json_t *last) {
    stp_arch arch;
    stp_found_arch(found, &arch);
    stp_info_line("run", "%s, a search", stp_run_path(info->run));
    stp_info_line("front-end", "%s %s%s", found->genotype.features, found->genotype.front,
                  found->fronts == 1                               ? " (given)"
                  : json_is_true(json_object_get(last, "settled")) ? " (settled)"
                                                                   : " (not settled: the largest gamma)");
    int epochs = 1 + (int)number(last, "epoch");
    if (last)
        stp_info_line("supernet", "%.1f %% of the validation clips after %d epoch%s",
                      number(last, "validation_accuracy"), epochs, epochs == 1 ? "" : "s");
    stp_info_line(
        "undecided", "alpha %.2f normal, %.2f reduction; beta %.2f normal, %.2f reduction",
        stp_arch_alpha_entropy(&arch, STP_CELL_NORMAL), stp_arch_alpha_entropy(&arch, STP_CELL_REDUCTION),
        stp_arch_beta_entropy(&arch, STP_CELL_NORMAL), stp_arch_beta_entropy(&arch, STP_CELL_REDUCTION));
    stp_info_line("", "(entropy: 1 open, 0 sure)");
    stp_info_print_figures(info);
    print_fronts(found);
    print_choices(found);
}

static json_t *choices_json(const stp_found *found, stp_cell_kind kind) {
    json_t *list = json_array();
    for (int k = 0; k < STP_CELL_KEPT_EDGES; k++) {
        const stp_genotype_edge *edge = &found->genotype.edge[kind][k];
        stp_found_choice c = stp_found_choice_of(found, kind, k);
        json_array_append_new(
            list, json_pack("{s:i, s:i, s:s, s:f, s:s, s:f, s:f}", "node", k / 2 + STP_CELL_INPUTS, "from",
                            edge->from, "op", stp_cell_op_name(edge->op), "alpha", c.alpha, "next",
                            stp_cell_op_name(c.second), "next_alpha", c.second_alpha, "beta", c.beta));
    }
    return list;
}

static json_t *entropies_json(const stp_arch *arch, double (*entropy)(const stp_arch *, stp_cell_kind)) {
    return json_pack("{s:f, s:f}", "normal", entropy(arch, STP_CELL_NORMAL), "reduction",
                     entropy(arch, STP_CELL_REDUCTION));
}

static json_t *whole_json(const stp_info *info, const stp_found *found, const json_t *last) {
    stp_arch arch;
    stp_found_arch(found, &arch);
    json_t *gamma = json_object();
    for (int i = 0; i < found->fronts; i++)
        json_object_set_new(gamma, found->front[i], json_real(found->weights.gamma[i]));
    json_t *object =
        json_pack("{s:s, s:o*, s:s, s:s, s:b, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o}", "command", "search",
                  "run", stp_cli_json_text(stp_run_path(info->run)), "front", found->genotype.front,
                  "features", found->genotype.features, "settled",
                  found->fronts == 1 || json_is_true(json_object_get(last, "settled")), "gamma", gamma,
                  "alpha_entropy", entropies_json(&arch, stp_arch_alpha_entropy), "beta_entropy",
                  entropies_json(&arch, stp_arch_beta_entropy), "choices", "normal",
                  choices_json(found, STP_CELL_NORMAL), "reduction", choices_json(found, STP_CELL_REDUCTION),
                  "genotype", stp_genotype_to_json(&found->genotype), "figures", stp_info_figures_json(info));
    if (last)
        json_object_set_new(object, "validation_accuracy", json_real(number(last, "validation_accuracy")));
    return object;
}

stp_status stp_info_found(stp_info *info, stp_err *err) {
    stp_found found;
    json_t *last = NULL;
    STP_TRY(stp_found_load(&found, info->run, err));
    STP_TRY(stp_info_draw_cells(info, &found.genotype, err));
    STP_TRY(stp_info_draw_curves(info, "Search", err));
    STP_TRY(stp_run_last_line(info->run, "journal.jsonl", &last, err));
    if (info->settings.json)
        info->exit_status = stp_cli_print_json("info", whole_json(info, &found, last));
    else
        print_text(info, &found, last);
    json_decref(last);
    return STP_OK;
}
