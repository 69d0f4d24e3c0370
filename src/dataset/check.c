#include "dataset/check.h"

#include "dataset/classes.h"

#include <stdlib.h>
#include <string.h>

static stp_status out_of_memory(stp_err *err, size_t bytes) {
    return stp_err_memory(err, "checking the recordings", bytes);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int compare_tallies(const void *a, const void *b) {
    const stp_tally *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static void tally(stp_tally *list, int *count, int value) {
    int i = 0;
    while (i < *count && list[i].value != value)
        i++;
    if (i == *count)
        list[(*count)++] = (stp_tally){value, 0};
    list[i].count++;
}

static void count_file(stp_check *check, const stp_file *file) {
    if (file->word == STP_WORD_NOISE) {
        check->noises += !file->problem;
        check->noise_s += file->problem ? 0 : (double)file->frames / file->rate_hz;
        return;
    }
    stp_check_word *word = &check->word[file->word];
    if (file->problem) {
        word->unusable++;
        return;
    }
    word->clips[file->split]++;
    check->clips[file->split]++;
    tally(check->rate, &check->rates, file->rate_hz);
    tally(check->channels, &check->channel_counts, file->channels);
}

static stp_status count_files(stp_check *check, stp_err *err) {
    stp_folder *folder = &check->folder;
    size_t files = (size_t)folder->files;
    check->word = STP_ARENA_ARRAY(folder->arena, stp_check_word, folder->words);
    check->rate = STP_ARENA_ARRAY(folder->arena, stp_tally, files);
    check->channels = STP_ARENA_ARRAY(folder->arena, stp_tally, files);
    if (!check->word || !check->rate || !check->channels)
        return out_of_memory(err, files * sizeof *check->rate);
    for (int i = 0; i < folder->words; i++)
        check->word[i].label = folder->word[i];
    for (int i = 0; i < folder->files; i++)
        count_file(check, &folder->file[i]);
    qsort(check->rate, (size_t)check->rates, sizeof *check->rate, compare_tallies);
    qsort(check->channels, (size_t)check->channel_counts, sizeof *check->channels, compare_tallies);
    return STP_OK;
}

static stp_status measure_lengths(stp_check *check, stp_err *err) {
    stp_folder *folder = &check->folder;
    double *seconds = STP_ARENA_ARRAY(folder->arena, double, folder->files);
    if (!seconds)
        return out_of_memory(err, sizeof *seconds * (size_t)folder->files);
    double clip_s = (double)folder->options->clip_samples / folder->options->rate_hz;
    size_t count = 0;
    for (int i = 0; i < folder->files; i++) {
        const stp_file *file = &folder->file[i];
        if (!stp_file_usable_word(file))
            continue;
        seconds[count] = (double)file->frames / file->rate_hz;
        check->shorter += seconds[count] < clip_s;
        check->longer += seconds[count] > clip_s;
        count++;
    }
    if (count == 0)
        return STP_OK;
    qsort(seconds, count, sizeof *seconds, compare_doubles);
    check->shortest_s = seconds[0];
    check->median_s = (seconds[(count - 1) / 2] + seconds[count / 2]) / 2;
    check->longest_s = seconds[count - 1];
    return STP_OK;
}

static int compare_speakers(const void *a, const void *b) {
    return strcmp((*(const stp_file *const *)a)->speaker, (*(const stp_file *const *)b)->speaker);
}

// The usable clips of words; of all, or of those whose names tell a speaker.
static int collect(const stp_folder *folder, int with_speaker, const stp_file **out) {
    int count = 0;
    for (int i = 0; i < folder->files; i++) {
        const stp_file *file = &folder->file[i];
        if (stp_file_usable_word(file) && (!with_speaker || strstr(file->path, "_nohash_")))
            out[count++] = file;
    }
    return count;
}

static stp_status find_shared_speakers(stp_check *check, stp_err *err) {
    stp_folder *folder = &check->folder;
    const stp_file **file = STP_ARENA_ARRAY(folder->arena, const stp_file *, folder->files);
    check->shared = STP_ARENA_ARRAY(folder->arena, const char *, folder->files);
    if (!file || !check->shared)
        return out_of_memory(err, sizeof *file * (size_t)folder->files);
    int count = collect(folder, 1, file);
    qsort(file, (size_t)count, sizeof *file, compare_speakers);
    for (int i = 0; i < count;) {
        const char *speaker = file[i]->speaker;
        unsigned splits = 0;
        for (; i < count && strcmp(file[i]->speaker, speaker) == 0; i++)
            splits |= 1u << file[i]->split;
        check->speakers++;
        if (splits & (splits - 1))
            check->shared[check->shared_count++] = speaker;
    }
    return STP_OK;
}

// --- equal recordings --------------------------------------------------------------------------------------

typedef struct print {
    uint64_t hash;
    const stp_file *file;
} print;

static uint64_t hash_samples(const int16_t *samples, int64_t count) {
    uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)count;
    for (int64_t i = 0; i < count; i++)
        hash = (hash ^ (uint16_t)samples[i]) * 0x100000001b3u; // FNV-1a, a sample at a time
    return hash;
}

static int compare_prints(const void *a, const void *b) {
    const print *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return strcmp(x->file->path, y->file->path);
}

static int same_samples(const stp_folder *folder, const stp_file *a, const stp_file *b) {
    return a->count == b->count && memcmp(folder->audio + a->audio, folder->audio + b->audio,
                                          sizeof(int16_t) * (size_t)a->count) == 0;
}

static void note_set(stp_check *check, int first, int count) {
    int splits = 0, words = 0;
    for (int i = first + 1; i < first + count; i++) {
        splits |= check->equal[i]->split != check->equal[first]->split;
        words |= check->equal[i]->word != check->equal[first]->word;
    }
    check->groups_over_splits += splits;
    check->groups_over_words += words;
    check->group[check->groups++] = first;
    check->group[check->groups] = first + count;
}

// prints: sorted by hash and path, so that equal recordings are neighbours. sets: as many, for the same files
// with the number of their set's first file instead of the hash; sorted, they are the sets in order.
static void gather_sets(stp_check *check, const print *prints, print *sets, int count) {
    const stp_folder *folder = &check->folder;
    for (int i = 0; i < count; i++) {
        sets[i] = (print){(uint64_t)(prints[i].file - folder->file), prints[i].file};
        for (int k = i - 1; k >= 0 && prints[k].hash == prints[i].hash; k--)
            if (same_samples(folder, prints[k].file, prints[i].file)) {
                sets[i].hash = sets[k].hash;
                break;
            }
    }
    qsort(sets, (size_t)count, sizeof *sets, compare_prints);
    for (int i = 0, used = 0, next; i < count; i = next) {
        for (next = i; next < count && sets[next].hash == sets[i].hash; next++)
            continue;
        if (next - i < 2)
            continue;
        for (int k = i; k < next; k++)
            check->equal[used++] = sets[k].file;
        note_set(check, used - (next - i), next - i);
    }
}

static stp_status find_equal(stp_check *check, stp_err *err) {
    stp_folder *folder = &check->folder;
    size_t files = (size_t)folder->files;
    print *prints = STP_ARENA_ARRAY(folder->arena, print, files);
    print *sets = STP_ARENA_ARRAY(folder->arena, print, files);
    check->equal = STP_ARENA_ARRAY(folder->arena, const stp_file *, files);
    check->group = STP_ARENA_ARRAY(folder->arena, int, files + 1);
    if (!prints || !sets || !check->equal || !check->group)
        return out_of_memory(err, files * sizeof *prints);
    int count = collect(folder, 0, check->equal);
    for (int i = 0; i < count; i++) {
        const stp_file *file = check->equal[i];
        prints[i] = (print){hash_samples(folder->audio + file->audio, file->count), file};
    }
    qsort(prints, (size_t)count, sizeof *prints, compare_prints);
    gather_sets(check, prints, sets, count);
    return STP_OK;
}

static stp_status examine(stp_check *check, stp_err *err) {
    STP_TRY(count_files(check, err));
    STP_TRY(measure_lengths(check, err));
    STP_TRY(find_shared_speakers(check, err));
    STP_TRY(find_equal(check, err));
    stp_status status = stp_dataset_from_folder(&check->dataset, &check->folder, &check->why_not);
    check->usable = status == STP_OK;
    // Memory and options are no property of the folder.
    if (status == STP_ERR_MEMORY || status == STP_ERR_USAGE)
        return stp_err_set(err, status, "%s", check->why_not.text);
    return STP_OK;
}

stp_status stp_check_open(stp_check *check, const stp_dataset_options *options, stp_err *err) {
    *check = (stp_check){0};
    STP_TRY(stp_folder_open(&check->folder, options, err));
    stp_status status = examine(check, err);
    if (status != STP_OK)
        stp_check_close(check);
    return status;
}

void stp_check_close(stp_check *check) {
    stp_folder_close(&check->folder);
}
