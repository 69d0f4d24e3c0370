#include "report/meter.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double draw_interval = 0.1; // seconds: ten times a second is as fast as one reads

static double monotonic_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void stp_meter_init(stp_meter *meter, FILE *stream, int quiet) {
    const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    *meter = (stp_meter){.stream = stream, .quiet = quiet, .clock = monotonic_seconds, .last_drawn = -1e9};
    meter->terminal = isatty(fileno(stream)) && term && strcmp(term, "dumb") != 0;
    meter->colour = meter->terminal && !(no_colour && *no_colour);
    meter->view.validation_accuracy = -1;
}

void stp_meter_duration(double seconds, char text[32]) {
    *text = '\0';
    if (!(seconds >= 0 && seconds < 1e8))
        return;
    long s = lround(seconds), minutes = lround(seconds / 60), hours = lround(seconds / 3600);
    if (s < 100)
        snprintf(text, 32, "%ld s", s);
    else if (minutes < 100)
        snprintf(text, 32, "%ld min", minutes);
    else if (hours < 48)
        snprintf(text, 32, "%ld h %02ld min", minutes / 60, minutes % 60);
    else
        snprintf(text, 32, "%ld d %ld h", hours / 24, hours % 24);
}

// --- the line ----------------------------------------------------------------------------------------

