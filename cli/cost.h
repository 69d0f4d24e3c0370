// What stapes cost found, as text and as JSON.
#ifndef STP_CLI_COST_H
#define STP_CLI_COST_H

#include "cost/system_cost.h"

#include <jansson.h>

typedef struct stp_cli_cost {
    const char *run; // NULL: a known network
    const stp_model *model;
    const char *note; // about what was assumed; NULL: nothing was
    const stp_cost_plan *plan;
    int processors;
    stp_system_cost cost[STP_PROCESSORS];
} stp_cli_cost;

void stp_cli_cost_print(const stp_cli_cost *c);
json_t *stp_cli_cost_json(const stp_cli_cost *c);

#endif
