#include "base/arena.h"
#include "base/json_memory.h"
#include "report/chart.h"
#include "report/figures.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { MOST_SERIES = 64 };

// --- the journal -------------------------------------------------------------------------------------

static stp_status read_all(stp_text *text, const char *path, stp_err *err) {
    errno = 0;
    FILE *file = fopen(path, "rb");
    char block[65536];
    size_t got = 0;
    if (file)
        while ((got = fread(block, 1, sizeof block, file)) > 0)
            stp_text_add(text, block, got);
    stp_status status = STP_OK;
    if (!file || ferror(file))
        status = stp_err_set(err, STP_ERR_IO, "%s: cannot be read (%s); name the journal of a run", path,
                             strerror(errno));
    else if (text->failed)
        status = stp_err_memory(err, path, text->bytes);
    if (file)
        fclose(file);
    return status;
}

// An array of the journal's objects, each with an integer "epoch".
static stp_status read_journal(json_t *lines, const char *path, stp_err *err) {
    stp_text text = {0};
    stp_status status = read_all(&text, path, err);
    const char *at = text.data, *end;
    for (int line = 1;
         status == STP_OK && at && (end = memchr(at, '\n', text.bytes - (size_t)(at - text.data)));
         line++, at = end + 1) {
        json_error_t error;
        json_t *object = stp_json_read(at, (size_t)(end - at), 0, &error);
        if (!object && stp_json_memory_lost())
            status = stp_err_memory(err, path, text.bytes);
        else if (!object)
            status =
                stp_err_set(err, STP_ERR_FORMAT, "%s:%d: not JSON (%s); give a journal as a run writes it",
                            path, line, error.text);
        else if (!json_is_integer(json_object_get(object, "epoch")))
            status = stp_err_set(
                err, STP_ERR_FORMAT,
                "%s:%d: no object with an integer \"epoch\"; give a journal as a run writes it", path, line);
        if (status == STP_OK && json_array_append(lines, object))
            status = stp_err_memory(err, path, text.bytes);
        json_decref(object);
    }
    stp_text_free(&text);
    if (status == STP_OK && json_array_size(lines) == 0)
        status = stp_err_set(err, STP_ERR_FORMAT, "%s: no epoch is finished yet; wait for the first", path);
    return status;
}

// --- series ------------------------------------------------------------------------------------------

typedef struct curve_set {
    json_t *lines;
    int points;
    stp_arena *arena;
    int failed;
    stp_series series[MOST_SERIES];
    int count;
} curve_set;

