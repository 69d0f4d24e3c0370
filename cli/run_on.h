// What run-on found, as text and as JSON.
#ifndef STP_CLI_RUN_ON_H
#define STP_CLI_RUN_ON_H

#include "emulate/emulate.h"
#include "eval/metrics.h"
#include "shipped.h"

#include <jansson.h>

typedef struct stp_cli_run_on {
    const char *processor;
    stp_cli_shipped shipped;
    stp_emulated result;
    const char *split; // its name
    stp_rate right;
} stp_cli_run_on;

long stp_cli_flash_total(const stp_flash *flash);
long long stp_cli_inference(const stp_emulated *result); // instructions of all operations
int stp_cli_run_on_agrees(const stp_emulated *result);   // every bit

void stp_cli_run_on_print(const stp_cli_run_on *r);
json_t *stp_cli_run_on_json(const stp_cli_run_on *r);

#endif
