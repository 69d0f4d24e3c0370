// Features of a recording as a picture: time to the right, coefficients or mel bands upwards.
#ifndef STP_REPORT_FIGURE_FEATURES_H
#define STP_REPORT_FIGURE_FEATURES_H

#include "frontend/front_spec.h"
#include "report/image.h"
#include "report/svg.h"

// features: [frames][coefficients]. Colours are viridis from the 2nd to the 98th percentile. Recordings of
// very many frames are drawn with several frames averaged in a column.

// Only the picture, each value a block of pixels. Free with stp_image_free.
stp_status stp_figure_features_image(stp_image *image, const stp_front_spec *spec, const float *features,
                                     int frames, stp_err *err);
// With axes in seconds and coefficients or Hz, and a scale of the colours. Free with stp_svg_free.
stp_status stp_figure_features(stp_svg *svg, const stp_front_spec *spec, const float *features, int frames,
                               const char *title, stp_err *err);

#endif
