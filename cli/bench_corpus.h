// Recordings that no disk holds, for timing: tones in noise, as a corpus that search and training take for
// any other.
#ifndef STP_CLI_BENCH_CORPUS_H
#define STP_CLI_BENCH_CORPUS_H

#include "step/corpus.h"

enum { STP_BENCH_CLASSES = 35 };

typedef struct stp_bench_corpus {
    stp_corpus corpus;
    stp_arena *arena;
    stp_dataset dataset;
    stp_noise noise;
    int *order; // [clips + longest batch] all clips, far apart as in a shuffle, the first ones again at the
                // end
    char labels_text[STP_BENCH_CLASSES][8];
    const char *labels[STP_BENCH_CLASSES];
    int16_t *audio;
} stp_bench_corpus;

// With the threads, front-ends, rate, length and number of clips (--clips) of the settings, in `classes` (at
// most STP_BENCH_CLASSES) classes; features are not normalised. batch: the longest that is drawn at once.
stp_status stp_bench_corpus_open(stp_bench_corpus **corpus, const stp_settings *settings, int classes,
                                 int batch, stp_err *err);
void stp_bench_corpus_close(stp_bench_corpus *corpus); // NULL is fine

// The clips of the index-th batch: `batch` of them, others than those of the batches before it where there
// are enough.
const int *stp_bench_corpus_batch(const stp_bench_corpus *corpus, int index, int batch);

#endif
