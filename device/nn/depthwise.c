// Depthwise convolution.
#include "nn/depthwise.h"

#include "nn/bytes.h"
#include "nn/dsp.h"
#include "nn/rescale.h"

enum { STAPES_NN_PLANE_BYTES = 1024 }; // that large a plane is always allowed

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
    plane.taps_bytes = 20 * op->k_h * op->k_w + 24;
    return plane;
}

size_t stapes_nn_depthwise_bytes(const stapes_op *op, const stapes_map *maps) {
    const stapes_nn_plane plane = stapes_nn_plane_of(op, maps);
    const int32_t rows = (plane.strip - 1) * op->stride_h + plane.window;
    const int32_t bytes = plane.taps_bytes + 4 * rows * plane.columns;
    // The Helium twin wants an address a tap, a sum a channel and a pixel of padding instead.
    const int32_t channels = (maps[op->in].c + 15) & ~15, vectors = 4 * op->k_h * op->k_w + 5 * channels;
    return (size_t)(bytes > vectors ? bytes : vectors);
}

#if !STAPES_NN_MVE

// --- the plane -----------------------------------------------------------------------------------------

// Rows of a strip: the first one's place in the map, and the part that lies in the map.
typedef struct strip {
    int32_t y, rows, first, last;
} strip;

static strip strip_of(const stapes_op *op, const stapes_map *in, const stapes_nn_plane *plane,
                      int32_t first_out, int32_t outs) {
    strip s;
    s.y = first_out * op->stride_h - op->pad_top;
    s.rows = (outs - 1) * op->stride_h + plane->window;
    s.first = s.y < 0 ? 0 : s.y;
    s.last = s.y + s.rows < in->h ? s.y + s.rows : in->h;
    return s;
}

static inline uint32_t load_some(const int8_t *from, int32_t count) {
    int8_t value[4] = {0, 0, 0, 0};
    for (int32_t k = 0; k < count; k++)
        value[k] = from[k];
    return stapes_nn_load_word(value);
}

// `count` channels from `from` of all pixels of the strip that lie in the map. What is around them is padding
// since the strip began.
static void copy_pixels(const stapes_op *op, const stapes_map *in, const stapes_nn_plane *plane,
                        const strip *s, const int8_t *from, int32_t count, uint32_t *to) {
    const int32_t x = op->pad_left < 0 ? -op->pad_left : 0, before = op->pad_left > 0 ? op->pad_left : 0;
    const int32_t room = plane->columns - before, columns = in->w - x < room ? in->w - x : room;
    const uint32_t low = stapes_nn_four(op->in_low);
    from += (s->first * in->w + x) * in->pitch;
    to += (s->first - s->y) * plane->columns + before;
    for (int32_t y = s->first; y < s->last; y++, from += in->w * in->pitch, to += plane->columns) {
        const int8_t *pixel = from;
        if (count < 4)
            for (int32_t j = 0; j < columns; j++, pixel += in->pitch)
                to[j] = stapes_nn_larger(load_some(pixel, count), low);
        else if (op->in_low > INT8_MIN)
            for (int32_t j = 0; j < columns; j++, pixel += in->pitch)
                to[j] = stapes_nn_larger(stapes_nn_load_word(pixel), low);
        else
            for (int32_t j = 0; j < columns; j++, pixel += in->pitch)
                to[j] = stapes_nn_load_word(pixel);
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
    const int32_t line = 4 * plane.columns * op->stride_h;
    for (int32_t first = 0; first < out->h; first += plane.strip) {
        const int32_t outs = out->h - first < plane.strip ? out->h - first : plane.strip;
        const strip s = strip_of(op, in, &plane, first, outs);
        stapes_nn_fill(pixels, in->zero, 4 * s.rows * plane.columns);
        for (int32_t c = 0; c < in->c; c += 4) {
            const stapes_nn_lanes lanes = lanes_of(op, out, constants, c);
            const int8_t *end = stapes_nn_taps_make(op, &plane, weights + c, in->c, lanes.count, scratch);
            copy_pixels(op, in, &plane, &s, x + c, lanes.count, (uint32_t *)(void *)pixels);
            for (int32_t i = 0; i < outs; i++)
                stapes_nn_taps_run(scratch, end, &lanes, pixels + i * line, 4 * op->stride_w,
                                   y + (first + i) * out->w * out->pitch + c, out);
        }
    }
}

#endif