// The value at `key`, and below it at `part` (an object's key) or `index` (a list's place; -1: none).
static double value_at(const json_t *line, const char *key, const char *part, int index) {
    const json_t *value = json_object_get(line, key);
    if (part)
        value = json_object_get(value, part);
    if (index >= 0)
        value = json_array_get(value, (size_t)index);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

// Adds a series, unless no line has it.
static void add_series(curve_set *set, const char *name, const char *key, const char *part, int index) {
    if (set->count == MOST_SERIES)
        return;
    double *y = STP_ARENA_ARRAY(set->arena, double, set->points);
    if (!y) {
        set->failed = 1;
        return;
    }
    int found = 0;
    for (int i = 0; i < set->points; i++) {
        y[i] = value_at(json_array_get(set->lines, (size_t)i), key, part, index);
        found |= isfinite(y[i]) != 0;
    }
    if (!found)
        return;
    stp_series *series = &set->series[set->count++];
    series->y = y;
    snprintf(series->name, sizeof series->name, "%s", name);
}

static void add_losses(curve_set *set) {
    add_series(set, "training", "loss", NULL, -1);
    add_series(set, "architecture", "arch_loss", NULL, -1);
    add_series(set, "validation", "validation_loss", NULL, -1);
}

static void add_accuracies(curve_set *set) {
    add_series(set, "training", "accuracy", NULL, -1);
    add_series(set, "architecture", "arch_accuracy", NULL, -1);
    add_series(set, "validation", "validation_accuracy", NULL, -1);
}

// The fronts' names stand in the first line that has them; without, they are numbered.
static void add_gammas(curve_set *set) {
    const json_t *fronts = NULL;
    size_t count = 0;
    for (int i = 0; i < set->points; i++) {
        const json_t *line = json_array_get(set->lines, (size_t)i);
        size_t here = json_array_size(json_object_get(line, "gamma"));
        count = here > count ? here : count;
        fronts = fronts ? fronts : json_object_get(line, "front");
    }
    for (int i = 0; i < (int)count && i < MOST_SERIES; i++) {
        const char *front = json_string_value(json_array_get(fronts, (size_t)i));
        char name[64];
        snprintf(name, sizeof name, "front-end %d", i);
        add_series(set, front ? front : name, "gamma", NULL, i);
    }
}

static void add_entropies(curve_set *set) {
    add_series(set, "alpha, normal", "alpha_entropy", "normal", -1);
    add_series(set, "alpha, reduction", "alpha_entropy", "reduction", -1);
    add_series(set, "beta, normal", "beta_entropy", "normal", -1);
    add_series(set, "beta, reduction", "beta_entropy", "reduction", -1);
}

// --- the figure --------------------------------------------------------------------------------------

typedef struct curve_panel {
    const char *title;
    void (*add)(curve_set *set);
    double low, high;
} curve_panel;

static const curve_panel panels[] = {
    {"Loss", add_losses, 1, 0},
    {"Accuracy, per cent", add_accuracies, 1, 0},
    {"Weight of each front-end (softmax of gamma)", add_gammas, 0, 0},
    {"Entropy of alpha and beta", add_entropies, 0, 0},
};

enum { PANELS = sizeof panels / sizeof *panels, MOST_MARKS = 8 };

// Upright lines where the phase changes and where gamma is settled.
static int find_marks(const curve_set *set, const double *x, stp_chart_mark *marks) {
    int count = 0, settled = 0;
    const char *phase = NULL;
    for (int i = 0; i < set->points && count < MOST_MARKS; i++) {
        const json_t *line = json_array_get(set->lines, (size_t)i);
        const char *here = json_string_value(json_object_get(line, "phase"));
        if (here && phase && strcmp(here, phase) != 0)
            marks[count++] = (stp_chart_mark){x[i], here};
        phase = here ? here : phase;
        int now = json_is_true(json_object_get(line, "settled"));
        if (now && !settled && count < MOST_MARKS)
            marks[count++] = (stp_chart_mark){x[i], "gamma settled"};
        settled |= now;
    }
    return count;
}

// Measures when `svg` is NULL. Returns the height of all panels.
static double draw_panels(curve_set *set, const stp_chart *frame, stp_svg *svg, double left, double top,
                          double width) {
    double start = top;
    for (int i = 0; i < PANELS; i++) {
        set->count = 0;
        panels[i].add(set);
        if (set->count == 0)
            continue;
        stp_chart chart = *frame;
        chart.title = panels[i].title;
        chart.series = set->series;
        chart.series_count = set->count;
        chart.low = panels[i].low;
        chart.high = panels[i].high;
        if (svg)
            stp_chart_draw(&chart, svg, left, top, width);
        top += stp_chart_height(&chart, width) + 18;
    }
    return top - start;
}

static stp_status draw_curves(stp_svg *svg, curve_set *set, const char *path, const char *title,
                              stp_err *err) {
    const double width = 860, margin = 20, top = 54;
    stp_chart_mark marks[MOST_MARKS];
    double *x = STP_ARENA_ARRAY(set->arena, double, set->points);
    if (!x)
        return stp_err_memory(err, path, sizeof(double) * (size_t)set->points);
    for (int i = 0; i < set->points; i++)
        x[i] = value_at(json_array_get(set->lines, (size_t)i), "epoch", NULL, -1) + 1; // people count from 1
    stp_chart frame = {.x = x, .points = set->points, .marks = marks, .x_label = "epoch"};
    frame.mark_count = find_marks(set, x, marks);
    double height = draw_panels(set, &frame, NULL, 0, 0, width - 2 * margin);
    stp_svg_begin(svg, width, top + height, title);
    stp_svg_text(svg, margin, 32, (stp_svg_font){.size = 16, .bold = 1}, title);
    draw_panels(set, &frame, svg, margin, top, width - 2 * margin);
    if (!set->failed)
        return STP_OK;
    stp_svg_free(svg);
    return stp_err_memory(err, path, sizeof(double) * (size_t)set->points);
}

stp_status stp_figure_curves(stp_svg *svg, const char *journal_path, const char *title, stp_err *err) {
    curve_set set = {.lines = json_array(), .arena = stp_arena_create()};
    stp_status status = STP_OK;
    if (!set.lines || !set.arena)
        status = stp_err_memory(err, journal_path, sizeof set);
    if (status == STP_OK)
        status = read_journal(set.lines, journal_path, err);
    if (status == STP_OK) {
        set.points = (int)json_array_size(set.lines);
        status = draw_curves(svg, &set, journal_path, title, err);
    }
    json_decref(set.lines);
    stp_arena_destroy(set.arena);
    return status;
}
