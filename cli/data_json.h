// The report of `stapes data check` as JSON.
#ifndef STP_CLI_DATA_JSON_H
#define STP_CLI_DATA_JSON_H

#include "dataset/check.h"

#include <jansson.h>

// A string whatever its bytes: where it is no UTF-8, each byte above 0x7f becomes '?'.
json_t *stp_data_json_text(const char *text);
// Takes over `notes`. NULL when memory is out.
json_t *stp_data_json(const stp_check *check, json_t *notes);

#endif
