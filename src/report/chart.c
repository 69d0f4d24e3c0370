#include "report/chart.h"

#include "base/arena.h"

#include <math.h>
#include <string.h>

static const double title_height = 34, plot_height = 190, axis_left = 56, axis_right = 16;
static const double axis_bottom = 40, legend_line = 18, legend_gap = 34;

typedef struct chart_axes {
    double left, top, width; // of the plot, pixels
    double x0, x1, y0, y1, y_step;
} chart_axes;

double stp_chart_round_step(double range, int most) {
    double step = pow(10, floor(log10(range / most)));
    static const double factors[] = {1, 2, 5, 10};
    for (int i = 0; i < 4; i++)
        if (range / (step * factors[i]) <= most + 1e-9)
            return step * factors[i];
    return step * 10;
}

static chart_axes find_axes(const stp_chart *chart, double left, double top, double width) {
    chart_axes axes = {
        .left = left + axis_left, .top = top + title_height, .width = width - axis_left - axis_right};
    double low = chart->low, high = chart->high;
    for (int s = 0; s < chart->series_count; s++)
        for (int i = 0; i < chart->points; i++) {
            double y = chart->series[s].y[i];
            if (!isfinite(y))
                continue;
            int none = low > high;
            low = none || y < low ? y : low;
            high = none || y > high ? y : high;
        }
    if (low > high)
        low = 0, high = 1;
    if (high - low < 1e-9 * fmax(1, fabs(high))) // a level line runs through the middle
        low -= 0.5, high += 0.5;
    axes.y_step = stp_chart_round_step(high - low, 5);
    axes.y0 = floor(low / axes.y_step + 1e-9) * axes.y_step;
    axes.y1 = ceil(high / axes.y_step - 1e-9) * axes.y_step;
    axes.x0 = chart->x[0];
    axes.x1 = chart->x[chart->points - 1];
    if (axes.x1 <= axes.x0)
        axes.x0 -= 0.5, axes.x1 = axes.x0 + 1;
    return axes;
}

static double place_x(const chart_axes *axes, double x) {
    return axes->left + (x - axes->x0) / (axes->x1 - axes->x0) * axes->width;
}

static double place_y(const chart_axes *axes, double y) {
    return axes->top + (axes->y1 - y) / (axes->y1 - axes->y0) * plot_height;
}

static void draw_number(stp_svg *svg, double x, double y, stp_svg_anchor anchor, double value, double step) {
    stp_text text = {0};
    int decimals = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    stp_text_number(&text, value, decimals, 0);
    svg->body.failed |= text.failed;
    stp_svg_text(svg, x, y, (stp_svg_font){.size = 11, .anchor = anchor, .colour = "#57606a"},
                 text.data ? text.data : "");
    stp_text_free(&text);
}

static void draw_axes(const stp_chart *chart, const chart_axes *axes, stp_svg *svg) {
    double right = axes->left + axes->width, bottom = axes->top + plot_height;
    int lines = (int)lround((axes->y1 - axes->y0) / axes->y_step);
    for (int i = 0; i <= lines; i++) {
        double value = axes->y0 + i * axes->y_step, y = place_y(axes, value);
        stp_svg_line(svg, axes->left, y, right, y, i ? "#e4e8ec" : "#8c959f", 1);
        draw_number(svg, axes->left - 8, y + 4, STP_SVG_END, value, axes->y_step);
    }
    double step = fmax(1, stp_chart_round_step(axes->x1 - axes->x0, 12)); // epochs are whole
    for (double x = ceil(axes->x0 / step) * step; x <= axes->x1 + 1e-9; x += step) {
        double at = place_x(axes, x);
        stp_svg_line(svg, at, bottom, at, bottom + 4, "#8c959f", 1);
        draw_number(svg, at, bottom + 17, STP_SVG_MIDDLE, x, step);
    }
    stp_svg_text(svg, axes->left + axes->width / 2, bottom + 33,
                 (stp_svg_font){.size = 11, .anchor = STP_SVG_MIDDLE, .colour = "#57606a"}, chart->x_label);
}

// Nine colours, then the same dashed, then dotted.
static const char *series_colour(int i) {
    static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#a0527f", "#b58900",
                                          "#56b4e9", "#1f2328", "#8250df", "#8c959f"};
    return colours[i % 9];
}

static const char *series_dash(int i) {
    static const char *const dashes[] = {NULL, "6 3", "2 3", "9 3 2 3", "12 4", "1 5", "4 2 1 2", "14 3 3 3"};
    return dashes[i / 9 % 8];
}

