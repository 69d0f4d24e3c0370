#include "search/journal.h"

static json_t *reals(const double *values, int count) {
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_real(values[i]));
    return list;
}

static json_t *front_names(const stp_front_bank *bank) {
    json_t *list = json_array();
    for (int i = 0; i < stp_front_bank_count(bank); i++) {
        char text[STP_FRONT_TEXT_BYTES];
        stp_front_spec_format(stp_front_bank_spec(bank, i), text);
        json_array_append_new(list, json_string(text));
    }
    return list;
}

static json_t *entropies(const stp_arch *arch, double (*entropy)(const stp_arch *, stp_cell_kind)) {
    return json_pack("{s:f, s:f}", "normal", entropy(arch, STP_CELL_NORMAL), "reduction",
                     entropy(arch, STP_CELL_REDUCTION));
}

stp_status stp_search_journal(stp_run *run, const stp_search_line *l, stp_err *err) {
    int fronts = stp_front_bank_count(l->bank);
    stp_arch weights;
    stp_arch_softmax(l->parameters, fronts, &weights);
    for (int i = 0; l->settled >= 0 && i < fronts; i++)
        weights.gamma[i] = i == l->settled;
    json_t *line = json_pack("{s:i, s:s, s:f, s:f}", "epoch", l->epoch, "phase", l->phase, "loss",
                             stp_loop_loss(&l->weights), "accuracy", stp_loop_accuracy(&l->weights));
    if (line && l->arch.count > 0) {
        json_object_set_new(line, "arch_loss", json_real(stp_loop_loss(&l->arch)));
        json_object_set_new(line, "arch_accuracy", json_real(stp_loop_accuracy(&l->arch)));
    }
    if (line) {
        json_object_set_new(line, "validation_accuracy", json_real(l->validation_accuracy));
        json_object_set_new(line, "gamma", reals(weights.gamma, fronts));
        json_object_set_new(line, "front", front_names(l->bank));
        json_object_set_new(line, "alpha_entropy", entropies(l->parameters, stp_arch_alpha_entropy));
        json_object_set_new(line, "beta_entropy", entropies(l->parameters, stp_arch_beta_entropy));
        json_object_set_new(line, "settled", json_boolean(l->settled >= 0));
    }
    return stp_run_append_new(run, "journal.jsonl", line, err);
}

// One edge: where from, where to, its share of the node, and the weight of each operation.
static json_t *describe_edge(const stp_arch *weights, int kind, int edge, int node, int from) {
    json_t *ops = json_object();
    for (int op = 0; op < STP_CELL_OPS; op++)
        json_object_set_new(ops, stp_cell_op_name(op), json_real(weights->alpha[kind][edge][op]));
    return json_pack("{s:i, s:i, s:f, s:o}", "from", from, "node", node + STP_CELL_INPUTS, "beta",
                     weights->beta[kind][edge], "alpha", ops);
}

static json_t *describe_cell(const stp_arch *weights, int kind) {
    json_t *edges = json_array();
    for (int node = 0, edge = 0; node < STP_CELL_NODES; node++)
        for (int from = 0; from < STP_CELL_INPUTS + node; from++, edge++)
            json_array_append_new(edges, describe_edge(weights, kind, edge, node, from));
    return edges;
}

stp_status stp_search_write(stp_run *run, const stp_search_result *result, const stp_front_bank *bank,
                            stp_err *err) {
    stp_arch weights;
    stp_arch_softmax(&result->arch, result->fronts, &weights);
    json_t *arch =
        json_pack("{s:o, s:o, s:o, s:o}", "front", front_names(bank), "gamma",
                  reals(weights.gamma, result->fronts), "normal", describe_cell(&weights, STP_CELL_NORMAL),
                  "reduction", describe_cell(&weights, STP_CELL_REDUCTION));
    json_t *genotype = stp_genotype_to_json(&result->genotype);
    stp_status status = arch && genotype ? stp_run_write_json(run, "arch.json", arch, err)
                                         : stp_err_memory(err, "the genotype", 1024);
    if (status == STP_OK)
        status = stp_run_write_json(run, "genotype.json", genotype, err);
    json_decref(arch);
    json_decref(genotype);
    return status;
}
