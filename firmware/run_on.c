// The program that `stapes run-on` puts around an exported system. run_on CLIPS ANSWERS SAMPLES_A_CLIP: takes
// clips as 16-bit samples, a hop at a time as a microphone brings them, and writes for each what the host
// compares: all rows of features, a checksum of every operation's result, the logits. Counts, in the first
// clip: region 0, the samples of one hop and the second row, which they complete (a network that looks at one
// row only: the first window and its row); then a region an operation.
#include "fw.h"
#include "model.h"
#include "runtime/checksum.h"

#include <string.h>

// A window is a piece, and so is a hop, however long: each region is counted once.
enum { PIECE = MODEL_HOP_SAMPLES > STAPES_FRONT_MAX_FFT ? MODEL_HOP_SAMPLES : STAPES_FRONT_MAX_FFT };
enum { COUNTED_ROW = MODEL_FRAMES > 1 };

static uint64_t arena[(MODEL_ARENA_BYTES + 7) / 8], stream[(MODEL_STREAM_BYTES + 7) / 8];
static int8_t rows[MODEL_FRAMES * MODEL_COEFFICIENTS];
static int16_t piece[PIECE];
static stapes s;
static size_t stack_of_row, stack_of_decision;
static int in, out, clip;

static void keep_row(int row) {
    if (row < MODEL_FRAMES)
        memcpy(rows + row * MODEL_COEFFICIENTS, stapes_row(&s), MODEL_COEFFICIENTS);
}

// All that a clip has, a window at first, and then a hop at a time. Returns the rows.
static int hear(long samples) {
    int row = 0;
    size_t want = (size_t)model.front->window_samples;
    for (; samples > 0; want = MODEL_HOP_SAMPLES) {
        size_t count = (long)want < samples ? want : (size_t)samples;
        const int16_t *at = piece;
        int complete, counted = clip == 0 && row == COUNTED_ROW;
        fw_read(in, piece, 2 * count);
        samples -= (long)count;
        size_t before = fw_stack_depth();
        if (counted) {
            fw_stack_repaint();
            fw_count_begin();
            complete = stapes_push(&s, &at, &count);
            fw_count_end();
            stack_of_row = fw_stack_used() - before;
        } else {
            complete = stapes_push(&s, &at, &count);
        }
        for (; complete; complete = stapes_push(&s, &at, &count))
            keep_row(row++);
    }
    return row;
}

static uint32_t checksum_of(int op) {
    const stapes_map *map = &model.map[model.op[op].out];
    const int8_t *pixel = (const int8_t *)arena + map->offset;
    uint32_t sum = STAPES_CHECKSUM_START;
    for (int32_t n = (int32_t)map->h * map->w; n > 0; n--, pixel += map->pitch)
        sum = stapes_mix_bytes(sum, pixel, map->c);
    return sum;
}

static void look_inside(void) {
    memcpy(stapes_input(&s), rows, sizeof rows);
    for (int op = 0; op < model.ops; op++) {
        if (clip == 0)
            fw_count_begin();
        stapes_invoke_op(&s, op);
        if (clip == 0)
            fw_count_end();
        uint32_t sum = checksum_of(op);
        fw_write(out, &sum, sizeof sum);
    }
}

// The decision as a product makes it, from the ring of rows.
static void decide(void) {
    size_t before = fw_stack_depth();
    fw_stack_repaint();
    stapes_decide(&s);
    stack_of_decision = fw_stack_used() - before;
    fw_write(out, stapes_logits(&s), MODEL_CLASSES);
}

static long number(const char *text) {
    long value = 0;
    while (*text)
        value = 10 * value + *text++ - '0';
    return value;
}

int main(int argc, char **argv) {
    if (argc != 4 || (in = fw_open(argv[1], "r")) < 0 || (out = fw_open(argv[2], "w")) < 0)
        return 2;
    long samples = number(argv[3]), clips = fw_file_bytes(in) / 2 / samples;
    stapes_status status = stapes_init(&s, &model, arena, sizeof arena, stream, sizeof stream);
    if (status != STAPES_OK) {
        fw_print("init refuses: status %d\n", (int)status);
        return 1;
    }
    for (clip = 0; clip < clips; clip++) {
        stapes_reset(&s);
        if (hear(samples) < MODEL_FRAMES)
            return 3;
        fw_write(out, rows, sizeof rows);
        look_inside();
        decide();
    }
    fw_print("stack %u %u state %u\n", (unsigned)stack_of_row, (unsigned)stack_of_decision,
             (unsigned)sizeof s);
    return 0;
}