static void draw_dot(stp_svg *svg, const double xy[2], int index) {
    stp_svg_rect(svg, xy[0] - 2.5, xy[1] - 2.5, 5, 5, 2.5, series_colour(index), NULL, 0);
}

// Pieces between gaps; a piece of one point is a dot. More points than pixels are thinned out.
static void draw_series(const stp_chart *chart, const chart_axes *axes, stp_svg *svg, int index) {
    double *xy = stp_alloc(sizeof(double) * 2 * (size_t)chart->points);
    if (!xy) {
        svg->body.failed = 1;
        return;
    }
    int stride = chart->points / 2000 + 1, count = 0;
    for (int i = 0; i <= chart->points; i++) {
        double y = i < chart->points ? chart->series[index].y[i] : NAN;
        if (isfinite(y) && i % stride && i + 1 < chart->points && isfinite(chart->series[index].y[i + 1]))
            continue;
        if (isfinite(y)) {
            xy[2 * count] = place_x(axes, chart->x[i]);
            xy[2 * count++ + 1] = place_y(axes, y);
            if (chart->dots)
                draw_dot(svg, xy + 2 * count - 2, index);
            continue;
        }
        if (count == 1)
            draw_dot(svg, xy, index);
        else if (count > 1)
            stp_svg_polyline(svg, xy, count, series_colour(index), 1.8, series_dash(index));
        count = 0;
    }
    stp_free(xy);
}

// The texts stand above the plot at the right of their lines, or at the left where the next line or the end
// is too near; one that would meet the text before it goes below, into the plot.
static void draw_marks(const stp_chart *chart, const chart_axes *axes, stp_svg *svg) {
    double bottom = axes->top + plot_height, taken = 0;
    for (int i = 0; i < chart->mark_count; i++) {
        double x = place_x(axes, chart->marks[i].x), width = stp_svg_text_width(chart->marks[i].text, 10);
        double limit =
            i + 1 < chart->mark_count ? place_x(axes, chart->marks[i + 1].x) : axes->left + axes->width;
        int leftward = x + 3 + width > limit && x - 3 - width > taken;
        double start = leftward ? x - 3 - width : x + 3, y = start < taken ? axes->top + 11 : axes->top - 4;
        stp_svg_font font = {
            .size = 10, .anchor = leftward ? STP_SVG_END : STP_SVG_START, .colour = "#57606a"};
        stp_svg_polyline(svg, (double[]){x, axes->top - 6, x, bottom}, 2, "#57606a", 1, "3 3");
        stp_svg_text(svg, leftward ? x - 3 : x + 3, y, font, chart->marks[i].text);
        taken = start + width;
    }
}

// --- legend ------------------------------------------------------------------------------------------

static double legend_column(const stp_chart *chart) {
    double widest = 60;
    for (int i = 0; i < chart->series_count; i++)
        widest = fmax(widest, stp_svg_text_width(chart->series[i].name, 11));
    return widest + legend_gap + 12;
}

// Entries of the legend.
static int legend_count(const stp_chart *chart) {
    return chart->series_count == 1 && !chart->series[0].name[0] ? 0 : chart->series_count;
}

static int legend_columns(const stp_chart *chart, double width) {
    int columns = (int)((width - axis_left - axis_right) / legend_column(chart));
    return columns < 1 ? 1 : columns;
}

static void draw_legend(const stp_chart *chart, stp_svg *svg, double left, double top, double width) {
    int columns = legend_columns(chart, width);
    double column = legend_column(chart);
    for (int i = 0; i < legend_count(chart); i++) {
        double x = left + i % columns * column, y = top + i / columns * legend_line;
        stp_svg_polyline(svg, (double[]){x, y, x + legend_gap - 8, y}, 2, series_colour(i), 2,
                         series_dash(i));
        stp_svg_text(svg, x + legend_gap - 2, y + 4, (stp_svg_font){.size = 11}, chart->series[i].name);
    }
}

double stp_chart_height(const stp_chart *chart, double width) {
    int columns = legend_columns(chart, width);
    int lines = (legend_count(chart) + columns - 1) / columns;
    return title_height + plot_height + axis_bottom + 10 + lines * legend_line;
}

void stp_chart_draw(const stp_chart *chart, stp_svg *svg, double left, double top, double width) {
    chart_axes axes = find_axes(chart, left, top, width);
    stp_svg_text(svg, left, top + 10, (stp_svg_font){.size = 13, .bold = 1}, chart->title);
    draw_axes(chart, &axes, svg);
    draw_marks(chart, &axes, svg);
    for (int i = 0; i < chart->series_count; i++)
        draw_series(chart, &axes, svg, i);
    draw_legend(chart, svg, axes.left, axes.top + plot_height + axis_bottom + 10, width);
}
