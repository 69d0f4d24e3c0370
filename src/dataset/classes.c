#include "dataset/classes.h"

#include "base/path.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NO_CLASS = -1 };

typedef struct chooser {
    stp_folder *folder;
    stp_dataset *dataset;
    int *class_of;            // of each word; NO_CLASS: one of the other words
    int (*clips)[STP_SPLITS]; // usable clips of each word
    int targets;              // classes that are words
    const char **label;
    int unknown, silence; // class indices, or NO_CLASS
    stp_clip *clip;       // being filled
    int count, capacity;
} chooser;

static stp_status out_of_memory(stp_err *err, size_t bytes) {
    return stp_err_memory(err, "the classes and clips", bytes);
}

static int usable(const chooser *ch, int word) {
    return ch->clips[word][0] + ch->clips[word][1] + ch->clips[word][2];
}

static int find_word(const stp_folder *folder, const char *name, size_t length) {
    for (int word = 0; word < folder->words; word++)
        if (strlen(folder->word[word]) == length && memcmp(folder->word[word], name, length) == 0)
            return word;
    return -1;
}

// One word of --labels: as written, or else without the blanks around it.
static stp_status take_label(chooser *ch, const char *name, size_t length, stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    const stp_folder *folder = ch->folder;
    int word = find_word(folder, name, length);
    if (word < 0) {
        for (; length && *name == ' '; length--)
            name++;
        while (length && name[length - 1] == ' ')
            length--;
        word = find_word(folder, name, length);
    }
    int shown = length > 200 ? 200 : (int)length;
    if (length == 0)
        return stp_err_set(err, STP_ERR_USAGE,
                           "--labels: a word is empty; give words divided by single commas");
    if (name[0] == '_')
        return stp_err_set(err, STP_ERR_USAGE, "--labels: '%.*s' is no word; see --unknown and --silence",
                           shown, name);
    if (word < 0)
        return stp_err_set(err, STP_ERR_USAGE,
                           "--labels: there is no folder '%.*s' in %s; give names of folders", shown, name,
                           stp_path_brief(brief, folder->dir));
    if (ch->class_of[word] != NO_CLASS)
        return stp_err_set(err, STP_ERR_USAGE, "--labels: '%.*s' is there twice; give it once", shown, name);
    if (!usable(ch, word))
        return stp_err_set(err, STP_ERR_DATA,
                           "%s: no usable recording in this folder; add some or leave it out "
                           "of --labels",
                           folder->word[word]);
    ch->label[ch->targets] = folder->word[word];
    ch->class_of[word] = ch->targets++;
    return STP_OK;
}

static stp_status choose_targets(chooser *ch, stp_err *err) {
    const char *labels = ch->folder->options->labels;
    if (labels && *labels) {
        for (const char *at = labels;; at++) {
            size_t length = strcspn(at, ",");
            STP_TRY(take_label(ch, at, length, err));
            at += length;
            if (!*at)
                return STP_OK;
        }
    }
    for (int word = 0; word < ch->folder->words; word++) {
        if (!usable(ch, word)) {
            stp_folder_warn(ch->folder, "%s: no usable recording in this folder; not taken for a word",
                            ch->folder->word[word]);
            continue;
        }
        ch->label[ch->targets] = ch->folder->word[word];
        ch->class_of[word] = ch->targets++;
    }
    return STP_OK;
}

static int others_usable(const chooser *ch) {
    for (int word = 0; word < ch->folder->words; word++)
        if (ch->class_of[word] == NO_CLASS && usable(ch, word))
            return 1;
    return 0;
}

static stp_status choose_classes(chooser *ch, stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    const stp_dataset_options *options = ch->folder->options;
    STP_TRY(choose_targets(ch, err));
    int classes = ch->targets;
    ch->unknown = ch->silence = NO_CLASS;
    if (options->unknown && options->unknown_ratio > 0 && others_usable(ch)) {
        ch->label[classes] = STP_LABEL_UNKNOWN;
        ch->unknown = classes++;
    }
    if (options->silence) {
        if (ch->dataset->noises == 0)
            return stp_err_set(err, STP_ERR_DATA,
                               "%s: --silence needs recordings of noise in %s; add some or "
                               "leave --silence off",
                               stp_path_brief(brief, ch->folder->dir), STP_NOISE_FOLDER);
        ch->label[classes] = STP_LABEL_SILENCE;
        ch->silence = classes++;
    }
    if (classes < (options->partial ? 1 : 2))
        return stp_err_set(err, STP_ERR_DATA,
                           "%s: only one class%s%s, and a spotter tells at least two apart; add "
                           "folders of other words",
                           stp_path_brief(brief, ch->folder->dir), classes ? ": " : "",
                           classes ? ch->label[0] : "");
    ch->dataset->classes = classes;
    ch->dataset->labels = ch->label;
    return STP_OK;
}

