// Depthwise convolution.
#include "nn/depthwise.h"

#include "nn/bytes.h"
#include "nn/rescale.h"

enum { STAPES_NN_PLANE_BYTES = 1024 }; // that large a plane is always allowed

typedef struct stapes_nn_tap {
    int32_t offset; // from the window's first pixel in the plane, in bytes
    int32_t weight[4];
} stapes_nn_tap;

stapes_nn_plane stapes_nn_plane_of(const stapes_op *op, const stapes_map *maps) {
    const stapes_map *out = &maps[op->out];
    stapes_nn_plane plane;
    plane.columns = (out->w - 1) * op->stride_w + (op->k_w - 1) * op->dilation + 1;
    plane.window = (op->k_h - 1) * op->dilation + 1;
    // Rows that two strips see are copied twice: at least as many rows again, so that this costs little.
    int32_t rows = STAPES_NN_PLANE_BYTES / 4 / plane.columns;
    rows = rows < 2 * plane.window ? 2 * plane.window : rows;
    plane.strip = (rows - plane.window) / op->stride_h + 1;
    plane.strip = plane.strip > out->h ? out->h : plane.strip;
    plane.taps_bytes = (int32_t)sizeof(stapes_nn_tap) * (op->k_h * op->k_w + 1);
    return plane;
}

size_t stapes_nn_depthwise_bytes(const stapes_op *op, const stapes_map *maps) {
    const stapes_nn_plane plane = stapes_nn_plane_of(op, maps);
    const int32_t rows = (plane.strip - 1) * op->stride_h + plane.window;
    const int32_t bytes = plane.taps_bytes + 4 * rows * plane.columns;
    // The Helium twin wants an address a tap and a pixel of padding instead.
    const int32_t vectors = 4 * op->k_h * op->k_w + stapes_nn_multiple_of_4(maps[op->in].c);
    return (size_t)(bytes > vectors ? bytes : vectors);
}

#if !STAPES_NN_MVE

// --- taps: offsets and weights of four channels ---------------------------------------------------------

static void make_taps(const stapes_op *op, const stapes_nn_plane *plane, const int8_t *weights,
                      int32_t channels, int32_t count, stapes_nn_tap *tap) {
    for (int32_t i = 0; i < op->k_h; i++)
        for (int32_t j = 0; j < op->k_w; j++, tap++, weights += channels) {
            tap->offset = 4 * op->dilation * (i * plane->columns + j);
            for (int32_t k = 0; k < 4; k++)
                tap->weight[k] = k < count ? weights[k] : 0;
        }
}

static inline void store(const stapes_nn_lanes *lanes, const int32_t sum[4], int8_t *y) {
    for (int32_t k = 0; k < lanes->count; k++) {
        const int32_t q = stapes_nn_rescale_away(sum[k], lanes->multiplier[k], lanes->shift[k]);
        y[k] = (int8_t)stapes_nn_clamp(q + lanes->zero, lanes->low, lanes->high);
    }
}

// One row of outputs; x: the first window's first pixel in the plane.
static void run_line(const stapes_nn_tap *taps, const stapes_nn_tap *end, const stapes_nn_lanes *lanes,
                     const int8_t *x, int32_t step, int8_t *y, const stapes_map *out) {
    for (int32_t j = 0; j < out->w; j++, x += step, y += out->pitch) {
        int32_t sum[4] = {lanes->bias[0], lanes->bias[1], lanes->bias[2], lanes->bias[3]};
        for (const stapes_nn_tap *tap = taps; tap != end; tap++) {
            const int8_t *value = x + tap->offset;
            sum[0] += value[0] * tap->weight[0];
            sum[1] += value[1] * tap->weight[1];
            sum[2] += value[2] * tap->weight[2];
            sum[3] += value[3] * tap->weight[3];
        }
        store(lanes, sum, y);
    }
}

// --- the plane -----------------------------------------------------------------------------------------

