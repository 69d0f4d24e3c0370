#include "frontend/front_spec.h"

#include "frontend/front_tables.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_WINDOW = 16, MAX_WINDOW = 2048, MAX_FILTERS = 128, MIN_FFT = 128 };

// A decimal number of at most 6 digits; moves *text past it. -1 when there is none.
static int read_number(const char **text) {
    const char *p = *text;
    int value = 0, digits = 0;
    for (; isdigit((unsigned char)*p) && digits < 6; p++, digits++)
        value = value * 10 + (*p - '0');
    if (digits == 0 || isdigit((unsigned char)*p))
        return -1;
    *text = p;
    return value;
}

static int read_field(const char **text, char separator, int *value) {
    if (separator) {
        if (**text != separator)
            return 0;
        ++*text;
    }
    *value = read_number(text);
    return *value >= 0;
}

static int read_sizes(stp_front_spec *spec, const char *text) {
    if (!read_field(&text, 0, &spec->window_samples) || !read_field(&text, '/', &spec->hop_samples) ||
        !read_field(&text, '/', &spec->filters))
        return 0;
    spec->coefficients = spec->filters;
    if (*text == ':' && !read_field(&text, ':', &spec->coefficients))
        return 0;
    return *text == '\0';
}

static stp_status check_sizes(const stp_front_spec *spec, const char *text, stp_err *err) {
    if (spec->window_samples < MIN_WINDOW || spec->window_samples > MAX_WINDOW)
        return stp_err_set(err, STP_ERR_USAGE, "front-end \"%s\": window %d; give %d to %d samples", text,
                           spec->window_samples, MIN_WINDOW, MAX_WINDOW);
    if (spec->hop_samples < 1 || spec->hop_samples > 4 * spec->window_samples)
        return stp_err_set(err, STP_ERR_USAGE,
                           "front-end \"%s\": hop %d; give 1 to %d samples (four windows)", text,
                           spec->hop_samples, 4 * spec->window_samples);
    if (spec->filters < 2 || spec->filters > MAX_FILTERS)
        return stp_err_set(err, STP_ERR_USAGE, "front-end \"%s\": %d mel filters; give 2 to %d", text,
                           spec->filters, MAX_FILTERS);
    if (spec->coefficients < 1 || spec->coefficients > spec->filters)
        return stp_err_set(err, STP_ERR_USAGE,
                           "front-end \"%s\": %d coefficients; give 1 to %d (the filters)", text,
                           spec->coefficients, spec->filters);
    if (spec->kind == STP_FRONT_LOGMEL && spec->coefficients != spec->filters)
        return stp_err_set(err, STP_ERR_USAGE,
                           "front-end \"%s\": log-mel features have no coefficients; leave \":%d\" away, or "
                           "choose --features mfcc",
                           text, spec->coefficients);
    return STP_OK;
}

static stp_status check_band(const stp_front_spec *spec, const char *text, stp_err *err) {
    if (!(spec->low_hz >= 0 && spec->low_hz < spec->high_hz))
        return stp_err_set(err, STP_ERR_USAGE, "--low-hz %g is not below --high-hz %g", spec->low_hz,
                           spec->high_hz);
    if (!(spec->high_hz <= spec->rate_hz / 2.0))
        return stp_err_set(err, STP_ERR_USAGE,
                           "--high-hz %g is above half the sample rate; give at most %g, or raise --rate",
                           spec->high_hz, spec->rate_hz / 2.0);
    float weights[STP_FRONT_MAX_BINS];
    for (int f = 0, first, count; f < spec->filters; f++) {
        stp_front_mel_filter(spec, f, &first, &count, weights);
        if (count == 0)
            return stp_err_set(
                err, STP_ERR_USAGE,
                "front-end \"%s\": mel filter %d of %d is narrower than a bin of the FFT; give "
                "fewer filters, a longer window or a wider band",
                text, f + 1, spec->filters);
    }
    return STP_OK;
}

stp_status stp_front_spec_parse(stp_front_spec *spec, const char *text, const char *kind, int rate_hz,
                                double low_hz, double high_hz, stp_err *err) {
    *spec = (stp_front_spec){.rate_hz = rate_hz, .low_hz = low_hz, .high_hz = high_hz};
    if (strcmp(kind, "mfcc") == 0)
        spec->kind = STP_FRONT_MFCC;
    else if (strcmp(kind, "logmel") == 0)
        spec->kind = STP_FRONT_LOGMEL;
    else
        return stp_err_set(err, STP_ERR_USAGE, "--features %s: give mfcc or logmel", kind);
    if (!read_sizes(spec, text))
        return stp_err_set(err, STP_ERR_USAGE,
                           "front-end \"%s\" is not of the form window/hop/filters or "
                           "window/hop/filters:coefficients; for example 640/320/40 or 640/320/40:10",
                           text);
    STP_TRY(check_sizes(spec, text, err));
    return check_band(spec, text, err);
}

