#include "emulate/edge_clips.h"

static void square(int16_t *clip, int samples, int half_period) {
    for (int i = 0; i < samples; i++)
        clip[i] = i / half_period % 2 ? INT16_MAX : INT16_MIN;
}

void stp_edge_clips(int16_t *clips, int samples) {
    for (int i = 0; i < samples; i++)
        clips[i] = 0;
    square(clips + samples, samples, 18);
    square(clips + 2 * (long)samples, samples, 1);
}
