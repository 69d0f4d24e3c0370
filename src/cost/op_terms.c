#include "cost/terms.h"
#include "cost/window_terms.h"

#include "nn/depthwise.h"

static int blocks_of(int count, int size) {
    return (count + size - 1) / size;
}

// --- rows times matrix (device/nn/rows*.c) -----------------------------------------------------------------

// loads: rows taken; pairs: of output pixels; n: inputs of one.
static void rows_terms(stp_terms *t, stp_twin_kind twin, const stapes_op *op, int channels, double loads,
                       double pairs, int n) {
    double rectified = op->in_low > INT8_MIN ? loads : 0;
    stp_term(t, "pairs of pixels", pairs);
    if (twin == STP_TWIN_MVE) {
        double fours = channels >= 4 ? pairs * blocks_of(channels, 4) : 0;
        double singles = channels < 4 ? pairs * channels : 0;
        stp_term(t, "rectified rows", rectified);
        stp_term(t, "rectified sixteens", rectified * blocks_of(n, 16));
        stp_term(t, "fours of channels", fours);
        stp_term(t, "their sixteens", fours * blocks_of(n, 16));
        stp_term(t, "single channels", singles);
        stp_term(t, "single sixteens", singles * blocks_of(n, 16));
        return;
    }
    double twos = channels > 1 || twin == STP_TWIN_PLAIN ? pairs * blocks_of(channels, 2) : 0;
    stp_term(t, "pairs of channels", twos);
    stp_term(t, "their eights", twos * (n / 8));
    stp_term(t, "first eights", twos * (n >= 8));
    if (twin == STP_TWIN_PLAIN) {
        stp_term(t, "ends of pairs", twos * (n % 8 != 0));
        stp_term(t, "what eights leave", twos * (n % 8));
        stp_term(t, "rectified rows", rectified);
        stp_term(t, "rectified inputs", rectified * n);
        return;
    }
    double single = channels == 1 ? pairs : 0;
    stp_term(t, "loaded fours", loads * (n / 4));
    stp_term(t, "loaded rests", loads * (n % 4 != 0 && n > 4));
    stp_term(t, "loaded few", loads * (n < 4));
    stp_term(t, "ends of pairs", twos * (n % 8 != 0));
    stp_term(t, "ends of four", twos * (n % 8 >= 4));
    stp_term(t, "ends of less", twos * (n % 4 != 0 && n > 4));
    stp_term(t, "ends of few", twos * (n < 4));
    stp_term(t, "a lone channel", single);
    stp_term(t, "its fours", single * (n / 4));
    stp_term(t, "its rest", single * (n % 4 != 0));
}

// Each window copied into a row (gather in device/nn/conv.c).
static void conv_terms(stp_terms *t, stp_twin_kind twin, const stapes_op *op, const stapes_map *maps) {
    const stapes_map *in = &maps[op->in], *out = &maps[op->out];
    const stp_axis rows = stp_axis_rows(op, maps), columns = stp_axis_columns(op, maps);
    const int apart = op->dilation * in->pitch, n = op->k_h * op->k_w * in->c, pixels = out->h * out->w;
    const int partial = pixels - stp_axis_whole(&rows) * stp_axis_whole(&columns), odd = pixels % 2;
    double rows_inside = stp_axis_all_inside(&rows), copies = 0, words = 0, rest = 0;
    for (int j = 0; j < out->w; j++) {
        int inside = stp_axis_inside(&columns, j), count = apart == in->c ? 1 : inside;
        int bytes = apart == in->c ? inside * in->c : in->c;
        copies += count;
        words += count * (bytes / 4);
        rest += count * (bytes % 4);
    }
    stp_term(t, "pixels", pixels);
    stp_term(t, "windows over ends",
             (double)(out->h - stp_axis_whole(&rows)) * out->w +
                 (double)(out->w - stp_axis_whole(&columns)) * out->h);
    stp_term(t, "taps tried there",
             (double)stp_axis_tried(&rows) * out->w + (double)stp_axis_tried(&columns) * out->h);
    stp_term(t, "partial windows", partial);
    stp_term(t, "padding's words", (double)partial * (n / 4));
    stp_term(t, "padding's bytes", (double)partial * (n % 4));
    stp_term(t, "copied rows", rows_inside * out->w);
    stp_term(t, "copies", rows_inside * copies);
    stp_term(t, "copied words", rows_inside * words);
    stp_term(t, "copied bytes", rows_inside * rest);
    rows_terms(t, twin, op, out->c, pixels + odd, blocks_of(pixels, 2), n);
}