static void add_file(chooser *ch, const stp_file *file, int class_index) {
    ch->clip[ch->count++] = (stp_clip){file->path,  file->speaker, file->word,      class_index,
                                       file->split, file->audio,   (int)file->count};
}

// Up to `most` clips of the other words, taken in turn: one of each word (in drawn order) until there are
// enough. files: those of the split, by word; each word's in drawn order.
static void add_in_turn(chooser *ch, const int *files, const int *start, const int *words, int others,
                        int most) {
    for (int turn = 0, taken = 1; most > 0 && taken; turn++) {
        taken = 0;
        for (int i = 0; i < others && most > 0; i++) {
            int at = start[words[i]] + turn;
            if (at >= start[words[i] + 1])
                continue;
            add_file(ch, &ch->folder->file[files[at]], ch->unknown);
            most--;
            taken = 1;
        }
    }
}

static int largest_target(const chooser *ch, stp_split split) {
    int largest = 0;
    for (int word = 0; word < ch->folder->words; word++)
        if (ch->class_of[word] != NO_CLASS && ch->clips[word][split] > largest)
            largest = ch->clips[word][split];
    return largest;
}

static stp_status add_unknown(chooser *ch, stp_split split, stp_err *err) {
    stp_folder *folder = ch->folder;
    int *files = STP_ARENA_ARRAY(folder->arena, int, folder->files);
    int *start = STP_ARENA_ARRAY(folder->arena, int, folder->words + 1);
    int *words = STP_ARENA_ARRAY(folder->arena, int, folder->words);
    if (!files || !start || !words)
        return out_of_memory(err, sizeof *files * (size_t)folder->files);
    uint64_t seed = folder->options->seed;
    int others = 0, count = 0;
    for (int word = 0; word < folder->words; word++) {
        start[word] = count;
        if (ch->class_of[word] != NO_CLASS)
            continue;
        words[others++] = word;
        for (int i = 0; i < folder->files; i++)
            if (folder->file[i].word == word && stp_file_usable_word(&folder->file[i]) &&
                folder->file[i].split == split)
                files[count++] = i;
        stp_rng rng = stp_rng_at(seed, STP_RNG_UNKNOWN, split, (uint64_t)word + 1);
        stp_rng_shuffle(&rng, files + start[word], count - start[word]);
    }
    start[folder->words] = count;
    stp_rng rng = stp_rng_at(seed, STP_RNG_UNKNOWN, split, 0);
    stp_rng_shuffle(&rng, words, others);
    double most = floor(folder->options->unknown_ratio * largest_target(ch, split));
    add_in_turn(ch, files, start, words, others, most < 1 ? 1 : most < count ? (int)most : count);
    return STP_OK;
}

// Places where a clip of noise can begin in a split's part; a part shorter than a clip has one place.
static int64_t places(const stp_dataset *dataset, const stp_noise *noise, stp_split split) {
    int64_t begin, count;
    stp_noise_part(noise, split, &begin, &count);
    return count <= 0 ? 0 : count < dataset->clip_samples ? 1 : count - dataset->clip_samples + 1;
}

static void add_silence(chooser *ch, stp_split split, int wanted) {
    const stp_dataset *dataset = ch->dataset;
    int64_t all = 0;
    for (int n = 0; n < dataset->noises; n++)
        all += places(dataset, &dataset->noise[n], split);
    for (int i = 0; i < wanted && all; i++) {
        stp_rng rng = stp_rng_at(ch->folder->options->seed, STP_RNG_SILENCE, split, (uint64_t)i);
        int64_t place = (int64_t)stp_rng_below(&rng, (uint64_t)all), begin, count;
        const stp_noise *noise = dataset->noise;
        for (; place >= places(dataset, noise, split); noise++)
            place -= places(dataset, noise, split);
        stp_noise_part(noise, split, &begin, &count);
        int stored = count < dataset->clip_samples ? (int)count : dataset->clip_samples;
        ch->clip[ch->count++] = (stp_clip){
            noise->path, noise->path, -1, ch->silence, split, noise->audio + begin + place, stored};
    }
}

