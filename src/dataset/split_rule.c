// The published rule by speaker, corrected for small folders.
//
// All clips of a speaker go where the hash of the speaker's name says. In a small folder that can leave a
// word without a clip in some split. Then, word after word (sorted) and for testing, validation, training in
// this order, the speaker of that word whose hash lies nearest to the empty split's range is moved there with
// all of his clips, unless that would empty another split of any word. Where no speaker can be moved (fewer
// than three speakers say the word), the word's clips are split one by one by the hash of their own names,
// and moved in the same way. Nothing is drawn: the same folder always gives the same splits.
#include "dataset/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct unit {
    const char *name; // of the speaker
    double percent;
    stp_split split;
    int first, count; // its files in rule.by_unit
} unit;

typedef struct rule {
    stp_folder *folder;
    const stp_split_lists *lists;
    stp_file **by_unit; // usable clips that no list fixed: by speaker, then path
    int files;
    unit *units;
    int unit_count;
    int (*clips)[STP_SPLITS]; // of each word
} rule;

static int compare_speakers(const void *a, const void *b) {
    const stp_file *x = *(stp_file *const *)a, *y = *(stp_file *const *)b;
    int order = strcmp(x->speaker, y->speaker);
    return order ? order : strcmp(x->path, y->path);
}

// How far a percentage is from a split's range.
static double distance(double percent, stp_split split) {
    static const double low[STP_SPLITS] = {20, 0, 10}, high[STP_SPLITS] = {100, 10, 20};
    return percent < low[split] ? low[split] - percent : percent > high[split] ? percent - high[split] : 0;
}

// The rule's split, among those that no list gives.
static stp_split ruled(const rule *r, const char *name) {
    stp_split split = stp_split_rule(name);
    return r->lists->have[split] ? STP_TRAINING : split;
}

static stp_status collect(rule *r, stp_err *err) {
    stp_folder *folder = r->folder;
    stp_arena *arena = folder->arena;
    r->by_unit = STP_ARENA_ARRAY(arena, stp_file *, folder->files);
    r->units = STP_ARENA_ARRAY(arena, unit, folder->files);
    r->clips = stp_arena_alloc(arena, sizeof *r->clips * (size_t)folder->words);
    if (!r->by_unit || !r->units || !r->clips)
        return stp_err_memory(err, "the splits", sizeof *r->units * (unsigned long long)folder->files);
    for (int i = 0; i < folder->files; i++) {
        stp_file *file = &folder->file[i];
        if (!stp_file_usable_word(file))
            continue;
        if (r->lists->fixed[i])
            r->clips[file->word][file->split]++;
        else
            r->by_unit[r->files++] = file;
    }
    qsort(r->by_unit, (size_t)r->files, sizeof *r->by_unit, compare_speakers);
    for (int i = 0; i < r->files; i++) {
        const char *speaker = r->by_unit[i]->speaker;
        unit *u = &r->units[r->unit_count - (r->unit_count > 0)];
        if (i == 0 || strcmp(u->name, speaker) != 0) {
            u = &r->units[r->unit_count++];
            *u = (unit){speaker, stp_split_percent(speaker), ruled(r, speaker), i, 0};
        }
        u->count++;
        r->by_unit[i]->split = u->split;
        r->clips[r->by_unit[i]->word][u->split]++;
    }
    return STP_OK;
}

static int says_word(const rule *r, const unit *u, int word) {
    for (int i = u->first; i < u->first + u->count; i++)
        if (r->by_unit[i]->word == word)
            return 1;
    return 0;
}

// Whether every word of the speaker keeps a clip in the split he would leave. A speaker's clips are sorted by
// path, so those of a word lie together.
static int can_leave(const rule *r, const unit *u) {
    for (int i = u->first, end = u->first + u->count; i < end;) {
        int word = r->by_unit[i]->word, same = 0;
        for (; i < end && r->by_unit[i]->word == word; i++)
            same++;
        if (r->clips[word][u->split] == same)
            return 0;
    }
    return 1;
}

static void move_unit(rule *r, unit *u, stp_split split) {
    for (int i = u->first; i < u->first + u->count; i++) {
        r->clips[r->by_unit[i]->word][u->split]--;
        r->clips[r->by_unit[i]->word][split]++;
        r->by_unit[i]->split = split;
    }
    u->split = split;
}

// Units are in the order of their names, so that the first of equals is the same everywhere.
static int fill_by_speaker(rule *r, int word, stp_split split) {
    unit *nearest = NULL;
    double least = INFINITY;
    for (int i = 0; i < r->unit_count; i++) {
        unit *u = &r->units[i];
        double d = distance(u->percent, split);
        if (u->split != split && d < least && says_word(r, u, word) && can_leave(r, u)) {
            nearest = u;
            least = d;
        }
    }
    if (nearest)
        move_unit(r, nearest, split);
    return nearest != NULL;
}

static const char *base_of(const stp_file *file) {
    const char *slash = strrchr(file->stem, '/');
    return slash ? slash + 1 : file->stem;
}

static void move_clip(rule *r, stp_file *file, stp_split split) {
    r->clips[file->word][file->split]--;
    r->clips[file->word][split]++;
    file->split = split;
}

static void fill_by_clip(rule *r, int word, stp_split split) {
    stp_file *nearest = NULL;
    double least = INFINITY;
    for (int i = 0; i < r->files; i++) {
        stp_file *file = r->by_unit[i];
        if (file->word != word || r->clips[word][file->split] < 2)
            continue;
        double d = distance(stp_split_percent(base_of(file)), split);
        if (d < least) {
            nearest = file;
            least = d;
        }
    }
    if (nearest)
        move_clip(r, nearest, split);
}

static const stp_split fill_order[STP_SPLITS] = {STP_TESTING, STP_VALIDATION, STP_TRAINING};

static void split_by_clip(rule *r, int word) {
    int shared = 0;
    for (int i = 0; i < r->files; i++) {
        stp_file *file = r->by_unit[i];
        if (file->word != word)
            continue;
        shared += strcmp(file->speaker, base_of(file)) != 0;
        move_clip(r, file, ruled(r, base_of(file)));
    }
    for (int i = 0; i < STP_SPLITS; i++)
        if (r->clips[word][fill_order[i]] == 0 && !r->lists->have[fill_order[i]])
            fill_by_clip(r, word, fill_order[i]);
    if (shared)
        stp_folder_warn(r->folder,
                        "%s: too few speakers for three splits; its clips are split one by one, so a "
                        "speaker may be in two splits",
                        r->folder->word[word]);
}

static int word_clips(const rule *r, int word) {
    return r->clips[word][STP_TRAINING] + r->clips[word][STP_VALIDATION] + r->clips[word][STP_TESTING];
}

stp_status stp_split_by_rule(stp_folder *folder, const stp_split_lists *lists, stp_err *err) {
    rule r = {.folder = folder, .lists = lists};
    STP_TRY(collect(&r, err));
    unsigned char *by_clip = stp_arena_alloc(folder->arena, (size_t)folder->words);
    if (!by_clip)
        return stp_err_memory(err, "the splits", (unsigned long long)folder->words);
    for (int word = 0; word < folder->words; word++)
        for (int i = 0; i < STP_SPLITS && word_clips(&r, word); i++)
            if (r.clips[word][fill_order[i]] == 0 && !lists->have[fill_order[i]])
                by_clip[word] |= !fill_by_speaker(&r, word, fill_order[i]);
    // Last, since a speaker's clips then no longer lie in one split.
    for (int word = 0; word < folder->words; word++)
        if (by_clip[word])
            split_by_clip(&r, word);
    return STP_OK;
}
