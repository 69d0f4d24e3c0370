// One panel of a line chart: axes with round ticks, and a legend below.
#ifndef STP_REPORT_CHART_H
#define STP_REPORT_CHART_H

#include "report/svg.h"

typedef struct stp_series {
    char name[64];   // one series without a name has no legend
    const double *y; // [points]; NaN: no point here, the line is interrupted
} stp_series;

typedef struct stp_chart_mark {
    double x;
    const char *text;
} stp_chart_mark;

typedef struct stp_chart {
    const char *title;
    const double *x; // [points], rising
    int points;
    const stp_series *series;
    int series_count;
    const stp_chart_mark *marks; // dashed upright lines
    int mark_count;
    const char *x_label;
    int dots;         // mark every point
    double low, high; // the y axis covers at least this; low > high: only the data
} stp_chart;

// Height that stp_chart_draw takes at this width, the legend included.
double stp_chart_height(const stp_chart *chart, double width);
void stp_chart_draw(const stp_chart *chart, stp_svg *svg, double left, double top, double width);

// Distance of ticks: 1, 2 or 5 times a power of ten, so that there are at most `most` in `range`.
double stp_chart_round_step(double range, int most);

#endif
