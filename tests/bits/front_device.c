// On the emulated processor: clips through the front-end, in pieces as a driver brings them, and every bit of
// every row compared with the host's. front_device CLIPS FEATURES SAMPLES_A_CLIP [LIMIT]; prints the largest
// number of differing bits it met, and marks one frame for counting.
#include "front/front.h"
#include "fw.h"

#include <string.h>

enum { PIECE = 160, MAX_COEFFICIENTS = 128, MEMORY_BYTES = 16384 };

extern const stapes_front_config *const config;
static uint32_t memory[MEMORY_BYTES / 4];
static int rows, wrong;

static int number(const char *text) {
    int value = 0;
    while (*text)
        value = 10 * value + *text++ - '0';
    return value;
}

static void compare(const float *row, int features) {
    float expected[MAX_COEFFICIENTS];
    size_t bytes = sizeof(float) * (size_t)config->coefficients;
    if (fw_read(features, expected, bytes) != (long)bytes || memcmp(row, expected, bytes) != 0) {
        if (wrong++ == 0)
            fw_print("row %d differs\n", rows);
    }
    rows++;
}

static void run_clips(stapes_front *front, int clips, int features, int samples_a_clip) {
    int16_t piece[PIECE];
    float row[MAX_COEFFICIENTS];
    for (int taken = 0;;) {
        size_t want = samples_a_clip - taken < PIECE ? (size_t)(samples_a_clip - taken) : PIECE;
        size_t count = (size_t)fw_read(clips, piece, 2 * want) / 2;
        if (count == 0)
            break;
        const int16_t *samples = piece;
        taken += (int)count;
        while (stapes_front_push(front, &samples, &count, row))
            compare(row, features);
        if (taken == samples_a_clip) {
            stapes_front_reset(front);
            taken = 0;
        }
    }
    if (rows == 0 || fw_read(features, row, sizeof row) != 0) {
        fw_print("%d rows, and the host has others\n", rows);
        wrong++;
    }
}

// What a frame costs in a stream: the samples of one hop, and the row they complete.
static void count_frame(stapes_front *front, int clips, int samples_a_clip) {
    static int16_t window[4096];
    float row[MAX_COEFFICIENTS];
    (void)samples_a_clip;
    size_t first = (size_t)config->window_samples, hop = (size_t)config->hop_samples;
    fw_read(clips, window, 2 * (first + hop));
    const int16_t *samples = window;
    stapes_front_push(front, &samples, &first, row);
    fw_stack_repaint();
    fw_count_begin();
    int complete = stapes_front_push(front, &samples, &hop, row);
    fw_count_end();
    fw_print("%d rows, %d differ; stack of a frame %u bytes\n", rows, wrong, (unsigned)fw_stack_used());
    wrong += !complete;
}

int main(int argc, char **argv) {
    stapes_front front;
    int clips, features;
    if (argc != 4 || (clips = fw_open(argv[1], "r")) < 0 || (features = fw_open(argv[2], "r")) < 0)
        return 2;
    stapes_front_status status = stapes_front_init(&front, config, memory, stapes_front_memory_bytes(config));
    if (status != STAPES_FRONT_OK || stapes_front_memory_bytes(config) > MEMORY_BYTES) {
        fw_print("init: status %d\n", (int)status);
        return 1;
    }
    run_clips(&front, clips, features, number(argv[3]));
    fw_close(clips);
    count_frame(&front, fw_open(argv[1], "r"), number(argv[3]));
    return wrong != 0;
}
