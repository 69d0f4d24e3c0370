// Shows how a long computation gets on: on a terminal one line, rewritten; elsewhere a line an epoch.
#ifndef STP_REPORT_METER_H
#define STP_REPORT_METER_H

#include "run/observer.h"

#include <stdio.h>

enum { STP_METER_MARKS = 33 };

// What is not known yet is empty or negative.
typedef struct stp_meter_view {
    char phase[32], leader[48];
    int epoch, epochs;
    long step, steps;
    double loss, accuracy, leader_weight, validation_accuracy;
} stp_meter_view;

typedef struct stp_meter {
    FILE *stream;
    int quiet, terminal, colour;
    double (*clock)(void); // seconds; tests put their own here
    stp_meter_view view;
    char count[96]; // what stp_meter_count shows instead
    int shown;      // a line is on the terminal and not ended
    double last_drawn;
    double done; // steps since the run began
    // When the last STP_METER_MARKS parts of an epoch were reached, oldest at `marks` modulo their number
    struct {
        double done, time;
    } mark[STP_METER_MARKS];
    long marks; // made in this phase
} stp_meter;

// `stream` is usually stderr; quiet (-q): no progress, notes all the same. Rewrites where the stream
// is a terminal that is not "dumb"; colours unless NO_COLOR is set (https://no-color.org).
void stp_meter_init(stp_meter *meter, FILE *stream, int quiet);
// The observer that feeds it; `stop` as in stp_observer. The meter must outlive it.
stp_observer stp_meter_observer(stp_meter *meter, const volatile sig_atomic_t *stop);
// For stp_dataset_options: work of `total` known pieces, and lines worth reading. `meter` is an stp_meter.
void stp_meter_count(void *meter, const char *what, int done, int total);
void stp_meter_note(void *meter, const char *line);
// Removes the rewritten line. Call before anything else is printed, errors included.
void stp_meter_finish(stp_meter *meter);

// "4 s", "12 min", "3 h 05 min", "2 d 4 h"; "" for what is negative or no number.
void stp_meter_duration(double seconds, char text[32]);

#endif