static void pointwise_terms(stp_terms *t, stp_twin_kind twin, const stapes_op *op, const stapes_map *maps) {
    int pairs = blocks_of(maps[op->in].h * maps[op->in].w, 2);
    rows_terms(t, twin, op, maps[op->out].c, 2 * pairs, pairs, maps[op->in].c);
}

static void fully_connected_terms(stp_terms *t, stp_twin_kind twin, const stapes_op *op,
                                  const stapes_map *maps) {
    const stapes_map *in = &maps[op->in];
    rows_terms(t, twin, op, maps[op->out].c, 2, 1, in->h * in->w * in->c);
}

// --- depthwise ---------------------------------------------------------------------------------------------

// Strips of output rows, four channels at a time (device/nn/depthwise.c, depthwise_taps*.c).
static void depthwise_plane_terms(stp_terms *t, stp_twin_kind twin, const stapes_op *op,
                                  const stapes_map *maps) {
    const stapes_map *in = &maps[op->in], *out = &maps[op->out];
    const stapes_nn_plane plane = stapes_nn_plane_of(op, maps);
    const int taps = op->k_h * op->k_w, fours = in->c / 4, rest = in->c % 4, blocks = fours + (rest > 0);
    const int skipped = op->pad_left < 0 ? -op->pad_left : 0, before = op->pad_left > 0 ? op->pad_left : 0;
    const int room = plane.columns - before, columns = in->w - skipped < room ? in->w - skipped : room;
    double strips = 0, cleared = 0, rows = 0;
    for (int first = 0; first < out->h; first += plane.strip, strips++) {
        int outs = out->h - first < plane.strip ? out->h - first : plane.strip;
        int y = first * op->stride_h - op->pad_top, all = (outs - 1) * op->stride_h + plane.window;
        int end = y + all < in->h ? y + all : in->h;
        cleared += all * plane.columns;
        rows += end > (y > 0 ? y : 0) ? end - (y > 0 ? y : 0) : 0;
    }
    double pixels = (double)out->h * out->w, rounds = twin == STP_TWIN_DSP ? blocks_of(taps, 2) : taps;
    double copied = rows * columns;
    stp_term(t, "strips", strips);
    stp_term(t, "cleared words", cleared);
    stp_term(t, "blocks of channels", strips * blocks);
    stp_term(t, "rows of taps", strips * blocks * op->k_h);
    stp_term(t, "taps", strips * blocks * taps);
    stp_term(t, "rows copied", rows * blocks);
    stp_term(t, "pixels copied", op->in_low == INT8_MIN ? copied * fours : 0);
    stp_term(t, "pixels rectified", op->in_low > INT8_MIN ? copied * fours : 0);
    stp_term(t, "pixels of fewer channels", rest ? copied : 0);
    stp_term(t, "channels of those", copied * rest);
    stp_term(t, "rows of results", (double)out->h * blocks);
    stp_term(t, "results", pixels * blocks);
    stp_term(t, "rounds of taps", pixels * blocks * rounds);
    stp_term(t, "results of fewer channels", rest ? pixels : 0);
    stp_term(t, "channels of these", twin == STP_TWIN_DSP ? pixels * rest : pixels * in->c);
}

// Sixteen channels at a time where they lie (device/nn/depthwise_mve.c).
static void depthwise_vector_terms(stp_terms *t, const stapes_op *op, const stapes_map *maps) {
    const stapes_map *in = &maps[op->in], *out = &maps[op->out];
    const stp_axis rows = stp_axis_rows(op, maps), columns = stp_axis_columns(op, maps);
    const int taps = op->k_h * op->k_w, whole_rows = stp_axis_whole(&rows);
    const int whole = whole_rows * stp_axis_whole(&columns);
    double pixels = (double)out->h * out->w;
    // Taps are listed anew but for windows in the map that follow another one in it.
    double listed = pixels - whole + (whole > 0 ? whole_rows : 0);
    double sixteens = pixels * blocks_of(in->c, 16), rectified = op->in_low > INT8_MIN;
    stp_term(t, "channels", in->c);
    stp_term(t, "rows", out->h);
    stp_term(t, "pixels", pixels);
    stp_term(t, "listed windows", listed);
    stp_term(t, "listed rows", listed * op->k_h);
    stp_term(t, "listed taps", listed * taps);
    stp_term(t, "sixteens of channels", sixteens);
    stp_term(t, "pairs of taps", rectified > 0 ? 0 : sixteens * (taps / 2));
    stp_term(t, "odd taps", rectified > 0 ? 0 : sixteens * (taps % 2));
    stp_term(t, "rectified taps", rectified * sixteens * taps);
    stp_term(t, "fours of results", pixels * (in->c / 4));
    stp_term(t, "results beside them", pixels * (in->c % 4 != 0));
}

