// Using a trained system from C: open the run folder that `stapes train` made, and hear clips.
//
// Link libstapes and what it stands on (CMake: target_link_libraries(... stapes)). Everything of a spotter is
// used by one thread at a time; it may have threads of its own. examples/hear.c is a whole program.
#ifndef STAPES_STAPES_H
#define STAPES_STAPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct stapes_spotter stapes_spotter;

enum {
    STAPES_ERROR_BYTES = 1024,
    STAPES_CLIPS_MOST = 16 // clips heard in one call; they take hardly longer than one
};

// Reads the run folder. threads: 0 takes all processors; results do not depend on it. Returns 0; else the
// exit status that the program would end with (1 failed, 2 wrong use), and `error` holds one line that names
// the file, what is wrong and what to do.
int stapes_spotter_open(stapes_spotter **spotter, const char *run, int threads,
                        char error[STAPES_ERROR_BYTES]);
void stapes_spotter_close(stapes_spotter *spotter); // NULL is fine

int stapes_spotter_rate_hz(const stapes_spotter *spotter);      // of the samples it hears
int stapes_spotter_clip_samples(const stapes_spotter *spotter); // how many make a clip
int stapes_spotter_labels(const stapes_spotter *spotter);       // how many things it tells apart
// 0 .. labels - 1: a word, or "_unknown_" or "_silence_". UTF-8; lives as long as the spotter.
const char *stapes_spotter_label(const stapes_spotter *spotter, int index);

// A clip from `count` samples of any number: of more the loudest stretch, fewer in the middle of zeros.
// clip: [clip_samples], apart from `samples`.
void stapes_spotter_cut(const stapes_spotter *spotter, const int16_t *samples, size_t count, int16_t *clip);

// clips: [count], each [clip_samples]; count at most STAPES_CLIPS_MOST. probabilities: [count][labels]; each
// row sums to 1. What a clip gets does not depend on the others. Allocates nothing and cannot fail.
void stapes_spotter_hear(stapes_spotter *spotter, const int16_t *const *clips, int count,
                         double *probabilities);

#ifdef __cplusplus
}
#endif
#endif
