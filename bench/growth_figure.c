// Draws what bench/growth measured: stapes-growth-figure TABLE.csv FIGURE.svg
#include "report/figures.h"

#include <stdio.h>

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: stapes-growth-figure TABLE.csv FIGURE.svg\n");
        return 2;
    }
    stp_svg svg;
    stp_err err;
    stp_status status = stp_figure_growth(&svg, argv[1], "How time and memory of the search step grow", &err);
    if (status == STP_OK) {
        status = stp_svg_write_file(&svg, argv[2], &err);
        stp_svg_free(&svg);
    }
    if (status != STP_OK)
        fprintf(stderr, "growth: %s\n", err.text);
    return stp_status_exit_code(status);
}
