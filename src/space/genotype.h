// What a search found: a front-end and two cells. The JSON form is meant to be read and edited by a person.
#ifndef STP_SPACE_GENOTYPE_H
#define STP_SPACE_GENOTYPE_H

#include "base/status.h"

#include <jansson.h>

// The operations of the DARTS space, in the published order.
typedef enum stp_cell_op {
    STP_CELL_NONE,
    STP_CELL_MAX_POOL_3X3,
    STP_CELL_AVG_POOL_3X3,
    STP_CELL_SKIP_CONNECT,
    STP_CELL_SEP_CONV_3X3,
    STP_CELL_SEP_CONV_5X5,
    STP_CELL_DIL_CONV_3X3,
    STP_CELL_DIL_CONV_5X5,
    STP_CELL_OPS
} stp_cell_op;

enum {
    STP_CELL_INPUTS = 2,
    STP_CELL_NODES = 4,
    STP_CELL_EDGES = 14,     // searched: node i has 2 + i incoming edges
    STP_CELL_KEPT_EDGES = 8, // derived: two a node
    STP_CELL_KINDS = 2
};

typedef enum stp_cell_kind { STP_CELL_NORMAL, STP_CELL_REDUCTION } stp_cell_kind;

// States of a cell: 0 the cell before the last, 1 the last cell, 2 .. 5 the nodes.
typedef struct stp_genotype_edge {
    stp_cell_op op;
    int from; // state 0 .. 1 + node
} stp_genotype_edge;

typedef struct stp_genotype {
    char front[48];    // "640/320/40[:10]"
    char features[16]; // "mfcc" or "logmel"
    // edge[kind][2 * node + k]: the k-th input of a node
    stp_genotype_edge edge[STP_CELL_KINDS][STP_CELL_KEPT_EDGES];
} stp_genotype;

const char *stp_cell_op_name(stp_cell_op op);
int stp_cell_op_parse(stp_cell_op *op, const char *name); // 0, or -1 for an unknown name

json_t *stp_genotype_to_json(const stp_genotype *genotype);
// `where` (a file name) opens every error: unknown operation (with the known ones), a state that does not
// exist yet (a cycle), two edges of a node from one state, missing or surplus keys.
stp_status stp_genotype_from_json(stp_genotype *genotype, const json_t *object, const char *where,
                                  stp_err *err);

#endif
