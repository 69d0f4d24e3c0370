// stapes info RUN: what a run holds. The two kinds of run have a file each: info_found.c and info_trained.c.
#include "cli.h"
#include "commands.h"
#include "info.h"
#include "run/run_settings.h"

#include <stdio.h>

void stp_info_line(const char *name, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("%-12s ", name);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

stp_status stp_info_draw_cells(stp_info *info, const stp_genotype *genotype, stp_err *err) {
    stp_svg svg;
    stp_figure_cells(&svg, genotype);
    return stp_cli_draw("info", info->run, &svg, info->settings.out, "cells.svg", info->cells, err);
}

stp_status stp_info_draw_curves(stp_info *info, const char *title, stp_err *err) {
    char journal[STP_PATH_BYTES];
    stp_svg svg;
    if (stp_run_size(info->run, "journal.jsonl") == 0)
        return STP_OK;
    STP_TRY(stp_path_join(journal, stp_run_path(info->run), "journal.jsonl", err));
    STP_TRY(stp_figure_curves(&svg, journal, title, err));
    return stp_cli_draw("info", info->run, &svg, "", "curves.svg", info->curves, err);
}

void stp_info_print_figures(const stp_info *info) {
    if (info->cells[0])
        stp_info_line("cells", "%s", info->cells);
    if (info->curves[0])
        stp_info_line("curves", "%s", info->curves);
}

json_t *stp_info_figures_json(const stp_info *info) {
    return json_pack("{s:o*, s:o*}", "cells", info->cells[0] ? stp_cli_json_text(info->cells) : NULL,
                     "curves", info->curves[0] ? stp_cli_json_text(info->curves) : NULL);
}

static stp_status run(stp_info *info, int argc, char **argv, stp_err *err) {
    const char *path;
    stp_command made_by;
    STP_TRY(stp_cli_parse_run(&info->settings, STP_CMD_INFO, argc, argv, &path, NULL, NULL, err));
    STP_TRY(stp_cli_check_ending(info->settings.out, ".svg", err));
    STP_TRY(stp_run_open(&info->run, path, err));
    STP_TRY(stp_run_command(info->run, &made_by, err));
    return made_by == STP_CMD_SEARCH ? stp_info_found(info, err) : stp_info_trained(info, err);
}

int stp_cmd_info(int argc, char **argv) {
    stp_info info = {.run = NULL};
    stp_err err;
    stp_status status = run(&info, argc, argv, &err);
    int exit_status = status == STP_OK ? info.exit_status : stp_cli_fail("info", &err);
    stp_run_close(info.run);
    return exit_status;
}
