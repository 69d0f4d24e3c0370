// hear RUN: what a trained system hears in raw 16-bit samples from standard input, at the system's rate.
// Try: stapes train ... --out found, then: sox clip.wav -t raw -r 16000 -e signed -b 16 -c 1 - | hear found
#include <stapes/stapes.h>

#include <stdio.h>
#include <stdlib.h>

enum { MOST_SAMPLES = 1 << 20 };

int main(int argc, char **argv) {
    char error[STAPES_ERROR_BYTES];
    stapes_spotter *spotter;
    if (argc != 2) {
        fprintf(stderr, "usage: hear RUN <samples.raw\n");
        return 2;
    }
    int status = stapes_spotter_open(&spotter, argv[1], 1, error);
    if (status != 0) {
        fprintf(stderr, "hear: %s\n", error);
        return status;
    }
    int labels = stapes_spotter_labels(spotter), best = 0;
    int16_t *samples = malloc(sizeof *samples * MOST_SAMPLES);
    int16_t *clip = malloc(sizeof *clip * (size_t)stapes_spotter_clip_samples(spotter));
    double *probabilities = malloc(sizeof *probabilities * (size_t)labels);
    if (!samples || !clip || !probabilities) {
        fprintf(stderr, "hear: out of memory\n");
        return 1;
    }
    size_t count = fread(samples, sizeof *samples, MOST_SAMPLES, stdin);
    stapes_spotter_cut(spotter, samples, count, clip);
    stapes_spotter_hear(spotter, (const int16_t *const *)&clip, 1, probabilities);
    for (int i = 1; i < labels; i++)
        if (probabilities[i] > probabilities[best])
            best = i;
    printf("%s\t%.4f\n", stapes_spotter_label(spotter, best), probabilities[best]);
    free(samples);
    free(clip);
    free(probabilities);
    stapes_spotter_close(spotter);
    return 0;
}
