#include "dataset/folder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

void stp_folder_warn(const stp_folder *folder, const char *format, ...) {
    if (!folder->options->warn)
        return;
    stp_err line;
    char text[sizeof line.text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    stp_err_set(&line, STP_OK, "%s", text); // takes control characters out
    folder->options->warn(folder->options->progress_context, line.text);
}

int stp_file_usable_word(const stp_file *file) {
    return file->word >= 0 && !file->problem;
}

void stp_folder_warn_unusable(const stp_folder *folder) {
    for (int i = 0; i < folder->files; i++)
        if (folder->file[i].problem)
            stp_folder_warn(folder, "%s", folder->file[i].problem);
    if (folder->skipped > 1)
        stp_folder_warn(folder, "%.256s: %d of %d files are skipped", folder->dir, folder->skipped,
                        folder->files);
}

static stp_status check_options(const stp_dataset_options *options, stp_err *err) {
    if (!options->dir || !*options->dir)
        return stp_err_set(err, STP_ERR_USAGE, "no folder of recordings given; name one");
    if (options->rate_hz < 1 || options->clip_samples < 1)
        return stp_err_set(err, STP_ERR_USAGE, "--rate %d with clips of %d samples: both must be positive",
                           options->rate_hz, options->clip_samples);
    return STP_OK;
}

static stp_status open_steps(stp_folder *folder, stp_err *err) {
    folder->dir = stp_arena_strdup(folder->arena, folder->options->dir);
    if (!folder->dir)
        return stp_err_memory(err, "the folder's name", strlen(folder->options->dir));
    for (char *end = strrchr(folder->dir, 0); end > folder->dir + 1 && end[-1] == '/';)
        *--end = 0;
    STP_TRY(stp_folder_scan(folder, err));
    STP_TRY(stp_folder_cache(folder, err));
    for (int i = 0; i < folder->files; i++)
        folder->skipped += folder->file[i].problem != NULL;
    return stp_folder_split(folder, err);
}

stp_status stp_folder_open(stp_folder *folder, const stp_dataset_options *options, stp_err *err) {
    *folder = (stp_folder){.options = options};
    STP_TRY(check_options(options, err));
    folder->arena = stp_arena_create();
    if (!folder->arena)
        return stp_err_memory(err, "the list of recordings", 0);
    stp_status status = open_steps(folder, err);
    if (status != STP_OK)
        stp_folder_close(folder);
    return status;
}

void stp_folder_close(stp_folder *folder) {
    if (folder->map)
        munmap(folder->map, folder->map_bytes);
    stp_arena_destroy(folder->arena);
    *folder = (stp_folder){0};
}
