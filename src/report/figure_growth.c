#include "base/arena.h"
#include "base/file.h"
#include "report/chart.h"
#include "report/figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_AXES = 16, MOST_POINTS = 64, MOST_COLUMNS = 32, NAME_BYTES = 32 };

// What is measured along one axis; the others keep their base value.
typedef struct growth_axis {
    char name[NAME_BYTES];
    double value[MOST_POINTS], ms[MOST_POINTS], mb[MOST_POINTS];
    int points;
} growth_axis;

typedef struct growth_sheet {
    const char *path;
    growth_axis axis[MOST_AXES];
    int axes;
    int column[4]; // where "axis", "value", "ms_per_pair" and "peak_mb" stand in a row
    stp_err *err;
} growth_sheet;

static const char *const wanted[4] = {"axis", "value", "ms_per_pair", "peak_mb"};

static stp_status refuse(const growth_sheet *s, int line, const char *what) {
    return stp_err_set(s->err, STP_ERR_FORMAT, "%s:%d: %s; give the file that bench/growth writes", s->path,
                       line, what);
}

// Cuts a row at its commas, in place. Returns the number of fields, at most MOST_COLUMNS.
static int cut(char *row, char *fields[MOST_COLUMNS]) {
    int count = 0;
    for (char *at = row; at && count < MOST_COLUMNS; count++) {
        fields[count] = at;
        at = strchr(at, ',');
        if (at)
            *at++ = 0;
    }
    return count;
}

static stp_status read_head(growth_sheet *s, char *const *fields, int count) {
    for (int i = 0; i < 4; i++) {
        s->column[i] = -1;
        for (int j = 0; j < count; j++)
            if (strcmp(fields[j], wanted[i]) == 0)
                s->column[i] = j;
        if (s->column[i] < 0)
            return refuse(s, 1, "a column of axis, value, ms_per_pair and peak_mb is missing");
    }
    return STP_OK;
}

// A number over 0; NaN where there is none.
static double number_of(const growth_sheet *s, char *const *fields, int count, int which) {
    char *end;
    if (s->column[which] >= count)
        return NAN;
    double value = strtod(fields[s->column[which]], &end);
    return end != fields[s->column[which]] && *end == 0 && value > 0 && value < 1e9 ? value : NAN;
}

static stp_status read_row(growth_sheet *s, char *const *fields, int count, int line) {
    const char *name = s->column[0] < count ? fields[s->column[0]] : "";
    growth_axis *axis = s->axes > 0 ? &s->axis[s->axes - 1] : NULL;
    if (!name[0] || strlen(name) >= NAME_BYTES)
        return refuse(s, line, "the axis has no name, or a long one");
    if (!axis || strcmp(axis->name, name) != 0) {
        if (s->axes == MOST_AXES)
            return refuse(s, line, "more axes than can be drawn");
        axis = &s->axis[s->axes++];
        strcpy(axis->name, name);
    }
    double value = number_of(s, fields, count, 1), ms = number_of(s, fields, count, 2),
           mb = number_of(s, fields, count, 3);
    if (isnan(value) || isnan(ms) || isnan(mb))
        return refuse(s, line, "no number where value, ms_per_pair and peak_mb should be");
    if (axis->points == MOST_POINTS || (axis->points > 0 && value <= axis->value[axis->points - 1]))
        return refuse(s, line, "the values of an axis do not rise, or are too many");
    axis->value[axis->points] = value;
    axis->ms[axis->points] = ms;
    axis->mb[axis->points++] = mb;
    return STP_OK;
}

static stp_status read_sheet(growth_sheet *s, char *text) {
    char *fields[MOST_COLUMNS];
    int line = 1;
    for (char *row = text; row && *row; line++) {
        char *next = strchr(row, '\n');
        if (next)
            *next++ = 0;
        int count = cut(row, fields);
        STP_TRY(line == 1 ? read_head(s, fields, count) : read_row(s, fields, count, line));
        row = next;
    }
    return s->axes > 0 ? STP_OK : refuse(s, line, "nothing was measured");
}

// A row of two panels: time at the left, memory at the right. Measures when `svg` is NULL. Returns the
// height.
static double draw_axis(const growth_axis *axis, stp_svg *svg, double left, double top, double width) {
    const double gap = 16, half = (width - gap) / 2;
    const double *const y[2] = {axis->ms, axis->mb};
    const char *const what[2] = {"ms a pair", "MB at most"};
    double height = 0;
    for (int i = 0; i < 2; i++) {
        char title[64];
        snprintf(title, sizeof title, "%s: %s", axis->name, what[i]);
        stp_series series = {.name = "", .y = y[i]};
        stp_chart chart = {.title = title,
                           .x = axis->value,
                           .points = axis->points,
                           .series = &series,
                           .series_count = 1,
                           .x_label = axis->name,
                           .dots = 1};
        if (svg)
            stp_chart_draw(&chart, svg, left + i * (half + gap), top, half);
        height = stp_chart_height(&chart, half);
    }
    return height + 14;
}

static void draw_sheet(stp_svg *svg, const growth_sheet *s, const char *title) {
    const double width = 860, margin = 20, top = 54, inner = width - 2 * margin;
    double height = top;
    for (int i = 0; i < s->axes; i++)
        height += draw_axis(&s->axis[i], NULL, 0, 0, inner);
    stp_svg_begin(svg, width, height, title);
    stp_svg_text(svg, margin, 32, (stp_svg_font){.size = 16, .bold = 1}, title);
    double at = top;
    for (int i = 0; i < s->axes; i++)
        at += draw_axis(&s->axis[i], svg, margin, at, inner);
}

stp_status stp_figure_growth(stp_svg *svg, const char *csv_path, const char *title, stp_err *err) {
    char *text;
    size_t bytes;
    growth_sheet *sheet = stp_alloc(sizeof *sheet);
    if (!sheet)
        return stp_err_memory(err, csv_path, sizeof *sheet);
    sheet->path = csv_path;
    sheet->err = err;
    stp_status status = stp_file_read(csv_path, &text, &bytes, err);
    if (status == STP_OK) {
        status = read_sheet(sheet, text);
        stp_free(text);
    }
    if (status == STP_OK)
        draw_sheet(svg, sheet, title);
    stp_free(sheet);
    return status;
}
