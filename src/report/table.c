#include "report/table.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { GAP = 2 };

// A cell that no text can be (control characters are replaced) stands for a rule.
static const char rule_mark[] = "\x01";

static void end_cell(stp_table *table, size_t start) {
    stp_text_add(&table->cells, "", 1); // the zero byte
    if (table->cells.failed)
        return;
    char *text = table->cells.data + start;
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    int column = table->cell_count % table->columns, width = stp_text_columns(text);
    if (width > table->width[column])
        table->width[column] = width;
    table->cell_count++;
}

void stp_table_column(stp_table *table, const char *name, stp_table_align align) {
    if (table->columns == STP_TABLE_COLUMNS)
        return;
    table->cell_count = table->columns; // the head's cells, of a table that grows in width
    table->align[table->columns++] = align;
    size_t start = table->cells.bytes;
    stp_text_puts(&table->cells, name);
    end_cell(table, start);
}

void stp_table_cell(stp_table *table, const char *format, ...) {
    size_t start = table->cells.bytes;
    va_list args;
    va_start(args, format);
    stp_text_vprintf(&table->cells, format, args);
    va_end(args);
    end_cell(table, start);
}

void stp_table_number(stp_table *table, double value, int decimals) {
    size_t start = table->cells.bytes;
    if (isnan(value))
        stp_text_puts(&table->cells, "-");
    else if (fabs(value) < 1e9)
        stp_text_number(&table->cells, value, decimals, 0);
    else
        stp_text_printf(&table->cells, "%.0f", value);
    end_cell(table, start);
}

void stp_table_rule(stp_table *table) {
    if (!table->cells.failed)
        stp_text_add(&table->cells, rule_mark, sizeof rule_mark);
}

void stp_table_free(stp_table *table) {
    stp_text_free(&table->cells);
}

// --- layout ------------------------------------------------------------------------------------------

static void put_repeated(stp_text *out, char c, int count) {
    for (int i = 0; i < count; i++)
        stp_text_add(out, &c, 1);
}

static void put_rule(const stp_table *table, int indent, stp_text *out) {
    int width = GAP * (table->columns - 1);
    for (int i = 0; i < table->columns; i++)
        width += table->width[i];
    put_repeated(out, ' ', indent);
    put_repeated(out, '-', width);
    stp_text_puts(out, "\n");
}

// Blanks are owed and paid only before something visible, so that no line ends with them.
static void put_cell(const stp_table *table, int column, const char *cell, int *owed, stp_text *out) {
    int space = table->width[column] - stp_text_columns(cell);
    int before = table->align[column] == STP_TABLE_RIGHT ? space : 0;
    if (*cell) {
        put_repeated(out, ' ', *owed + before);
        stp_text_puts(out, cell);
        *owed = space - before + GAP;
    } else {
        *owed += space + GAP;
    }
}

static int has_head(const stp_table *table) {
    const char *cell = table->cells.data;
    int named = 0;
    for (int i = 0; i < table->columns; i++, cell += strlen(cell) + 1)
        named |= *cell != '\0';
    return named;
}

stp_status stp_table_format(const stp_table *table, int indent, stp_text *out, stp_err *err) {
    const char *cell = table->cells.data, *end = cell + table->cells.bytes;
    int column = 0, row = 0, owed = indent, head = !table->cells.failed && cell && has_head(table);
    while (!table->cells.failed && cell < end) {
        if (strcmp(cell, rule_mark) == 0) {
            put_rule(table, indent, out);
        } else {
            if (row > 0 || head)
                put_cell(table, column, cell, &owed, out);
            if (++column == table->columns) {
                stp_text_puts(out, row > 0 || head ? "\n" : "");
                if (row == 0 && head)
                    put_rule(table, indent, out);
                column = 0;
                row++;
                owed = indent;
            }
        }
        cell += strlen(cell) + 1;
    }
    if (column > 0)
        stp_text_puts(out, "\n");
    return table->cells.failed || out->failed ? stp_err_memory(err, "a table", table->cells.bytes) : STP_OK;
}

stp_status stp_table_write(const stp_table *table, int indent, FILE *stream, const char *name, stp_err *err) {
    stp_text out = {0};
    stp_status status = stp_table_format(table, indent, &out, err);
    if (status == STP_OK)
        status = stp_text_write_stream(&out, stream, name, err);
    stp_text_free(&out);
    return status;
}
