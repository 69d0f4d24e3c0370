// Every operation of device/nn against its definition written out: one output value at a time, each tap
// looked up with its bounds, 64-bit arithmetic. The whole arena is compared, so that a kernel that writes
// beside its output is found.
#include "nn_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_name[STAPES_OP_KINDS] = {
    "conv", "pointwise", "depthwise", "max_pool", "average_pool", "add", "fully_connected"};

// a / 2^bits rounded to the nearest; halves up, or away from zero.
static int64_t divide(int64_t a, int bits, int away) {
    const int64_t whole = (int64_t)1 << bits, half = whole / 2;
    int64_t quotient = a / whole, rest = a % whole;
    if (rest < 0) {
        rest += whole;
        quotient--;
    }
    return quotient + (rest > half || (rest == half && bits > 0 && !(away && a < 0)));
}

static int64_t rescale(int64_t sum, int32_t multiplier, int shift, int away) {
    const int left = shift > 0 ? shift : 0;
    return divide(divide(sum * ((int64_t)1 << left) * multiplier, 31, 0), left - shift, away);
}

static int8_t clamp(const stapes_op *op, int64_t q) {
    return (int8_t)(q < op->out_low ? op->out_low : q > op->out_high ? op->out_high : q);
}

static int64_t value_of(const nn_case *c, int map, int y, int x, int k) {
    const stapes_map *m = &c->maps[map];
    const int64_t value = c->arena[(int)m->offset + (y * m->w + x) * m->pitch + k];
    return c->op.kind != STAPES_ADD && value < c->op.in_low ? c->op.in_low : value;
}

static int inside(const nn_case *c, int y, int x) {
    return y >= 0 && y < c->maps[0].h && x >= 0 && x < c->maps[0].w;
}

// Sum over the window of output pixel (i, j), channel k.
static int64_t convolve(const nn_case *c, int i, int j, int k) {
    const stapes_op *op = &c->op;
    const int full = op->kind == STAPES_FULLY_CONNECTED, depthwise = op->kind == STAPES_DEPTHWISE;
    const int rows = full ? c->maps[0].h : op->k_h, columns = full ? c->maps[0].w : op->k_w;
    const int channels = c->maps[0].c;
    int64_t sum = c->biases[k];
    for (int r = 0; r < rows; r++)
        for (int s = 0; s < columns; s++) {
            const int y = i * op->stride_h - op->pad_top + r * op->dilation;
            const int x = j * op->stride_w - op->pad_left + s * op->dilation;
            for (int m = depthwise ? k : 0; m < (depthwise ? k + 1 : channels); m++) {
                const int at = depthwise ? (r * columns + s) * channels + k
                                         : ((k * rows + r) * columns + s) * channels + m;
                sum += c->weights[at] * (inside(c, y, x) ? value_of(c, 0, y, x, m) : c->maps[0].zero);
            }
        }
    return rescale(sum, c->multipliers[k], c->shifts[k], depthwise) + c->maps[2].zero;
}

static int64_t pool(const nn_case *c, int i, int j, int k) {
    const stapes_op *op = &c->op;
    int64_t sum = 0, count = 0, best = INT8_MIN;
    for (int r = 0; r < op->k_h; r++)
        for (int s = 0; s < op->k_w; s++) {
            const int y = i * op->stride_h - op->pad_top + r, x = j * op->stride_w - op->pad_left + s;
            if (!inside(c, y, x))
                continue;
            const int64_t value = value_of(c, 0, y, x, k);
            sum += value;
            count++;
            best = value > best ? value : best;
        }
    if (op->kind == STAPES_MAX_POOL)
        return best;
    const int64_t magnitude = sum < 0 ? -sum : sum, mean = (magnitude + count / 2) / count;
    return sum < 0 ? -mean : mean;
}

static int64_t add(const nn_case *c, int i, int j, int k) {
    const int64_t a = (value_of(c, 0, i, j, k) - c->maps[0].zero) * (1 << 20);
    const int64_t b = (value_of(c, 1, i, j, k) - c->maps[1].zero) * (1 << 20);
    const int64_t sum =
        rescale(a, c->multipliers[0], c->shifts[0], 1) + rescale(b, c->multipliers[1], c->shifts[1], 1);
    return rescale(sum, c->multipliers[2], c->shifts[2], 1) + c->maps[2].zero;
}

// The arena as it should be afterwards.
static void expect(const nn_case *c, int8_t *arena) {
    const stapes_map *out = &c->maps[2];
    memcpy(arena, c->arena, NN_CASE_ARENA);
    for (int i = 0; i < out->h; i++)
        for (int j = 0; j < out->w; j++)
            for (int k = 0; k < out->c; k++) {
                int64_t q;
                if (c->op.kind == STAPES_ADD)
                    q = add(c, i, j, k);
                else if (c->op.kind == STAPES_MAX_POOL || c->op.kind == STAPES_AVERAGE_POOL)
                    q = pool(c, i, j, k);
                else
                    q = convolve(c, i, j, k);
                arena[(int)out->offset + (i * out->w + j) * out->pitch + k] = clamp(&c->op, q);
            }
}

// A kernel may use so much scratch and not a byte more.
static int scratch_kept(const nn_case *c) {
    for (size_t i = stapes_nn_scratch_bytes(&c->op, c->maps); i < NN_CASE_SCRATCH; i++)
        if (c->scratch[i] != 0x55)
            return 0;
    return 1;
}

int main(int count, char **arguments) {
    static nn_case c;
    static int8_t expected[NN_CASE_ARENA];
    const int cases = count > 1 ? atoi(arguments[1]) : 400;
    int failed = 0;
    for (int kind = 0; kind < STAPES_OP_KINDS; kind++) {
        int different = 0, beyond = 0;
        for (int n = 0; n < cases; n++) {
            nn_case_draw(&c, (stapes_op_kind)kind, (uint32_t)n);
            if (kind == STAPES_ADD && n % 4 == 0) // in place
                c.maps[2].offset = c.maps[n / 4 % 2].offset, c.maps[2].pitch = c.maps[n / 4 % 2].pitch;
            if (kind == STAPES_CONV && n % 8 == 0) // a first pixel that is skipped
                c.op.pad_top = -1, c.op.pad_left = (int8_t) - (n / 8 % 2);
            expect(&c, expected);
            nn_case_run(&c);
            different += memcmp(expected, c.arena, NN_CASE_ARENA) != 0;
            beyond += !scratch_kept(&c);
            if (different + beyond == 1)
                printf("%s case %d is the first\n", kind_name[kind], n);
        }
        printf("%-16s %d cases: %d differ, %d use too much scratch\n", kind_name[kind], cases, different,
               beyond);
        failed |= different + beyond;
    }
    return failed != 0;
}