// Columns to write to: one less than there are, because many terminals wrap when the last is filled.
static int line_columns(const stp_meter *meter) {
    struct winsize size;
    int columns = 80;
    if (ioctl(fileno(meter->stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns = size.ws_col;
    const char *wish = getenv("COLUMNS");
    int wished = wish ? atoi(wish) : 0;
    if (wished > 0 && wished < columns)
        columns = wished;
    return columns - 1;
}

enum {
    FIELD_PHASE,
    FIELD_EPOCH,
    FIELD_STEP,
    FIELD_LOSS,
    FIELD_ACCURACY,
    FIELD_VALIDATION,
    FIELD_LEADER,
    FIELD_LEFT,
    FIELDS
};

typedef char line_fields[FIELDS][128];

static double seconds_left(const stp_meter *meter) {
    const stp_meter_view *view = &meter->view;
    if (meter->marks < 2)
        return -1;
    long newest = (meter->marks - 1) % STP_METER_MARKS;
    long oldest = meter->marks > STP_METER_MARKS ? meter->marks % STP_METER_MARKS : 0;
    double steps = meter->mark[newest].done - meter->mark[oldest].done;
    double time = meter->mark[newest].time - meter->mark[oldest].time;
    if (time < 1) // too early to tell
        return -1;
    double left = (double)view->epochs * (double)view->steps - meter->done;
    return left > 0 ? left * time / steps : 0;
}

static void fill_fields(const stp_meter *meter, line_fields fields) {
    const stp_meter_view *view = &meter->view;
    memset(fields, 0, sizeof(line_fields));
    snprintf(fields[FIELD_PHASE], 128, "%s", view->phase);
    snprintf(fields[FIELD_EPOCH], 128, "epoch %d/%d", view->epoch + 1, view->epochs);
    snprintf(fields[FIELD_STEP], 128, "step %ld/%ld", view->step, view->steps);
    if (isfinite(view->loss))
        snprintf(fields[FIELD_LOSS], 128, "loss %.3f", view->loss);
    else
        snprintf(fields[FIELD_LOSS], 128, "loss is no number");
    snprintf(fields[FIELD_ACCURACY], 128, "accuracy %.1f %%", view->accuracy);
    if (view->validation_accuracy >= 0)
        snprintf(fields[FIELD_VALIDATION], 128, "validation %.1f %%", view->validation_accuracy);
    if (*view->leader)
        snprintf(fields[FIELD_LEADER], 128, "%s at %.2f", view->leader, view->leader_weight);
    char left[32];
    stp_meter_duration(seconds_left(meter), left);
    if (*left)
        snprintf(fields[FIELD_LEFT], 128, "%s left", left);
}

// Joins the fields by two blanks; where that is too wide, the least needed go first, and the rest is cut.
static void join_fields(line_fields fields, int columns, char *line, size_t bytes) {
    static const int dispensable[] = {FIELD_STEP,   FIELD_VALIDATION, FIELD_LOSS,
                                      FIELD_LEADER, FIELD_ACCURACY,   FIELD_LEFT};
    int width = -2;
    for (int i = 0; i < FIELDS; i++)
        width += *fields[i] ? stp_text_columns(fields[i]) + 2 : 0;
    for (int i = 0; width > columns && i < (int)(sizeof dispensable / sizeof *dispensable); i++) {
        char *field = fields[dispensable[i]];
        width -= *field ? stp_text_columns(field) + 2 : 0;
        *field = '\0';
    }
    *line = '\0';
    for (int i = 0; i < FIELDS; i++)
        if (*fields[i])
            snprintf(line + strlen(line), bytes - strlen(line), "%s%s", *line ? "  " : "", fields[i]);
    line[stp_text_prefix(line, columns > 0 ? columns : 0)] = '\0';
}

static void draw_line(stp_meter *meter, double now) {
    char line[1024];
    int columns = line_columns(meter);
    size_t phase = 0;
    if (*meter->count) {
        snprintf(line, sizeof line, "%s", meter->count);
        line[stp_text_prefix(line, columns > 0 ? columns : 0)] = '\0';
    } else {
        line_fields fields;
        fill_fields(meter, fields);
        join_fields(fields, columns, line, sizeof line);
        phase = strlen(meter->view.phase);
        phase = phase < strlen(line) ? phase : strlen(line);
    }
    // back to the start, the line, and whatever an older one left behind it is erased
    if (meter->colour && phase)
        fprintf(meter->stream, "\r\033[1m%.*s\033[0m%s\033[K", (int)phase, line, line + phase);
    else
        fprintf(meter->stream, "\r%s\033[K", line);
    fflush(meter->stream);
    meter->shown = 1;
    meter->last_drawn = now;
}

static void erase_line(stp_meter *meter) {
    if (meter->shown)
        fputs("\r\033[K", meter->stream);
    meter->shown = 0;
}

static void print_epoch(const stp_meter *meter) {
    line_fields fields;
    char line[1024];
    fill_fields(meter, fields);
    *fields[FIELD_STEP] = '\0';
    join_fields(fields, 1000, line, sizeof line);
    fprintf(meter->stream, "%s\n", line);
    fflush(meter->stream);
}

// --- the observer ------------------------------------------------------------------------------------

// Remembers when this place was reached. The marks span the last epoch, so that what happens between epochs
// (validation, checkpoints) is in the pace exactly once. A new phase starts anew: a step costs something else
// there.
static void mark_pace(stp_meter *meter, const stp_progress *progress, double now) {
    if (strcmp(meter->view.phase, progress->phase) != 0 || meter->view.steps != progress->steps)
        meter->marks = 0;
    long step = progress->epoch_done ? progress->steps : progress->step;
    meter->done = (double)progress->epoch * (double)progress->steps + (double)step;
    long newest = (meter->marks - 1) % STP_METER_MARKS, next = meter->marks % STP_METER_MARKS;
    if (meter->marks > 0 && meter->done == meter->mark[newest].done) {
        meter->mark[newest].time = now;
    } else if (meter->marks == 0 ||
               meter->done >= meter->mark[newest].done + (double)progress->steps / (STP_METER_MARKS - 1)) {
        meter->mark[next].done = meter->done;
        meter->mark[next].time = now;
        meter->marks++;
    }
}

static void meter_progress(void *context, const stp_progress *progress) {
    stp_meter *meter = context;
    if (meter->quiet)
        return;
    double now = meter->clock();
    stp_meter_view *view = &meter->view;
    mark_pace(meter, progress, now);
    view->step = progress->epoch_done ? progress->steps : progress->step;
    snprintf(view->phase, sizeof view->phase, "%s", progress->phase);
    snprintf(view->leader, sizeof view->leader, "%s", progress->leader ? progress->leader : "");
    view->epoch = progress->epoch;
    view->epochs = progress->epochs;
    view->steps = progress->steps;
    view->loss = progress->loss;
    view->accuracy = progress->accuracy;
    view->leader_weight = progress->leader_weight;
    if (progress->epoch_done)
        view->validation_accuracy = progress->validation_accuracy;
    *meter->count = '\0';
    if (!meter->terminal) {
        if (progress->epoch_done)
            print_epoch(meter);
    } else if (now - meter->last_drawn >= draw_interval) {
        draw_line(meter, now);
    }
}

void stp_meter_count(void *context, const char *what, int done, int total) {
    stp_meter *meter = context;
    if (meter->quiet)
        return;
    double now = meter->clock();
    snprintf(meter->count, sizeof meter->count, "%.60s %d/%d", what, done, total);
    if (!meter->terminal) {
        if (done >= total) {
            fprintf(meter->stream, "%s\n", meter->count);
            fflush(meter->stream);
        }
    } else if (now - meter->last_drawn >= draw_interval || done >= total) {
        draw_line(meter, now);
    }
}

void stp_meter_note(void *context, const char *line) {
    stp_meter *meter = context;
    int shown = meter->shown;
    erase_line(meter);
    for (const char *p = line; *p; p++) // file names may hold anything, commands to the terminal included
        fputc((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p, meter->stream);
    fputc('\n', meter->stream);
    if (shown)
        draw_line(meter, meter->last_drawn);
    fflush(meter->stream);
}

stp_observer stp_meter_observer(stp_meter *meter, const volatile sig_atomic_t *stop) {
    return (stp_observer){.progress = meter_progress,
                          .note = stp_meter_note,
                          .count = stp_meter_count,
                          .context = meter,
                          .stop = stop};
}

void stp_meter_finish(stp_meter *meter) {
    erase_line(meter);
    fflush(meter->stream);
}
