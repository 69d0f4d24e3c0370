#include "cost/terms.h"

#include "frontend/front_tables.h"

typedef struct shape {
    const stp_front_spec *spec;
    int n, head; // complex numbers of the FFT; elements of its first butterflies
    int half;    // of the bands, which the DCT folds
    int cepstra; // coefficients that come out of the DCT
} shape;

static int blocks_of(int count, int size) {
    return (count + size - 1) / size;
}

// Samples that come in, and those that stay for the next row: sixteen at a time, where the place they come
// from is as far away (copy_samples in device/front/front.c).
static void moved_terms(stp_terms *t, const stp_front_spec *spec) {
    const int window = spec->window_samples, hop = spec->hop_samples;
    const int overlap = hop < window ? window - hop : 0, fresh = window - overlap;
    const int sixteens = fresh / 16 + (hop >= 16 ? overlap / 16 : 0);
    stp_term(t, "sixteens of samples moved", sixteens);
    stp_term(t, "samples beside them", fresh + overlap - 16 * sixteens);
}

// Products of all filters: by fours and what they leave, or by vectors of four, the last one cut.
static void count_bins(const stp_front_spec *spec, double *fours, double *rest, double *vectors) {
    float weights[STP_FRONT_MAX_BINS];
    *fours = *rest = *vectors = 0;
    for (int f = 0, first, count; f < spec->filters; f++) {
        stp_front_mel_filter(spec, f, &first, &count, weights);
        *fours += count / 4;
        *rest += count % 4;
        *vectors += blocks_of(count, 4);
    }
}

// --- one value at a time (device/front/front_core.h) -----------------------------------------------------

// The first butterflies: each takes `head` elements, two samples each, `apart` elements from one to the next.
static void head_terms(stp_terms *t, const shape *s) {
    const int window = s->spec->window_samples, apart = s->n / s->head;
    const int five = s->head == 8 && window == 10 * apart;
    double rising = 0, falling = 0, beyond = 0;
    for (int at = 0; at < 2 * s->n && !five; at += 2) {
        int left = window - at;
        if (at + 1 < left)
            rising++;
        else if (left > 1 && left <= at)
            falling++;
        else
            beyond++;
    }
    stp_term(t, "butterflies of four", s->head == 4 ? apart : 0);
    stp_term(t, "butterflies of eight", s->head == 8 && !five ? apart : 0);
    stp_term(t, "butterflies of five", five ? apart : 0);
    stp_term(t, "samples before the middle", rising);
    stp_term(t, "samples behind it", falling);
    stp_term(t, "zeros behind the window", beyond);
}

static void scalar_terms(stp_terms *t, const shape *s) {
    double columns = 0, butterflies = 0, fours, rest, vectors;
    for (int quarter = s->head; quarter < s->n; quarter *= 4, butterflies += s->n / 4)
        columns += quarter;
    count_bins(s->spec, &fours, &rest, &vectors);
    head_terms(t, s);
    stp_term(t, "roots of later butterflies", columns);
    stp_term(t, "later butterflies", butterflies);
    stp_term(t, "powers", s->n);
    stp_term(t, "filters", s->spec->filters);
    stp_term(t, "fours of bins", fours);
    stp_term(t, "bins beside them", rest);
    stp_term(t, "folded bands", s->cepstra ? s->half : 0);
    stp_term(t, "cepstra", s->cepstra);
    stp_term(t, "their fours of bands", (double)s->cepstra * (s->half / 4));
    stp_term(t, "bands beside them", (double)s->cepstra * (s->half % 4));
}

// --- four at a time (device/front/front_helium.h) --------------------------------------------------------

static void vector_head_terms(stp_terms *t, const shape *s) {
    const int window = s->spec->window_samples, step = 2 * s->n / s->head;
    const int five = s->head == 8 && window <= 5 * step, end = five ? 5 * step : 2 * s->n;
    double rising = 0, falling = 0, edges = 0, beyond = 0;
    for (int at = 0; at < end; at += 4) {
        int left = window - at;
        if (at + 6 <= left)
            rising++;
        else if (left <= 0)
            beyond++;
        else if (left > at || left < 4)
            edges++;
        else
            falling++;
    }
    stp_term(t, "pairs of butterflies of four", s->head == 4 ? step / 4 : 0);
    stp_term(t, "pairs of butterflies of eight", s->head == 8 && !five ? step / 4 : 0);
    stp_term(t, "pairs of butterflies of five", five ? step / 4 : 0);
    stp_term(t, "fours of samples before the middle", rising);
    stp_term(t, "fours behind it", falling);
    stp_term(t, "fours at edges", edges);
    stp_term(t, "fours behind the window", beyond);
}

static void vector_terms(stp_terms *t, const shape *s) {
    double stages = 0, columns = 0, butterflies = 0, fours, rest, vectors;
    for (int quarter = s->head; quarter < s->n; quarter *= 4, butterflies += s->n / 8, stages++)
        columns += quarter / 2;
    count_bins(s->spec, &fours, &rest, &vectors);
    vector_head_terms(t, s);
    stp_term(t, "later stages", stages);
    stp_term(t, "pairs of roots", columns);
    stp_term(t, "pairs of later butterflies", butterflies);
    stp_term(t, "fours of powers", s->n / 8);
    stp_term(t, "filters", s->spec->filters);
    stp_term(t, "fours of bins", vectors);
    stp_term(t, "fours of logarithms", blocks_of(s->spec->filters, 4));
    stp_term(t, "fours of folded bands", s->cepstra ? blocks_of(s->half, 4) : 0);
    stp_term(t, "cepstra", s->cepstra);
    stp_term(t, "their fours of bands", (double)s->cepstra * blocks_of(s->half, 4));
    stp_term(t, "fours of coefficients", blocks_of(s->spec->coefficients, 4));
}

// --- the whole -------------------------------------------------------------------------------------------

void stp_front_terms(stp_terms *t, stp_processor processor, const stp_front_spec *spec) {
    const int n = stp_front_spec_fft(spec) / 2;
    const shape s = {.spec = spec,
                     .n = n,
                     .head = stp_front_fft_head(n),
                     .half = (spec->filters + 1) / 2,
                     .cepstra = spec->kind == STP_FRONT_MFCC ? spec->coefficients : 0};
    t->count = 0;
    stp_term(t, "row", 1);
    if (stp_processor_twin(processor) == STP_TWIN_MVE)
        vector_terms(t, &s);
    else
        scalar_terms(t, &s);
    stp_term(t, "coefficients", spec->coefficients);
    moved_terms(t, spec);
}