static int same_sizes(const stp_front_spec *a, const stp_front_spec *b) {
    return a->window_samples == b->window_samples && a->hop_samples == b->hop_samples &&
           a->filters == b->filters && a->coefficients == b->coefficients;
}

// The next item of a list into `item`; *text moves past it and its comma.
static stp_status next_item(const char **text, char *item, size_t size, stp_err *err) {
    size_t length = strcspn(*text, ",");
    const char *start = *text, *end = *text + length;
    *text = end + (*end == ',');
    while (start < end && isspace((unsigned char)*start))
        start++;
    while (end > start && isspace((unsigned char)end[-1]))
        end--;
    length = (size_t)(end - start);
    if (length == 0 || length >= size)
        return stp_err_set(err, STP_ERR_USAGE,
                           "list of front-ends: item \"%.60s\" is %s; give window/hop/filters, separated by "
                           "commas",
                           start, length == 0 ? "empty" : "too long");
    memcpy(item, start, length);
    item[length] = '\0';
    return STP_OK;
}

stp_status stp_front_list_parse(stp_front_spec *specs, int *count, const char *text, const char *kind,
                                int rate_hz, double low_hz, double high_hz, stp_err *err) {
    *count = 0;
    int more;
    do {
        char item[STP_FRONT_TEXT_BYTES];
        more = strchr(text, ',') != NULL;
        STP_TRY(next_item(&text, item, sizeof item, err));
        if (*count == STP_FRONT_MAX)
            return stp_err_set(err, STP_ERR_USAGE, "list of front-ends: more than %d; give fewer",
                               STP_FRONT_MAX);
        stp_front_spec *spec = &specs[*count];
        STP_TRY(stp_front_spec_parse(spec, item, kind, rate_hz, low_hz, high_hz, err));
        for (int i = 0; i < *count; i++)
            if (same_sizes(spec, &specs[i]))
                return stp_err_set(err, STP_ERR_USAGE,
                                   "list of front-ends: \"%s\" is there twice; give it once", item);
        ++*count;
    } while (more);
    return STP_OK;
}

void stp_front_spec_format(const stp_front_spec *spec, char text[STP_FRONT_TEXT_BYTES]) {
    int n = snprintf(text, STP_FRONT_TEXT_BYTES, "%d/%d/%d", spec->window_samples, spec->hop_samples,
                     spec->filters);
    if (spec->coefficients != spec->filters)
        snprintf(text + n, (size_t)(STP_FRONT_TEXT_BYTES - n), ":%d", spec->coefficients);
}

int stp_front_spec_fft(const stp_front_spec *spec) {
    int fft = MIN_FFT;
    while (fft < spec->window_samples)
        fft *= 2;
    return fft;
}

int stp_front_spec_frames(const stp_front_spec *spec, int clip_samples) {
    if (clip_samples < spec->window_samples)
        return 0;
    return 1 + (clip_samples - spec->window_samples) / spec->hop_samples;
}

// Multiplications of the complex FFT of n: 4 in each first butterfly of eight, 12 in each later one of four
// but the first of its group.
static double fft_mults(int n) {
    int head = stp_front_fft_head(n);
    double mults = head == 8 ? 4.0 * n / 8 : 0;
    for (int quarter = head; quarter < n; quarter *= 4)
        mults += 12.0 * (quarter - 1) * n / (4.0 * quarter);
    return mults;
}

double stp_front_spec_frame_mults(const stp_front_spec *spec) {
    int n = stp_front_spec_fft(spec) / 2;
    double mults = spec->window_samples + fft_mults(n);
    mults += 8.0 * (n / 2 - 1) + 3; // split and power, two bins a step; the middle bin
    mults += stp_front_mel_weights(spec);
    if (spec->kind == STP_FRONT_MFCC)
        mults += (double)spec->coefficients * ((spec->filters + 1) / 2);
    return mults;
}

long stp_front_spec_table_bytes(const stp_front_spec *spec) {
    int n = stp_front_spec_fft(spec) / 2, head = stp_front_fft_head(n);
    long floats = spec->window_samples / 2 + 1 + n;
    floats += stp_front_mel_weights(spec) + 2 * spec->coefficients;
    if (spec->kind == STP_FRONT_MFCC)
        floats += (long)spec->coefficients * ((spec->filters + 1) / 2);
    return 4 * floats + 2 * (n / head + 2 * spec->filters);
}
