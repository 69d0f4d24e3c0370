// Signals at the edges of what a microphone can bring, which recordings seldom reach.
#ifndef STP_EMULATE_EDGE_CLIPS_H
#define STP_EMULATE_EDGE_CLIPS_H

#include <stdint.h>

enum { STP_EDGE_CLIPS = 3 };

// clips: [STP_EDGE_CLIPS][samples]: silence, a full-scale square wave of 36 samples a period, and one of two.
void stp_edge_clips(int16_t *clips, int samples);

#endif
