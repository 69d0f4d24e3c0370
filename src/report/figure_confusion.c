#include "report/figures.h"

#include <math.h>
#include <string.h>

enum { LABEL_COLUMNS = 24 };

static const double label_size = 12, margin = 16;

typedef struct confusion_layout {
    int classes;
    double left, top, cell; // where the matrix begins; a cell's side
    double size;            // of the counts' font
    double recall_x;        // right end of the recalls
} confusion_layout;

// At most LABEL_COLUMNS columns, the rest an ellipsis.
static void shorten(const char *label, char text[128]) {
    if (stp_text_columns(label) <= LABEL_COLUMNS && strlen(label) < 128) {
        strcpy(text, label);
        return;
    }
    size_t bytes = stp_text_prefix(label, LABEL_COLUMNS - 1);
    snprintf(text, 128, "%.*s\xe2\x80\xa6", bytes > 120 ? 0 : (int)bytes, label);
}

static double widest_label(const char *const *labels, int classes) {
    double widest = stp_svg_text_width("recall", label_size);
    for (int i = 0; i < classes; i++) {
        char text[128];
        shorten(labels[i], text);
        widest = fmax(widest, stp_svg_text_width(text, label_size));
    }
    return widest;
}

static confusion_layout lay_out(const long long *counts, int classes, double label_width) {
    long long largest = 0;
    for (int i = 0; i < classes * classes; i++)
        largest = counts[i] > largest ? counts[i] : largest;
    char digits[32];
    snprintf(digits, sizeof digits, "%lld", largest);
    confusion_layout lay = {.classes = classes};
    lay.cell = classes <= 12 ? 44 : classes <= 24 ? 34 : 28;
    lay.size = fmin(13, 0.9 * lay.cell / (0.62 * (double)strlen(digits)));
    lay.left = margin + 20 + label_width + 8;
    lay.top = margin + 50 + label_width * sqrt(0.5) + 12; // the columns' labels lean at 45 degrees
    lay.recall_x = lay.left + classes * lay.cell + 58;
    return lay;
}

// From white to the colour of full strength. The root makes one error in a hundred visible.
static void shade(double share, int right, char colour[8]) {
    static const double full[2][3] = {{178, 24, 43}, {8, 69, 148}};
    double strength = sqrt(share);
    int rgb[3];
    for (int c = 0; c < 3; c++)
        rgb[c] = (int)lround(255 + strength * (full[right][c] - 255));
    snprintf(colour, 8, "#%02x%02x%02x", (unsigned)rgb[0] & 255, (unsigned)rgb[1] & 255,
             (unsigned)rgb[2] & 255);
}

static void draw_labels(stp_svg *svg, const confusion_layout *lay, const char *const *labels) {
    for (int i = 0; i < lay->classes; i++) {
        char text[128];
        shorten(labels[i], text);
        double middle = (i + 0.5) * lay->cell;
        stp_svg_text(svg, lay->left - 8, lay->top + middle + label_size * 0.35,
                     (stp_svg_font){.size = label_size, .anchor = STP_SVG_END}, text);
        stp_svg_text(svg, lay->left + middle + 3, lay->top - 8,
                     (stp_svg_font){.size = label_size, .angle = -45}, text);
    }
    stp_svg_text(svg, lay->recall_x - 14, lay->top - 8,
                 (stp_svg_font){.size = label_size, .bold = 1, .angle = -45}, "recall");
    double half = lay->classes * lay->cell / 2;
    stp_svg_text(svg, margin + 10, lay->top + half,
                 (stp_svg_font){.size = 13, .anchor = STP_SVG_MIDDLE, .bold = 1, .angle = -90}, "true class");
    stp_svg_text(svg, lay->left, margin + 38, (stp_svg_font){.size = 13, .bold = 1}, "predicted class");
}

