// The JSON form of a genotype:
//   {"front": "640/320/40", "features": "mfcc",
//    "normal": [{"node": 2, "op": "sep_conv_3x3", "from": 0}, ... 8], "reduction": [... 8]}
// A person may edit it, so the edges of a cell may come in any order, and every refusal names the edge and
// says what would be accepted.
#include "space/genotype.h"

#include <stdio.h>
#include <string.h>

static const char *const op_names[STP_CELL_OPS] = {
    "none",         "max_pool_3x3", "avg_pool_3x3", "skip_connect",
    "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5",
};

static const char *const kind_names[STP_CELL_KINDS] = {"normal", "reduction"};

const char *stp_cell_op_name(stp_cell_op op) {
    return (unsigned)op < STP_CELL_OPS ? op_names[op] : "?";
}

int stp_cell_op_parse(stp_cell_op *op, const char *name) {
    for (int i = 0; i < STP_CELL_OPS; i++)
        if (strcmp(name, op_names[i]) == 0) {
            *op = (stp_cell_op)i;
            return 0;
        }
    return -1;
}

// --- to JSON -----------------------------------------------------------------------------------------

static json_t *edge_to_json(const stp_genotype_edge *edge, int node) {
    return json_pack("{s:i, s:s, s:i}", "node", STP_CELL_INPUTS + node, "op", stp_cell_op_name(edge->op),
                     "from", edge->from);
}

static json_t *cell_to_json(const stp_genotype_edge *edges) {
    json_t *list = json_array();
    for (int i = 0; list && i < STP_CELL_KEPT_EDGES; i++)
        if (json_array_append_new(list, edge_to_json(&edges[i], i / 2))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

json_t *stp_genotype_to_json(const stp_genotype *genotype) {
    // "o" takes the lists over, and frees them when anything fails.
    return json_pack("{s:s, s:s, s:o, s:o}", "front", genotype->front, "features", genotype->features,
                     kind_names[STP_CELL_NORMAL], cell_to_json(genotype->edge[STP_CELL_NORMAL]),
                     kind_names[STP_CELL_REDUCTION], cell_to_json(genotype->edge[STP_CELL_REDUCTION]));
}

// --- from JSON ---------------------------------------------------------------------------------------

static const char *type_name(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    default:
        return "null";
    }
}

// Every key of `keys` must be there, and no other. `known` is their list as a person reads it.
static stp_status check_keys(const json_t *object, const char *const *keys, int count, const char *known,
                             const char *where, stp_err *err) {
    if (!json_is_object(object))
        return stp_err_set(err, STP_ERR_FORMAT, "%s: this is %s; give an object with the keys %s", where,
                           object ? type_name(object) : "missing", known);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        int found = 0;
        for (int i = 0; i < count; i++)
            found |= strcmp(key, keys[i]) == 0;
        if (!found)
            return stp_err_set(err, STP_ERR_FORMAT, "%s: unknown key \"%s\"; remove it (known: %s)", where,
                               key, known);
    }
    for (int i = 0; i < count; i++)
        if (!json_object_get(object, keys[i]))
            return stp_err_set(err, STP_ERR_FORMAT, "%s: the key \"%s\" is missing; add it (needed: %s)",
                               where, keys[i], known);
    return STP_OK;
}

static stp_status read_text(const char **text, const json_t *object, const char *key, const char *where,
                            stp_err *err) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return stp_err_set(err, STP_ERR_FORMAT, "%s: \"%s\" is %s; give a string", where, key,
                           type_name(value));
    *text = json_string_value(value);
    return STP_OK;
}

static stp_status read_int(json_int_t *number, const json_t *object, const char *key, const char *where,
                           stp_err *err) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        return stp_err_set(err, STP_ERR_FORMAT, "%s: \"%s\" is %s; give an integer", where, key,
                           type_name(value));
    *number = json_integer_value(value);
    return STP_OK;
}

static stp_status read_op(stp_cell_op *op, const json_t *object, const char *where, stp_err *err) {
    const char *name = NULL;
    STP_TRY(read_text(&name, object, "op", where, err));
    // `none` belongs to the search alone: the two edges a node keeps are the best of the others.
    if (stp_cell_op_parse(op, name) == 0 && *op != STP_CELL_NONE)
        return STP_OK;
    char known[256] = "";
    for (int i = STP_CELL_NONE + 1; i < STP_CELL_OPS; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", *known ? ", " : "",
                 op_names[i]);
    if (strcmp(name, op_names[STP_CELL_NONE]) == 0)
        return stp_err_set(err, STP_ERR_FORMAT, "%s: a found cell has no operation \"none\"; give one of %s",
                           where, known);
    return stp_err_set(err, STP_ERR_FORMAT, "%s: unknown operation \"%s\"; known: %s", where, name, known);
}