static inline uint32_t load_pixel(const int8_t *from, int32_t count, int8_t low) {
    int8_t value[4] = {0, 0, 0, 0};
    for (int32_t k = 0; k < count; k++)
        value[k] = from[k] < low ? low : from[k];
    return stapes_nn_load_word(value);
}

static void copy_line(const stapes_map *in, const int8_t *from, int32_t count, int8_t low, int8_t *to,
                      int32_t n) {
    if (count == 4 && low == INT8_MIN)
        for (; n > 0; n--, from += in->pitch, to += 4)
            stapes_nn_store_word(to, stapes_nn_load_word(from));
    else
        for (; n > 0; n--, from += in->pitch, to += 4)
            stapes_nn_store_word(to, load_pixel(from, count, low));
}

// `rows` rows from row y of the map on, `count` channels from `from`, the padding around them.
static void fill_plane(const stapes_op *op, const stapes_map *in, const stapes_nn_plane *plane,
                       const int8_t *from, int32_t count, int32_t y, int32_t rows, int8_t *to) {
    const int32_t x = -op->pad_left;
    const int32_t before = x < 0 ? -x : 0;
    int32_t inside = in->w - (x < 0 ? 0 : x);
    inside = inside > plane->columns - before ? plane->columns - before : inside;
    from += (x < 0 ? 0 : x) * in->pitch;
    for (int32_t i = 0; i < rows; i++, y++, to += 4 * plane->columns) {
        const int32_t columns = y >= 0 && y < in->h && inside > 0 ? inside : 0;
        stapes_nn_fill(to, in->zero, 4 * before);
        if (columns)
            copy_line(in, from + y * in->w * in->pitch, count, op->in_low, to + 4 * before, columns);
        stapes_nn_fill(to + 4 * (before + columns), in->zero, 4 * (plane->columns - before - columns));
    }
}

// --- the whole -----------------------------------------------------------------------------------------

static stapes_nn_lanes lanes_of(const stapes_op *op, const stapes_map *out, const stapes_constants *constants,
                                int32_t c) {
    stapes_nn_lanes lanes;
    lanes.count = out->c - c < 4 ? out->c - c : 4;
    lanes.zero = out->zero;
    lanes.low = op->out_low;
    lanes.high = op->out_high;
    for (int32_t k = 0; k < 4; k++) {
        const uint32_t at = op->channel + (uint32_t)(k < lanes.count ? c + k : c);
        lanes.bias[k] = constants->biases[at];
        lanes.multiplier[k] = constants->multipliers[at];
        lanes.shift[k] = constants->shifts[at];
    }
    return lanes;
}

void stapes_nn_depthwise(const stapes_op *op, const stapes_map *maps, const stapes_constants *constants,
                         int8_t *arena, int8_t *scratch) {
    const stapes_map *in = &maps[op->in], *out = &maps[op->out];
    const stapes_nn_plane plane = stapes_nn_plane_of(op, maps);
    const int8_t *x = arena + in->offset, *weights = constants->weights + op->weights;
    int8_t *y = arena + out->offset, *pixels = scratch + plane.taps_bytes;
    stapes_nn_tap *taps = (stapes_nn_tap *)(void *)scratch;
    const int32_t line = 4 * plane.columns * op->stride_h;
    for (int32_t c = 0; c < in->c; c += 4) {
        const stapes_nn_lanes lanes = lanes_of(op, out, constants, c);
        make_taps(op, &plane, weights + c, in->c, lanes.count, taps);
        for (int32_t first = 0; first < out->h; first += plane.strip) {
            const int32_t strip = out->h - first < plane.strip ? out->h - first : plane.strip;
            fill_plane(op, in, &plane, x + c, lanes.count, first * op->stride_h - op->pad_top,
                       (strip - 1) * op->stride_h + plane.window, pixels);
            for (int32_t i = 0; i < strip; i++)
                run_line(taps, taps + op->k_h * op->k_w, &lanes, pixels + i * line, 4 * op->stride_w,
                         y + (first + i) * out->w * out->pitch + c, out);
        }
    }
}

#endif