static void draw_row(stp_svg *svg, const confusion_layout *lay, const long long *row, int truth) {
    long long total = 0;
    for (int i = 0; i < lay->classes; i++)
        total += row[i];
    double y = lay->top + truth * lay->cell, baseline = y + lay->cell / 2 + lay->size * 0.35;
    for (int i = 0; i < lay->classes; i++) {
        if (row[i] == 0) // the page shows through: what is empty is the norm beside the diagonal
            continue;
        double share = (double)row[i] / (double)total, x = lay->left + i * lay->cell;
        char colour[8], text[32];
        shade(share, i == truth, colour);
        snprintf(text, sizeof text, "%lld", row[i]);
        stp_svg_rect(svg, x, y, lay->cell, lay->cell, 0, colour, NULL, 0);
        stp_svg_font font = {
            .size = lay->size, .anchor = STP_SVG_MIDDLE, .colour = share > 0.3 ? "#ffffff" : NULL};
        stp_svg_text(svg, x + lay->cell / 2, baseline, font, text);
    }
    stp_text text = {0};
    if (total > 0) {
        stp_text_number(&text, 100.0 * (double)row[truth] / (double)total, 1, 0);
        stp_text_puts(&text, " %");
    }
    svg->body.failed |= text.failed;
    stp_svg_text(svg, lay->recall_x, y + lay->cell / 2 + 4, (stp_svg_font){.size = 12, .anchor = STP_SVG_END},
                 text.data ? text.data : "no clips");
    stp_text_free(&text);
}

static void draw_grid(stp_svg *svg, const confusion_layout *lay) {
    double side = lay->classes * lay->cell;
    for (int i = 0; i <= lay->classes; i++) {
        double at = i * lay->cell;
        stp_svg_line(svg, lay->left, lay->top + at, lay->left + side, lay->top + at, "#d0d7de", 1);
        stp_svg_line(svg, lay->left + at, lay->top, lay->left + at, lay->top + side, "#d0d7de", 1);
    }
}

static void draw_legend(stp_svg *svg, double x, double y) {
    static const double stops[] = {0.01, 0.05, 0.25, 0.5, 1};
    static const char *const names[] = {"wrong", "right"};
    stp_svg_text(svg, x, y, (stp_svg_font){.size = 11}, "part of the row");
    for (int i = 0; i < 5; i++) {
        char text[16];
        snprintf(text, sizeof text, "%.0f %%", 100 * stops[i]);
        stp_svg_text(svg, x + 66 + i * 42, y + 18, (stp_svg_font){.size = 11, .anchor = STP_SVG_MIDDLE},
                     text);
    }
    for (int right = 1; right >= 0; right--) {
        double top = y + (right ? 24 : 42);
        stp_svg_text(svg, x, top + 11, (stp_svg_font){.size = 11}, names[right]);
        for (int i = 0; i < 5; i++) {
            char colour[8];
            shade(stops[i], right, colour);
            stp_svg_rect(svg, x + 46 + i * 42, top, 40, 14, 0, colour, "#d0d7de", 0.5);
        }
    }
}

void stp_figure_confusion(stp_svg *svg, const long long *counts, int classes, const char *const *labels,
                          const char *title) {
    double label_width = widest_label(labels, classes);
    confusion_layout lay = lay_out(counts, classes, label_width);
    double bottom = lay.top + classes * lay.cell;
    double width = lay.recall_x - 14 + label_width * sqrt(0.5) + 12 + margin;
    width = fmax(width, lay.left + 262 + margin); // the legend
    width = fmax(width, 2 * margin + stp_svg_text_width(title, 15));
    stp_svg_begin(svg, width, bottom + 84, title);
    stp_svg_text(svg, margin, margin + 12, (stp_svg_font){.size = 15, .bold = 1}, title);
    for (int i = 0; i < classes; i++)
        draw_row(svg, &lay, counts + (long)i * classes, i);
    draw_grid(svg, &lay);
    draw_labels(svg, &lay, labels);
    draw_legend(svg, lay.left, bottom + 22);
}
