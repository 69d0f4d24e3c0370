#include "report/figure_features.h"

#include "base/arena.h"
#include "frontend/front_tables.h"
#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_COLUMNS = 2400, IMAGE_WIDTH = 960, IMAGE_HEIGHT = 480, MAX_SCALE = 16, BAR_STEPS = 64 };

static const double plot_left = 74, plot_top = 44, plot_width = 760, plot_height = 340;
static const double bar_gap = 22, bar_width = 14, right_margin = 70, bottom_margin = 54;

// The features as columns of pixels: [columns][rows], with the range of colours.
typedef struct feature_map {
    float *value;
    int columns, rows;
    int frames_a_column;
    double low, high;
} feature_map;

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static stp_status find_range(feature_map *map, stp_err *err) {
    size_t count = (size_t)map->columns * (size_t)map->rows;
    float *sorted = stp_alloc(sizeof(float) * count);
    if (!sorted)
        return stp_err_memory(err, "the picture", sizeof(float) * count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = map->value[i];
    qsort(sorted, count, sizeof(float), by_value);
    map->low = sorted[count / 50];
    map->high = sorted[count - 1 - count / 50];
    stp_free(sorted);
    return STP_OK;
}

static stp_status make_map(feature_map *map, const stp_front_spec *spec, const float *features, int frames,
                           stp_err *err) {
    map->rows = spec->coefficients;
    map->frames_a_column = (frames + MAX_COLUMNS - 1) / MAX_COLUMNS;
    map->columns = (frames + map->frames_a_column - 1) / map->frames_a_column;
    size_t bytes = sizeof(float) * (size_t)map->columns * (size_t)map->rows;
    map->value = stp_alloc(bytes);
    if (!map->value)
        return stp_err_memory(err, "the picture", bytes);
    for (int column = 0; column < map->columns; column++) {
        int first = column * map->frames_a_column, last = first + map->frames_a_column;
        last = last < frames ? last : frames;
        for (int row = 0; row < map->rows; row++) {
            double sum = 0;
            for (int f = first; f < last; f++)
                sum += features[(size_t)f * (size_t)map->rows + (size_t)row];
            map->value[(size_t)column * (size_t)map->rows + (size_t)row] = (float)(sum / (last - first));
        }
    }
    stp_status status = find_range(map, err);
    if (status != STP_OK)
        stp_free(map->value);
    return status;
}

// Low coefficients and frequencies at the bottom.
static stp_status draw_map(const feature_map *map, int scale, stp_image *image, stp_err *err) {
    STP_TRY(stp_image_create(image, map->columns * scale, map->rows * scale, err));
    stp_image_heatmap(image, 0, 0, scale, map->value + map->rows - 1, map->rows, map->columns, -1, map->rows,
                      map->low, map->high);
    return STP_OK;
}

stp_status stp_figure_features_image(stp_image *image, const stp_front_spec *spec, const float *features,
                                     int frames, stp_err *err) {
    feature_map map;
    *image = (stp_image){0};
    STP_TRY(make_map(&map, spec, features, frames, err));
    int scale = IMAGE_WIDTH / map.columns < IMAGE_HEIGHT / map.rows ? IMAGE_WIDTH / map.columns
                                                                    : IMAGE_HEIGHT / map.rows;
    scale = scale < 1 ? 1 : scale > MAX_SCALE ? MAX_SCALE : scale;
    stp_status status = draw_map(&map, scale, image, err);
    stp_free(map.value);
    return status;
}

static void draw_number(stp_svg *svg, double x, double y, stp_svg_anchor anchor, double value, double step) {
    int decimals = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    stp_text text = {0};
    stp_text_number(&text, value, decimals, 0);
    svg->body.failed |= text.failed;
    stp_svg_text(svg, x, y, (stp_svg_font){.size = 11, .anchor = anchor, .colour = "#57606a"},
                 text.data ? text.data : "");
    stp_text_free(&text);
}

static void draw_label(stp_svg *svg, double x, double y, double angle, const char *text) {
    stp_svg_text(svg, x, y, (stp_svg_font){.size = 12, .anchor = STP_SVG_MIDDLE, .angle = angle}, text);
}

// A column stands for the hop about the middle of its window.
static void draw_time_axis(stp_svg *svg, const stp_front_spec *spec, const feature_map *map) {
    double hop = (double)spec->hop_samples / spec->rate_hz;
    double start = 0.5 * (spec->window_samples - spec->hop_samples) / spec->rate_hz;
    double length = hop * map->columns * map->frames_a_column;
    double step = stp_chart_round_step(length, 10), bottom = plot_top + plot_height;
    for (double i = ceil(start / step - 1e-9); i * step <= start + length * (1 + 1e-9); i++) {
        double x = plot_left + plot_width * (i * step - start) / length;
        stp_svg_line(svg, x, bottom, x, bottom + 5, "#8c959f", 1);
        draw_number(svg, x, bottom + 19, STP_SVG_MIDDLE, i * step, step);
    }
    draw_label(svg, plot_left + plot_width / 2, bottom + 42, 0, "seconds");
}

// Row of a frequency, between the middles of filters; negative or above the last row: outside.
static double row_of_hz(const stp_front_spec *spec, double hz) {
    double below = stp_front_mel_center_hz(spec, 0);
    if (hz < below)
        return -1;
    for (int f = 1; f < spec->filters; f++) {
        double above = stp_front_mel_center_hz(spec, f);
        if (hz <= above)
            return f - 1 + (hz - below) / (above - below);
        below = above;
    }
    return spec->filters;
}

static void draw_row_tick(stp_svg *svg, const feature_map *map, double row, double value) {
    double y = plot_top + plot_height * (1 - (row + 0.5) / map->rows);
    stp_svg_line(svg, plot_left - 5, y, plot_left, y, "#8c959f", 1);
    draw_number(svg, plot_left - 9, y + 4, STP_SVG_END, value, 1);
}

static void draw_row_axis(stp_svg *svg, const stp_front_spec *spec, const feature_map *map) {
    int logmel = spec->kind == STP_FRONT_LOGMEL;
    if (logmel) {
        static const double ticks_hz[] = {100,  200,  500,  1000, 1500,  2000,
                                          3000, 4000, 6000, 8000, 12000, 16000};
        for (size_t i = 0; i < sizeof ticks_hz / sizeof *ticks_hz; i++) {
            double row = row_of_hz(spec, ticks_hz[i]);
            if (row >= 0 && row <= map->rows - 1)
                draw_row_tick(svg, map, row, ticks_hz[i]);
        }
    } else {
        double step = fmax(1, stp_chart_round_step(map->rows, 10));
        for (double row = 0; row < map->rows; row += step)
            draw_row_tick(svg, map, row, row);
    }
    draw_label(svg, plot_left - 50, plot_top + plot_height / 2, -90, logmel ? "Hz" : "coefficient");
}

static stp_status draw_colour_bar(stp_svg *svg, const feature_map *map, stp_err *err) {
    float steps[BAR_STEPS];
    for (int i = 0; i < BAR_STEPS; i++)
        steps[i] = (float)(BAR_STEPS - 1 - i);
    stp_image bar;
    STP_TRY(stp_image_create(&bar, 1, BAR_STEPS, err));
    stp_image_heatmap(&bar, 0, 0, 1, steps, BAR_STEPS, 1, 1, 1, 0, BAR_STEPS - 1);
    double x = plot_left + plot_width + bar_gap, range = map->high - map->low;
    stp_svg_image(svg, x, plot_top, bar_width, plot_height, &bar);
    stp_image_free(&bar);
    if (!(range > 0)) {
        draw_number(svg, x + bar_width + 6, plot_top + plot_height / 2 + 4, STP_SVG_START, map->low, 0.01);
        return STP_OK;
    }
    double step = stp_chart_round_step(range, 6);
    for (double i = ceil(map->low / step); i * step <= map->high; i++)
        draw_number(svg, x + bar_width + 6, plot_top + plot_height * (1 - (i * step - map->low) / range) + 4,
                    STP_SVG_START, i * step, step);
    return STP_OK;
}

static stp_status draw_figure(stp_svg *svg, const stp_front_spec *spec, const feature_map *map,
                              const char *title, stp_err *err) {
    stp_image image;
    STP_TRY(draw_map(map, 1, &image, err));
    stp_svg_text(svg, plot_left, 26, (stp_svg_font){.size = 14, .bold = 1}, title);
    stp_svg_image(svg, plot_left, plot_top, plot_width, plot_height, &image);
    stp_image_free(&image);
    stp_svg_rect(svg, plot_left, plot_top, plot_width, plot_height, 0, NULL, "#8c959f", 1);
    draw_time_axis(svg, spec, map);
    draw_row_axis(svg, spec, map);
    return draw_colour_bar(svg, map, err);
}

stp_status stp_figure_features(stp_svg *svg, const stp_front_spec *spec, const float *features, int frames,
                               const char *title, stp_err *err) {
    feature_map map;
    STP_TRY(make_map(&map, spec, features, frames, err));
    stp_svg_begin(svg, plot_left + plot_width + bar_gap + bar_width + right_margin,
                  plot_top + plot_height + bottom_margin, title);
    stp_status status = draw_figure(svg, spec, &map, title, err);
    stp_free(map.value);
    if (status != STP_OK)
        stp_svg_free(svg);
    return status;
}
