// A small SVG writer. Coordinates are pixels, y down. Colours are CSS ("#336699", "none"). The drawing grows
// in memory; running out of it is remembered and reported by the write functions.
#ifndef STP_REPORT_SVG_H
#define STP_REPORT_SVG_H

#include "base/status.h"
#include "base/text.h"
#include "report/image.h"

typedef struct stp_svg {
    stp_text body;
    double width, height;
} stp_svg;

typedef enum stp_svg_anchor { STP_SVG_START, STP_SVG_MIDDLE, STP_SVG_END } stp_svg_anchor;

typedef struct stp_svg_font {
    double size; // pixels
    stp_svg_anchor anchor;
    const char *colour; // NULL: near black
    int bold;
    double angle; // degrees, clockwise, about the anchor point
} stp_svg_font;

// A drawing on white; `title` is what screen readers and tooltips say. Free with stp_svg_free.
void stp_svg_begin(stp_svg *svg, double width, double height, const char *title);
void stp_svg_free(stp_svg *svg);

// fill and stroke: NULL for none. radius rounds the corners.
void stp_svg_rect(stp_svg *svg, double x, double y, double width, double height, double radius,
                  const char *fill, const char *stroke, double stroke_width);
void stp_svg_line(stp_svg *svg, double x0, double y0, double x1, double y1, const char *stroke, double width);
// xy: x0 y0 x1 y1 ...; dash: "4 2" or NULL.
void stp_svg_polyline(stp_svg *svg, const double *xy, int points, const char *stroke, double width,
                      const char *dash);
// d: SVG path data; make its numbers with stp_text_number. arrow: a head at the end, in the stroke's colour.
void stp_svg_path(stp_svg *svg, const char *d, const char *fill, const char *stroke, double width, int arrow);
void stp_svg_text(stp_svg *svg, double x, double y, stp_svg_font font, const char *text);
// The image inside the drawing, its pixels kept sharp.
void stp_svg_image(stp_svg *svg, double x, double y, double width, double height, const stp_image *image);

// Pixels to reserve for a text: a little more than common sans-serif fonts need.
double stp_svg_text_width(const char *text, double size);

stp_status stp_svg_write_file(const stp_svg *svg, const char *path, stp_err *err);
stp_status stp_svg_write_stream(const stp_svg *svg, FILE *stream, const char *name, stp_err *err);
// The whole document, for those who want it in memory (the caller frees `document`).
stp_status stp_svg_finish(const stp_svg *svg, stp_text *document, stp_err *err);

#endif
