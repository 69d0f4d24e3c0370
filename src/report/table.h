// Plain text tables: columns aligned by what a terminal shows, text left, numbers right.
#ifndef STP_REPORT_TABLE_H
#define STP_REPORT_TABLE_H

#include "base/status.h"
#include "base/text.h"

enum { STP_TABLE_COLUMNS = 16 };

typedef enum stp_table_align { STP_TABLE_LEFT, STP_TABLE_RIGHT } stp_table_align;

// Start with {0}, add the columns, then the cells row by row; cells left out at the end of the last row are
// empty. Running out of memory is reported by stp_table_write and stp_table_format.
typedef struct stp_table {
    stp_text cells; // each ends with a zero byte: the columns' names first
    int columns, cell_count;
    stp_table_align align[STP_TABLE_COLUMNS];
    int width[STP_TABLE_COLUMNS];
} stp_table;

// Before the first cell; at most STP_TABLE_COLUMNS (more are ignored). An empty name for all makes a table
// without a head.
void stp_table_column(stp_table *table, const char *name, stp_table_align align);
// The next cell. Control characters become '?'.
void stp_table_cell(stp_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
// A number with `decimals` places and a point, whatever the locale; "-" for a NaN.
void stp_table_number(stp_table *table, double value, int decimals);
// A line of dashes above the next row (before a total).
void stp_table_rule(stp_table *table);
void stp_table_free(stp_table *table);

// Appends the lines, each indented by `indent` blanks, none with blanks at its end.
stp_status stp_table_format(const stp_table *table, int indent, stp_text *out, stp_err *err);
stp_status stp_table_write(const stp_table *table, int indent, FILE *stream, const char *name, stp_err *err);

#endif
