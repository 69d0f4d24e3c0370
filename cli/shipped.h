// A quantised system as it ships: what export writes and run-on runs.
#ifndef STP_CLI_SHIPPED_H
#define STP_CLI_SHIPPED_H

#include "export/about.h"
#include "export/model_source.h"
#include "quant/device_model.h"
#include "trained.h"

typedef struct stp_cli_shipped {
    stp_cli_trained trained;
    stp_int8_net *net;
    stp_front_bank *bank; // one front-end, with its norm
    stp_device_model *device;
    char title[STP_ABOUT_TITLE_BYTES];
    stp_system_source source;
} stp_cli_shipped;

// STP_ERR_USAGE when RUN is missing, not trained or not quantised. Close it after an error too.
stp_status stp_cli_shipped_open(stp_cli_shipped *shipped, const char *path, stp_err *err);
void stp_cli_shipped_close(stp_cli_shipped *shipped);

#endif
