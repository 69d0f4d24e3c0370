#include "report/svg.h"

#include <math.h>
#include <string.h>

static const char ink[] = "#1f2328";

static void put_attribute(stp_text *out, const char *name, const char *value) {
    stp_text_printf(out, " %s=\"", name);
    stp_text_escape(out, value);
    stp_text_puts(out, "\"");
}

static void put_number(stp_text *out, const char *name, double value) {
    stp_text_printf(out, " %s=\"", name);
    stp_text_number(out, value, 2, 1);
    stp_text_puts(out, "\"");
}

static void put_paint(stp_text *out, const char *fill, const char *stroke, double width) {
    put_attribute(out, "fill", fill ? fill : "none");
    if (stroke) {
        put_attribute(out, "stroke", stroke);
        put_number(out, "stroke-width", width);
    }
}

void stp_svg_begin(stp_svg *svg, double width, double height, const char *title) {
    *svg = (stp_svg){.width = width, .height = height};
    stp_text *out = &svg->body;
    stp_text_puts(out, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    put_number(out, "width", width);
    put_number(out, "height", height);
    stp_text_puts(out, " viewBox=\"0 0 ");
    stp_text_number(out, width, 2, 1);
    stp_text_puts(out, " ");
    stp_text_number(out, height, 2, 1);
    stp_text_puts(out, "\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n<title>");
    stp_text_escape(out, title);
    stp_text_puts(out, "</title>\n");
    stp_svg_rect(svg, 0, 0, width, height, 0, "#ffffff", NULL, 0);
}

void stp_svg_free(stp_svg *svg) {
    stp_text_free(&svg->body);
}

void stp_svg_rect(stp_svg *svg, double x, double y, double width, double height, double radius,
                  const char *fill, const char *stroke, double stroke_width) {
    stp_text *out = &svg->body;
    stp_text_puts(out, "<rect");
    put_number(out, "x", x);
    put_number(out, "y", y);
    put_number(out, "width", width);
    put_number(out, "height", height);
    if (radius > 0)
        put_number(out, "rx", radius);
    put_paint(out, fill, stroke, stroke_width);
    stp_text_puts(out, "/>\n");
}

void stp_svg_line(stp_svg *svg, double x0, double y0, double x1, double y1, const char *stroke,
                  double width) {
    stp_text *out = &svg->body;
    stp_text_puts(out, "<line");
    put_number(out, "x1", x0);
    put_number(out, "y1", y0);
    put_number(out, "x2", x1);
    put_number(out, "y2", y1);
    put_paint(out, NULL, stroke, width);
    stp_text_puts(out, "/>\n");
}

void stp_svg_polyline(stp_svg *svg, const double *xy, int points, const char *stroke, double width,
                      const char *dash) {
    stp_text *out = &svg->body;
    stp_text_puts(out, "<polyline points=\"");
    for (int i = 0; i < points; i++) {
        stp_text_puts(out, i ? " " : "");
        stp_text_number(out, xy[2 * i], 2, 1);
        stp_text_puts(out, ",");
        stp_text_number(out, xy[2 * i + 1], 2, 1);
    }
    stp_text_puts(out, "\"");
    put_paint(out, NULL, stroke, width);
    if (dash)
        put_attribute(out, "stroke-dasharray", dash);
    stp_text_puts(out, " stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n");
}

// A marker takes no colour from its line in SVG 1.1, so there is one for each colour, written at its first
// use and found again by its name in the text.
static void put_arrow_marker(stp_text *out, const char *colour, char name[64]) {
    snprintf(name, 64, "arrow-%.40s", colour + (*colour == '#'));
    char mark[80];
    snprintf(mark, sizeof mark, "<marker id=\"%s\"", name);
    if (out->data && strstr(out->data, mark))
        return;
    stp_text_printf(out,
                    "<defs>%s viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
                    "markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0.8L8 4L0 7.2z\"",
                    mark);
    put_attribute(out, "fill", colour);
    stp_text_puts(out, "/></marker></defs>\n");
}

void stp_svg_path(stp_svg *svg, const char *d, const char *fill, const char *stroke, double width,
                  int arrow) {
    stp_text *out = &svg->body;
    char marker[64] = "";
    if (arrow && stroke)
        put_arrow_marker(out, stroke, marker);
    stp_text_puts(out, "<path");
    put_attribute(out, "d", d);
    put_paint(out, fill, stroke, width);
    if (*marker)
        stp_text_printf(out, " marker-end=\"url(#%s)\"", marker);
    stp_text_puts(out, "/>\n");
}

void stp_svg_text(stp_svg *svg, double x, double y, stp_svg_font font, const char *text) {
    static const char *const anchors[] = {"start", "middle", "end"};
    stp_text *out = &svg->body;
    stp_text_puts(out, "<text");
    put_number(out, "x", x);
    put_number(out, "y", y);
    put_number(out, "font-size", font.size);
    put_attribute(out, "fill", font.colour ? font.colour : ink);
    if (font.anchor != STP_SVG_START)
        put_attribute(out, "text-anchor", anchors[font.anchor]);
    if (font.bold)
        put_attribute(out, "font-weight", "bold");
    if (font.angle != 0) {
        stp_text_puts(out, " transform=\"rotate(");
        stp_text_number(out, font.angle, 2, 1);
        stp_text_puts(out, " ");
        stp_text_number(out, x, 2, 1);
        stp_text_puts(out, " ");
        stp_text_number(out, y, 2, 1);
        stp_text_puts(out, ")\"");
    }
    stp_text_puts(out, ">");
    stp_text_escape(out, text);
    stp_text_puts(out, "</text>\n");
}

static void put_base64(stp_text *out, const char *data, size_t bytes) {
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = (const unsigned char *)data;
    for (size_t i = 0; i < bytes; i += 3) {
        size_t left = bytes - i;
        unsigned long word = (unsigned long)in[i] << 16 | (left > 1 ? (unsigned long)in[i + 1] << 8 : 0) |
                             (left > 2 ? in[i + 2] : 0);
        char four[4] = {digit[word >> 18], digit[word >> 12 & 63], left > 1 ? digit[word >> 6 & 63] : '=',
                        left > 2 ? digit[word & 63] : '='};
        stp_text_add(out, four, sizeof four);
    }
}

void stp_svg_image(stp_svg *svg, double x, double y, double width, double height, const stp_image *image) {
    stp_text *out = &svg->body;
    stp_text png = {0};
    if (stp_image_encode_png(image, &png, NULL) != STP_OK)
        out->failed = 1;
    stp_text_puts(out, "<image");
    put_number(out, "x", x);
    put_number(out, "y", y);
    put_number(out, "width", width);
    put_number(out, "height", height);
    stp_text_puts(out, " preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" "
                       "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,");
    if (png.data)
        put_base64(out, png.data, png.bytes);
    stp_text_puts(out, "\"/>\n");
    stp_text_free(&png);
}

double stp_svg_text_width(const char *text, double size) {
    // 0.62 em is the mean of DejaVu Sans, the widest of the fonts asked for; 1 em for East Asian characters
    double columns = stp_text_columns(text);
    return ceil(0.62 * size * columns);
}

stp_status stp_svg_finish(const stp_svg *svg, stp_text *document, stp_err *err) {
    document->failed |= svg->body.failed;
    if (!document->failed)
        stp_text_add(document, svg->body.data, svg->body.bytes);
    stp_text_puts(document, "</svg>\n");
    return document->failed ? stp_err_memory(err, "a drawing", svg->body.bytes) : STP_OK;
}

stp_status stp_svg_write_file(const stp_svg *svg, const char *path, stp_err *err) {
    stp_text document = {0};
    stp_status status = stp_svg_finish(svg, &document, err);
    if (status == STP_OK)
        status = stp_text_write_file(&document, path, err);
    stp_text_free(&document);
    return status;
}

stp_status stp_svg_write_stream(const stp_svg *svg, FILE *stream, const char *name, stp_err *err) {
    stp_text document = {0};
    stp_status status = stp_svg_finish(svg, &document, err);
    if (status == STP_OK)
        status = stp_text_write_stream(&document, stream, name, err);
    stp_text_free(&document);
    return status;
}
