// The files of a folder in the Speech Commands layout, <label>/<recording>, in an order that does not depend
// on the file system.
#include "dataset/folder.h"

#include "base/path.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

// Files grow while folders are listed; names live in the arena, the list itself moves when it grows.
typedef struct listing {
    stp_folder *folder;
    stp_file *file;
    int files, capacity;
    int stray;               // recordings outside any word's folder
    const char *stray_first; // one of them: the first by name
} listing;

static stp_status names_memory(stp_err *err) {
    return stp_err_memory(err, "the names of the recordings", 0);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_files(const void *a, const void *b) {
    return strcmp(((const stp_file *)a)->path, ((const stp_file *)b)->path);
}

// Names of a folder's entries that are not hidden, sorted, in the arena.
static stp_status list_names(stp_arena *arena, const char *dir, const char ***names, int *count,
                             stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    DIR *handle = opendir(dir);
    if (!handle)
        return stp_err_set(err, STP_ERR_IO,
                           "%s: cannot read this folder: %s; check the path and its permissions",
                           stp_path_brief(brief, dir), strerror(errno));
    int capacity = 0, used = 0;
    const char **list = NULL;
    stp_status status = STP_OK;
    for (const struct dirent *entry; status == STP_OK && (entry = readdir(handle));) {
        if (entry->d_name[0] == '.')
            continue;
        if (used == capacity) {
            int more = capacity ? capacity * 2 : 64;
            const char **larger = STP_ARENA_ARRAY(arena, const char *, more);
            if (larger && used)
                memcpy(larger, list, sizeof *list * (size_t)used);
            list = larger;
            capacity = more;
        }
        if (!list || !(list[used++] = stp_arena_strdup(arena, entry->d_name)))
            status = names_memory(err);
    }
    closedir(handle);
    if (status != STP_OK)
        return status;
    if (used)
        qsort(list, (size_t)used, sizeof *list, compare_names);
    *names = list;
    *count = used;
    return STP_OK;
}

static stp_status join(char path[PATH_MAX], const char *dir, const char *name, stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    int length = snprintf(path, PATH_MAX, "%s/%s", dir, name);
    if (length >= 0 && length < PATH_MAX)
        return STP_OK;
    return stp_err_set(err, STP_ERR_IO, "%s: the path of this folder is too long; move it to a shorter one",
                       stp_path_brief(brief, dir));
}

// Where the ending begins: a last dot with one to five characters behind it.
static size_t stem_length(const char *name) {
    const char *dot = strrchr(name, '.');
    size_t ending = dot ? strlen(dot + 1) : 0;
    return dot && dot != name && ending >= 1 && ending <= 5 ? (size_t)(dot - name) : strlen(name);
}

static char *copy_part(stp_arena *arena, const char *text, size_t length) {
    char *copy = stp_arena_alloc(arena, length + 1);
    return copy ? memcpy(copy, text, length) : NULL; // the arena is zeroed: the end is there
}

static stp_status fill_file(listing *list, stp_file *file, const char *label, const char *name, int word,
                            stp_err *err) {
    stp_arena *arena = list->folder->arena;
    size_t label_length = strlen(label), stem = stem_length(name);
    char *path = stp_arena_alloc(arena, label_length + strlen(name) + 2);
    if (!path)
        return names_memory(err);
    sprintf(path, "%s/%s", label, name);
    const char *mark = strstr(name, "_nohash_");
    *file = (stp_file){.path = path, .word = word};
    file->stem = copy_part(arena, path, label_length + 1 + stem);
    file->speaker = copy_part(arena, name, mark ? (size_t)(mark - name) : stem);
    if (!file->stem || !file->speaker)
        return names_memory(err);
    char full[PATH_MAX];
    struct stat info;
    // What cannot be looked at stays in the list: reading it will tell why.
    if (join(full, list->folder->dir, path, NULL) == STP_OK && stat(full, &info) == 0) {
        file->bytes = (uint64_t)info.st_size;
        file->mode = (unsigned)info.st_mode;
        file->mtime_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    }
    return STP_OK;
}

static stp_status scan_label(listing *list, const char *label, int word, stp_err *err) {
    char path[PATH_MAX];
    const char **names;
    int count;
    STP_TRY(join(path, list->folder->dir, label, err));
    STP_TRY(list_names(list->folder->arena, path, &names, &count, err));
    if (list->files > INT_MAX - count)
        return stp_err_set(err, STP_ERR_DATA, "%s: more recordings than can be counted; use a part of them",
                           label);
    if (list->files + count > list->capacity) {
        int capacity = list->files + count > 2 * list->capacity ? list->files + count : 2 * list->capacity;
        stp_file *larger = stp_alloc(sizeof *larger * (size_t)capacity);
        if (!larger)
            return stp_err_memory(err, "the list of recordings",
                                  sizeof *larger * (unsigned long long)capacity);
        if (list->files)
            memcpy(larger, list->file, sizeof *larger * (size_t)list->files);
        stp_free(list->file);
        list->file = larger;
        list->capacity = capacity;
    }
    for (int i = 0; i < count; i++)
        STP_TRY(fill_file(list, &list->file[list->files++], label, names[i], word, err));
    return STP_OK;
}

// Length of the UTF-8 character at p, 0 when it is none.
static int utf8_length(const unsigned char *p) {
    int length = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : 4;
    if (p[0] >= 0x80 && (p[0] < 0xc2 || p[0] > 0xf4))
        return 0;
    for (int i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return length;
}

// Labels are written into lists with commas, JSON and C sources.
static stp_status check_label(const stp_folder *folder, const char *label, stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    stp_path_brief(brief, folder->dir);
    for (const unsigned char *p = (const unsigned char *)label; *p;) {
        if (*p == ',')
            return stp_err_set(err, STP_ERR_DATA,
                               "%s: the folder name '%s' holds a comma, which divides labels; "
                               "rename the folder",
                               brief, label);
        if (*p < 0x20 || *p == 0x7f)
            return stp_err_set(err, STP_ERR_DATA,
                               "%s: the folder name '%s' holds a control character; rename the folder", brief,
                               label);
        int length = utf8_length(p);
        if (length == 0)
            return stp_err_set(err, STP_ERR_DATA, "%s: the folder name '%s' is not UTF-8; rename the folder",
                               brief, label);
        p += length;
    }
    return STP_OK;
}

static int sounds_like_audio(const char *name) {
    static const char *const endings[] = {"wav",  "flac", "ogg", "oga", "opus", "mp3",  "aif", "aiff",
                                          "aifc", "au",   "snd", "caf", "w64",  "rf64", "m4a", "wma"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0)
            return 1;
    return 0;
}

// A word's folder, the noise folder, or something to leave alone.
static stp_status scan_entry(listing *list, const char *name, stp_err *err) {
    stp_folder *folder = list->folder;
    char path[PATH_MAX];
    struct stat info;
    STP_TRY(join(path, folder->dir, name, err));
    if (stat(path, &info) != 0) {
        stp_folder_warn(folder, "%s: cannot be looked at: %s; left out", name, strerror(errno));
        return STP_OK;
    }
    if (!S_ISDIR(info.st_mode)) {
        if (sounds_like_audio(name) && list->stray++ == 0)
            list->stray_first = name;
        return STP_OK;
    }
    if (strcmp(name, STP_NOISE_FOLDER) == 0)
        return scan_label(list, name, STP_WORD_NOISE, err);
    if (name[0] == '_')
        return STP_OK;
    STP_TRY(check_label(folder, name, err));
    folder->word[folder->words] = name;
    return scan_label(list, name, folder->words++, err);
}

static stp_status scan_all(listing *list, stp_err *err) {
    stp_folder *folder = list->folder;
    const char **names;
    int count;
    STP_TRY(list_names(folder->arena, folder->dir, &names, &count, err));
    folder->word = STP_ARENA_ARRAY(folder->arena, const char *, count + 1);
    if (!folder->word)
        return names_memory(err);
    for (int i = 0; i < count; i++)
        STP_TRY(scan_entry(list, names[i], err));
    if (list->stray)
        stp_folder_warn(folder,
                        "%s: %d recording%s outside any word's folder left out; put each into a folder "
                        "named after its word",
                        list->stray_first, list->stray, list->stray > 1 ? "s" : "");
    folder->file = STP_ARENA_ARRAY(folder->arena, stp_file, list->files);
    if (!folder->file)
        return names_memory(err);
    if (list->files)
        memcpy(folder->file, list->file, sizeof *list->file * (size_t)list->files);
    folder->files = list->files;
    if (list->files)
        qsort(folder->file, (size_t)list->files, sizeof *folder->file, compare_files);
    return STP_OK;
}

stp_status stp_folder_scan(stp_folder *folder, stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    listing list = {.folder = folder};
    stp_status status = scan_all(&list, err);
    stp_free(list.file);
    if (status != STP_OK)
        return status;
    int clips = 0;
    for (int i = 0; i < folder->files; i++)
        clips += folder->file[i].word >= 0;
    if (clips == 0)
        return stp_err_set(err, STP_ERR_DATA,
                           "%s: no recordings found; they must lie in folders named after their words, as in "
                           "%s/yes/1.wav",
                           stp_path_brief(brief, folder->dir), brief);
    return STP_OK;
}