// A multiple of the mean number of clips of a word, one at least.
static int silence_wanted(const chooser *ch, stp_split split) {
    double sum = 0;
    for (int word = 0; word < ch->folder->words; word++)
        sum += ch->class_of[word] != NO_CLASS ? ch->clips[word][split] : 0;
    double wanted = round(sum / ch->targets * ch->folder->options->silence_ratio);
    return wanted < 1 ? 1 : wanted > 100000000 ? 100000000 : (int)wanted;
}

static int compare_clips(const void *a, const void *b) {
    const stp_clip *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    if (order == 0)
        order = (x->audio > y->audio) - (x->audio < y->audio);
    return order ? order : (x->split > y->split) - (x->split < y->split);
}

static stp_status fill_clips(chooser *ch, stp_err *err) {
    stp_folder *folder = ch->folder;
    size_t capacity = (size_t)folder->files;
    for (int split = 0; split < STP_SPLITS && ch->silence != NO_CLASS; split++)
        capacity += (size_t)silence_wanted(ch, (stp_split)split);
    ch->clip = STP_ARENA_ARRAY(folder->arena, stp_clip, capacity);
    if (!ch->clip)
        return out_of_memory(err, capacity * sizeof *ch->clip);
    for (int i = 0; i < folder->files; i++) {
        const stp_file *file = &folder->file[i];
        if (stp_file_usable_word(file) && ch->class_of[file->word] != NO_CLASS)
            add_file(ch, file, ch->class_of[file->word]);
    }
    for (int split = 0; split < STP_SPLITS; split++) {
        if (ch->unknown != NO_CLASS)
            STP_TRY(add_unknown(ch, (stp_split)split, err));
        if (ch->silence != NO_CLASS)
            add_silence(ch, (stp_split)split, silence_wanted(ch, (stp_split)split));
    }
    qsort(ch->clip, (size_t)ch->count, sizeof *ch->clip, compare_clips);
    ch->dataset->clip = ch->clip;
    ch->dataset->clips = ch->count;
    return STP_OK;
}

static stp_status collect_noise(chooser *ch, stp_err *err) {
    const stp_folder *folder = ch->folder;
    int count = 0;
    for (int i = 0; i < folder->files; i++)
        count += folder->file[i].word == STP_WORD_NOISE && !folder->file[i].problem;
    stp_noise *noise = STP_ARENA_ARRAY(folder->arena, stp_noise, count);
    if (!noise)
        return out_of_memory(err, sizeof *noise * (size_t)count);
    ch->dataset->noise = noise;
    for (int i = 0; i < folder->files; i++) {
        const stp_file *file = &folder->file[i];
        if (file->word == STP_WORD_NOISE && !file->problem)
            noise[ch->dataset->noises++] = (stp_noise){file->path, file->audio, file->count};
    }
    return STP_OK;
}

stp_status stp_classes_choose(stp_dataset *dataset, stp_folder *folder, stp_err *err) {
    chooser ch = {.folder = folder, .dataset = dataset};
    size_t words = (size_t)folder->words;
    ch.class_of = STP_ARENA_ARRAY(folder->arena, int, words);
    ch.clips = stp_arena_alloc(folder->arena, sizeof *ch.clips * words);
    ch.label = STP_ARENA_ARRAY(folder->arena, const char *, words + 2);
    if (!ch.class_of || !ch.clips || !ch.label)
        return out_of_memory(err, words * sizeof *ch.clips);
    for (int word = 0; word < folder->words; word++)
        ch.class_of[word] = NO_CLASS;
    for (int i = 0; i < folder->files; i++)
        if (stp_file_usable_word(&folder->file[i]))
            ch.clips[folder->file[i].word][folder->file[i].split]++;
    STP_TRY(collect_noise(&ch, err));
    STP_TRY(choose_classes(&ch, err));
    return fill_clips(&ch, err);
}
