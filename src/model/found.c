#include "model/found.h"

#include "base/exact.h"
#include "space/blocks.h"

#include <math.h>
#include <string.h>

enum { PATH_SHOWN = 512 };

static stp_status malformed(stp_run *run, const char *what, stp_err *err) {
    return stp_err_set(err, STP_ERR_FORMAT, "%s/arch.json: %s; search again or restore the file",
                       stp_run_path(run), what);
}

static int is_weight(const json_t *value, double *weight) {
    *weight = json_number_value(value);
    return json_is_number(value) && *weight >= 0 && *weight <= 1;
}

static stp_status read_gamma(const json_t *object, stp_run *run, stp_found *found, stp_err *err) {
    const json_t *names = json_object_get(object, "front"), *gamma = json_object_get(object, "gamma");
    size_t fronts = json_array_size(names);
    if (fronts < 1 || fronts > STP_ARCH_FRONTS || json_array_size(gamma) != fronts)
        return malformed(run, "front and gamma are not lists of one length", err);
    found->fronts = (int)fronts;
    for (size_t i = 0; i < fronts; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!name || strlen(name) >= STP_FRONT_TEXT_BYTES)
            return malformed(run, "a front-end's name is no text, or too long", err);
        strcpy(found->front[i], name);
        if (!is_weight(json_array_get(gamma, i), &found->weights.gamma[i]))
            return malformed(run, "a gamma is no number from 0 to 1", err);
    }
    return STP_OK;
}

static stp_status read_cell(const json_t *object, const char *name, int kind, stp_run *run, stp_found *found,
                            stp_err *err) {
    const json_t *edges = json_object_get(object, name);
    if (json_array_size(edges) != STP_CELL_EDGES)
        return malformed(run, "normal or reduction is no list of 14 edges", err);
    for (int edge = 0; edge < STP_CELL_EDGES; edge++) {
        const json_t *one = json_array_get(edges, (size_t)edge);
        if (!is_weight(json_object_get(one, "beta"), &found->weights.beta[kind][edge]))
            return malformed(run, "a beta is no number from 0 to 1", err);
        for (int op = 0; op < STP_CELL_OPS; op++)
            if (!is_weight(json_object_get(json_object_get(one, "alpha"), stp_cell_op_name((stp_cell_op)op)),
                           &found->weights.alpha[kind][edge][op]))
                return malformed(run, "an alpha is missing, or no number from 0 to 1", err);
    }
    return STP_OK;
}

static stp_status read_arch(stp_run *run, stp_found *found, stp_err *err) {
    json_t *object;
    STP_TRY(stp_run_read_json(run, "arch.json", &object, err));
    stp_status status = read_gamma(object, run, found, err);
    if (status == STP_OK)
        status = read_cell(object, "normal", STP_CELL_NORMAL, run, found, err);
    if (status == STP_OK)
        status = read_cell(object, "reduction", STP_CELL_REDUCTION, run, found, err);
    json_decref(object);
    return status;
}

stp_status stp_found_load(stp_found *found, stp_run *run, stp_err *err) {
    *found = (stp_found){.fronts = 0};
    if (!stp_run_has(run, "genotype.json"))
        return stp_run_lacks(run, "has not finished its search; go on with", "search --resume", "", err);
    json_t *object;
    STP_TRY(stp_run_read_json(run, "genotype.json", &object, err));
    char where[PATH_SHOWN + 32];
    snprintf(where, sizeof where, "%.*s/genotype.json", PATH_SHOWN, stp_run_path(run));
    stp_status status = stp_genotype_from_json(&found->genotype, object, where, err);
    json_decref(object);
    return status == STP_OK ? read_arch(run, found, err) : status;
}

stp_found_choice stp_found_choice_of(const stp_found *found, stp_cell_kind kind, int kept_edge) {
    const stp_genotype_edge *kept = &found->genotype.edge[kind][kept_edge];
    int edge = stp_cell_first_edge(kept_edge / 2) + kept->from;
    const double *alpha = found->weights.alpha[kind][edge];
    stp_found_choice choice = {
        .beta = found->weights.beta[kind][edge], .alpha = alpha[kept->op], .second_alpha = -1};
    for (int op = STP_CELL_NONE + 1; op < STP_CELL_OPS; op++)
        if (op != (int)kept->op && alpha[op] > choice.second_alpha) {
            choice.second = (stp_cell_op)op;
            choice.second_alpha = alpha[op];
        }
    return choice;
}

void stp_found_arch(const stp_found *found, stp_arch *arch) {
    // The softmax of the logarithms of weights that add up to 1 is the weights.
    for (int i = 0; i < STP_ARCH_SIZE; i++)
        arch->all[i] = stp_log(fmax(found->weights.all[i], 1e-300));
}
