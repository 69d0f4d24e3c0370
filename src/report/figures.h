// Figures of a run, as drawings: begun and filled here, then written with stp_svg_write_file (which reports
// memory that ran out on the way) and freed with stp_svg_free by the caller.
#ifndef STP_REPORT_FIGURES_H
#define STP_REPORT_FIGURES_H

#include "base/status.h"
#include "report/svg.h"
#include "space/genotype.h"

// counts: [classes][classes], row: true class. Written: counts; colour: the part of its row (blue on the
// diagonal, red beside it); at the right end the recall. Readable up to 40 classes; more make a larger
// figure.
void stp_figure_confusion(stp_svg *svg, const long long *counts, int classes, const char *const *labels,
                          const char *title);

// Both cells: each state runs along a line of its own, taps lead from it through the operations into the
// nodes, the nodes' lines end in the concatenation. Edges must be valid (stp_genotype_from_json checks).
void stp_figure_cells(stp_svg *svg, const stp_genotype *genotype);

// Losses, accuracies (per cent), weights of the front-ends (softmax of gamma) and entropies over the epochs,
// from a journal of one JSON object a line, as search and train write it. Keys that are missing are not
// drawn; a last line that is not finished yet is left out. STP_ERR_IO when the file cannot be read,
// STP_ERR_FORMAT (with the line) when it is no journal or has no epoch yet; then `svg` needs no freeing.
stp_status stp_figure_curves(stp_svg *svg, const char *journal_path, const char *title, stp_err *err);

// How time and memory of a search step grow, from a table that bench/growth makes: CSV with the columns axis,
// value (rising within an axis), ms_per_pair and peak_mb, and others, which are passed by. A row of two
// panels an axis. Errors as above.
stp_status stp_figure_growth(stp_svg *svg, const char *csv_path, const char *title, stp_err *err);

#endif
