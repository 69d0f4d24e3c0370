#include "data_json.h"

#include <stdio.h>
#include <string.h>

json_t *stp_data_json_text(const char *text) {
    json_t *string = json_string(text);
    if (string)
        return string;
    char plain[4096];
    snprintf(plain, sizeof plain, "%s", text);
    for (char *p = plain; *p; p++)
        if ((unsigned char)*p > 0x7f)
            *p = '?';
    return json_string(plain);
}

static json_t *splits_json(const int clips[STP_SPLITS]) {
    return json_pack("{s:i,s:i,s:i}", "training", clips[STP_TRAINING], "validation", clips[STP_VALIDATION],
                     "testing", clips[STP_TESTING]);
}

static json_t *words_json(const stp_check *check) {
    json_t *list = json_array();
    for (int w = 0; w < check->folder.words; w++) {
        json_t *word = json_pack("{s:o}", "label", stp_data_json_text(check->word[w].label));
        json_object_update_new(word, splits_json(check->word[w].clips));
        json_object_set_new(word, "unusable", json_integer(check->word[w].unusable));
        json_array_append_new(list, word);
    }
    return list;
}

static json_t *classes_json(const stp_check *check) {
    json_t *list = json_array();
    for (int c = 0; c < check->dataset.classes && check->usable; c++) {
        int clips[STP_SPLITS];
        for (int split = 0; split < STP_SPLITS; split++)
            clips[split] = stp_dataset_count(&check->dataset, (stp_split)split, c);
        json_t *entry = json_pack("{s:o}", "label", stp_data_json_text(check->dataset.labels[c]));
        json_object_update_new(entry, splits_json(clips));
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *tallies_json(const stp_tally *tallies, int count) {
    json_t *object = json_object();
    for (int i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", tallies[i].value);
        json_object_set_new(object, key, json_integer(tallies[i].count));
    }
    return object;
}

static json_t *speakers_json(const stp_check *check) {
    json_t *shared = json_array();
    for (int i = 0; i < check->shared_count; i++)
        json_array_append_new(shared, stp_data_json_text(check->shared[i]));
    return json_pack("{s:i,s:o}", "count", check->speakers, "in_several_splits", shared);
}

static json_t *equal_json(const stp_check *check) {
    json_t *sets = json_array();
    for (int g = 0; g < check->groups; g++) {
        json_t *set = json_array();
        for (int i = check->group[g]; i < check->group[g + 1]; i++)
            json_array_append_new(set,
                                  json_pack("{s:o,s:s}", "path", stp_data_json_text(check->equal[i]->path),
                                            "split", stp_split_name(check->equal[i]->split)));
        json_array_append_new(sets, set);
    }
    return json_pack("{s:i,s:i,s:i,s:o}", "sets", check->groups, "across_splits", check->groups_over_splits,
                     "across_words", check->groups_over_words, "files", sets);
}

static json_t *unusable_json(const stp_folder *folder) {
    json_t *list = json_array();
    for (int i = 0; i < folder->files; i++)
        if (folder->file[i].problem)
            json_array_append_new(list,
                                  json_pack("{s:o,s:o}", "path", stp_data_json_text(folder->file[i].path),
                                            "problem", stp_data_json_text(folder->file[i].problem)));
    return list;
}

static json_t *seconds_json(const stp_check *check) {
    return json_pack("{s:f,s:f,s:f,s:i,s:i}", "shortest", check->shortest_s, "median", check->median_s,
                     "longest", check->longest_s, "shorter_than_clip", check->shorter, "longer_than_clip",
                     check->longer);
}

json_t *stp_data_json(const stp_check *check, json_t *notes) {
    json_t *reason = check->usable ? json_null() : stp_data_json_text(check->why_not.text);
    return json_pack("{s:o,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:{s:i,s:f},s:o,s:o}", "folder",
                     stp_data_json_text(check->folder.dir), "usable", check->usable, "reason", reason,
                     "words", words_json(check), "clips", splits_json(check->clips), "classes",
                     classes_json(check), "rates_hz", tallies_json(check->rate, check->rates), "channels",
                     tallies_json(check->channels, check->channel_counts), "seconds", seconds_json(check),
                     "speakers", speakers_json(check), "equal", equal_json(check), "noise", "recordings",
                     check->noises, "seconds", check->noise_s, "unusable", unusable_json(&check->folder),
                     "notes", notes);
}
