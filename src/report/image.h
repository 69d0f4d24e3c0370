// A small RGB image, PNG, and a colour map that reads the same in print and for every eye.
#ifndef STP_REPORT_IMAGE_H
#define STP_REPORT_IMAGE_H

#include "base/status.h"
#include "base/text.h"

typedef struct stp_image {
    int width, height;  // pixels
    unsigned char *rgb; // [height][width][3], the top row first
} stp_image;

// White. Sides of 1 .. 32768 pixels; STP_ERR_USAGE otherwise.
stp_status stp_image_create(stp_image *image, int width, int height, stp_err *err);
void stp_image_free(stp_image *image);

// Viridis (van der Walt and Smith, 2015): lightness rises evenly from dark violet (0) to yellow (1). Values
// outside are clamped; a NaN is light grey.
void stp_image_viridis(double value, unsigned char rgb[3]);
// value[i * row_step + j * column_step] (i < rows, j < columns) as viridis between low and high, each value a
// block of scale x scale pixels whose top left corner is (x, y). Row 0 is at the top; a negative row_step
// with a pointer to the last row turns it over. What lies outside the image is left out.
void stp_image_heatmap(stp_image *image, int x, int y, int scale, const float *value, int rows, int columns,
                       long row_step, long column_step, double low, double high);

// Appends a PNG file's bytes to `png`; STP_ERR_MEMORY when there is no room.
stp_status stp_image_encode_png(const stp_image *image, stp_text *png, stp_err *err);
stp_status stp_image_write_png(const stp_image *image, const char *path, stp_err *err);

#endif