// --- pools and sums ----------------------------------------------------------------------------------------

// Where an average of 16-bit sums is widened: after as many rows as 255 values allow
// (device/nn/average_pool.c).
static double flushes_of(const stapes_op *op, const stapes_map *maps) {
    const stp_axis rows = stp_axis_rows(op, maps), columns = stp_axis_columns(op, maps);
    double sum = 0;
    for (int j = 0; j < columns.outs; j++) {
        int wide = stp_axis_inside(&columns, j), most = wide > 0 && wide < 255 ? 255 / wide : 1;
        for (int i = 0; i < rows.outs; i++)
            sum += blocks_of(stp_axis_inside(&rows, i), most);
    }
    return sum;
}

static void pool_terms(stp_terms *t, stp_twin_kind twin, const stapes_op *op, const stapes_map *maps) {
    const stapes_map *in = &maps[op->in], *out = &maps[op->out];
    const stp_axis rows = stp_axis_rows(op, maps), columns = stp_axis_columns(op, maps);
    const int vector = twin == STP_TWIN_MVE, most = op->kind == STAPES_MAX_POOL ? 16 : 8;
    double blocks = vector ? blocks_of(in->c, most) : in->c / 4, rest = vector ? 0 : in->c % 4;
    double pixels = (double)out->h * out->w, lines = stp_axis_all_inside(&rows) * out->w;
    double taps = stp_axis_all_inside(&rows) * stp_axis_all_inside(&columns);
    stp_term(t, "rows", out->h);
    stp_term(t, "pixels", pixels);
    stp_term(t, "blocks of channels", pixels * blocks);
    stp_term(t, "their lines", lines * blocks);
    stp_term(t, "their taps", taps * blocks);
    stp_term(t, "single channels", pixels * rest);
    stp_term(t, "single lines", lines * rest);
    stp_term(t, "single taps", taps * rest);
    if (op->kind == STAPES_AVERAGE_POOL && twin != STP_TWIN_PLAIN)
        stp_term(t, "widened sums", flushes_of(op, maps) * blocks);
}

// Values in one run where nothing has gaps, else pixel by pixel (device/nn/add.c).
static void add_terms(stp_terms *t, stp_twin_kind twin, const stapes_op *op, const stapes_map *maps) {
    const stapes_map *in = &maps[op->in], *second = &maps[op->second], *out = &maps[op->out];
    const int joined = in->pitch == in->c && second->pitch == in->c && out->pitch == in->c;
    const int runs = joined ? 1 : in->h * in->w, values = joined ? in->h * in->w * in->c : in->c;
    stp_term(t, "runs", joined ? 0 : runs);
    stp_term(t, "values", (double)runs * (twin == STP_TWIN_MVE ? blocks_of(values, 4) : values));
}

// --- the whole ---------------------------------------------------------------------------------------------

void stp_op_terms(stp_terms *t, stp_processor processor, const stapes_op *op, const stapes_map *maps) {
    stp_twin_kind twin = stp_processor_twin(processor);
    t->count = 0;
    stp_term(t, "call", 1);
    switch ((stapes_op_kind)op->kind) {
    case STAPES_CONV:
        conv_terms(t, twin, op, maps);
        break;
    case STAPES_POINTWISE:
        pointwise_terms(t, twin, op, maps);
        break;
    case STAPES_FULLY_CONNECTED:
        fully_connected_terms(t, twin, op, maps);
        break;
    case STAPES_DEPTHWISE:
        if (twin == STP_TWIN_MVE)
            depthwise_vector_terms(t, op, maps);
        else
            depthwise_plane_terms(t, twin, op, maps);
        break;
    case STAPES_MAX_POOL:
    case STAPES_AVERAGE_POOL:
        pool_terms(t, twin, op, maps);
        break;
    case STAPES_ADD:
        add_terms(t, twin, op, maps);
        break;
    case STAPES_OP_KINDS:
        break;
    }
}
