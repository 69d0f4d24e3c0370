// Inside stapes info: what its two halves share.
#ifndef STP_CLI_INFO_H
#define STP_CLI_INFO_H

#include "report/figures.h"
#include "run/run.h"
#include "settings/settings.h"
#include "trained.h"

#include <stdarg.h>

typedef struct stp_info {
    stp_settings settings;
    stp_run *run;
    int exit_status;                                    // of what was printed
    char cells[STP_PATH_BYTES], curves[STP_PATH_BYTES]; // figures that were drawn; else empty
} stp_info;

stp_status stp_info_found(stp_info *info, stp_err *err);   // of a search
stp_status stp_info_trained(stp_info *info, stp_err *err); // of a training

// "name         text".
void stp_info_line(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
stp_status stp_info_draw_cells(stp_info *info, const stp_genotype *genotype, stp_err *err);
stp_status stp_info_draw_curves(stp_info *info, const char *title, stp_err *err); // where there is a journal
void stp_info_print_figures(const stp_info *info);
json_t *stp_info_figures_json(const stp_info *info);

#endif
