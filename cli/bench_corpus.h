// Recordings that no disk holds, for timing: tones in noise, as a corpus that the search takes for any other.
#ifndef STP_CLI_BENCH_CORPUS_H
#define STP_CLI_BENCH_CORPUS_H

#include "step/corpus.h"

enum { STP_BENCH_CLASSES = 35, STP_BENCH_CLIPS = 256, STP_BENCH_ORDER = STP_BENCH_CLIPS * 64 };

typedef struct stp_bench_corpus {
    stp_corpus corpus;
    int order[STP_BENCH_ORDER]; // the clips, again and again
    stp_dataset dataset;
    stp_clip clip[STP_BENCH_CLIPS];
    stp_noise noise;
    char labels_text[STP_BENCH_CLASSES][8];
    const char *labels[STP_BENCH_CLASSES];
    int16_t *audio;
} stp_bench_corpus;

// With the threads, front-ends, rate and length of the settings; features are not normalised.
stp_status stp_bench_corpus_open(stp_bench_corpus **corpus, const stp_settings *settings, stp_err *err);
void stp_bench_corpus_close(stp_bench_corpus *corpus); // NULL is fine

#endif