static stp_status read_from(int *from, int state, const json_t *object, const char *where, stp_err *err) {
    json_int_t number = 0;
    STP_TRY(read_int(&number, object, "from", where, err));
    int last = STP_CELL_INPUTS + STP_CELL_NODES - 1;
    if (number < 0 || number > last)
        return stp_err_set(err, STP_ERR_FORMAT,
                           "%s: there is no state %lld to take from; node %d may take 0 to %d", where,
                           (long long)number, state, state - 1);
    if (number >= state)
        return stp_err_set(
            err, STP_ERR_FORMAT,
            "%s: node %d takes from state %d, which does not exist yet (a cycle); give 0 to %d", where, state,
            (int)number, state - 1);
    *from = (int)number;
    return STP_OK;
}

// Reads one edge and puts it into its node's first free place.
static stp_status read_edge(stp_genotype_edge *edges, int *taken, const json_t *object, const char *where,
                            stp_err *err) {
    static const char *const keys[] = {"node", "op", "from"};
    STP_TRY(check_keys(object, keys, 3, "node, op, from", where, err));
    json_int_t state = 0;
    STP_TRY(read_int(&state, object, "node", where, err));
    int first = STP_CELL_INPUTS, last = STP_CELL_INPUTS + STP_CELL_NODES - 1;
    if (state < first || state > last)
        return stp_err_set(err, STP_ERR_FORMAT, "%s: there is no node %lld; give %d to %d", where,
                           (long long)state, first, last);
    stp_genotype_edge edge = {0};
    STP_TRY(read_op(&edge.op, object, where, err));
    STP_TRY(read_from(&edge.from, (int)state, object, where, err));
    int node = (int)state - STP_CELL_INPUTS;
    if (taken[node] == 2)
        return stp_err_set(err, STP_ERR_FORMAT, "%s: a third edge of node %d; give every node two", where,
                           (int)state);
    if (taken[node] == 1 && edges[2 * node].from == edge.from)
        return stp_err_set(err, STP_ERR_FORMAT,
                           "%s: both edges of node %d take from state %d; let one take from another", where,
                           (int)state, edge.from);
    edges[2 * node + taken[node]++] = edge;
    return STP_OK;
}

static stp_status read_cell(stp_genotype_edge *edges, const json_t *list, const char *kind, const char *where,
                            stp_err *err) {
    if (!json_is_array(list))
        return stp_err_set(err, STP_ERR_FORMAT, "%s: \"%s\" is %s; give a list of %d edges", where, kind,
                           type_name(list), STP_CELL_KEPT_EDGES);
    int taken[STP_CELL_NODES] = {0};
    for (size_t i = 0; i < json_array_size(list); i++) {
        char place[512];
        snprintf(place, sizeof place, "%s: %s[%zu]", where, kind, i);
        STP_TRY(read_edge(edges, taken, json_array_get(list, i), place, err));
    }
    for (int node = 0; node < STP_CELL_NODES; node++)
        if (taken[node] != 2)
            return stp_err_set(err, STP_ERR_FORMAT,
                               "%s: node %d of \"%s\" has %d of its 2 edges; add the rest", where,
                               STP_CELL_INPUTS + node, kind, taken[node]);
    return STP_OK;
}

// "window/hop/filters[:coefficients]": positive whole numbers without sign or blank. Whether such a front-end
// can exist is the front-end's to say; here a slip of the pen is found.
static int front_is_written_well(const char *text) {
    static const char separators[] = "//:";
    for (int field = 0; field < 4; field++) {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 6 || text[0] == '0')
            return 0;
        text += digits;
        if (*text == '\0')
            return field >= 2;
        if (field == 3 || *text++ != separators[field])
            return 0;
    }
    return 0;
}

static stp_status read_front(stp_genotype *genotype, const json_t *object, const char *where, stp_err *err) {
    const char *front = NULL, *features = NULL;
    STP_TRY(read_text(&front, object, "front", where, err));
    if (!front_is_written_well(front) || strlen(front) >= sizeof genotype->front)
        return stp_err_set(
            err, STP_ERR_FORMAT,
            "%s: the front-end \"%s\" is not window/hop/filters[:coefficients]; give for example "
            "640/320/40 or 640/320/40:10",
            where, front);
    STP_TRY(read_text(&features, object, "features", where, err));
    if (strcmp(features, "mfcc") != 0 && strcmp(features, "logmel") != 0)
        return stp_err_set(err, STP_ERR_FORMAT, "%s: unknown features \"%s\"; give mfcc or logmel", where,
                           features);
    strcpy(genotype->front, front);
    strcpy(genotype->features, features);
    return STP_OK;
}

stp_status stp_genotype_from_json(stp_genotype *genotype, const json_t *object, const char *where,
                                  stp_err *err) {
    static const char *const keys[] = {"front", "features", "normal", "reduction"};
    STP_TRY(check_keys(object, keys, 4, "front, features, normal, reduction", where, err));
    stp_genotype read = {0}; // the caller's stays as it was when anything is refused
    STP_TRY(read_front(&read, object, where, err));
    for (int kind = 0; kind < STP_CELL_KINDS; kind++)
        STP_TRY(read_cell(read.edge[kind], json_object_get(object, kind_names[kind]), kind_names[kind], where,
                          err));
    *genotype = read;
    return STP_OK;
}
