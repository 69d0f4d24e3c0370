#include "emulate/emulate.h"

#include "base/arena.h"
#include "base/file.h"
#include "emulate/count_file.h"
#include "emulate/host_answers.h"
#include "emulate/link_map.h"
#include "export/embedded.h"
#include "export/firmware.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MISSING = 77, COMMAND_BYTES = 2 * STP_PATH_BYTES };

typedef struct emulation {
    const stp_system_source *system;
    const char *processor;
    char folder[STP_PATH_BYTES]; // a new one, removed at the end
    int clips, clip_samples;
} emulation;

// --- commands in the folder ----------------------------------------------------------------------------

static stp_status read_file(const emulation *e, const char *name, char **data, size_t *bytes, stp_err *err) {
    char path[STP_PATH_BYTES];
    STP_TRY(stp_path_join(path, e->folder, name, err));
    return stp_file_read(path, data, bytes, err);
}

// The first line that the command wrote, which says what is wrong.
static stp_status failed(const emulation *e, const char *what, int status, stp_err *err) {
    char *log = NULL;
    size_t bytes;
    stp_err ignored;
    if (read_file(e, "log", &log, &bytes, &ignored) == STP_OK)
        log[strcspn(log, "\n")] = 0;
    stp_err_set(err, STP_ERR_IO, "%s for %s failed (status %d)%s%.200s", what, e->processor, status,
                log && *log ? ": " : "", log ? log : "");
    if (status == MISSING)
        stp_err_set(err, STP_ERR_IO,
                    "%s for %s: compiler or emulator are not installed; on Debian and Ubuntu: "
                    "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm "
                    "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc",
                    what, e->processor);
    stp_free(log);
    return STP_ERR_IO;
}

// A line for the shell, run in the folder. Nothing of the user's is in it but the folder's name.
static stp_status run(const emulation *e, const char *what, const char *line, stp_err *err) {
    char command[COMMAND_BYTES];
    size_t at = (size_t)snprintf(command, sizeof command, "cd '");
    for (const char *p = e->folder; *p && at + 5 < sizeof command; p++)
        at += (size_t)snprintf(command + at, sizeof command - at, *p == '\'' ? "'\\''" : "%c", *p);
    if (at + strlen(line) + 20 > sizeof command)
        return stp_err_set(err, STP_ERR_USAGE, "the path of the folder for temporary files is too long");
    snprintf(command + at, sizeof command - at, "' && { %s; } >log 2>&1", line);
    fflush(NULL);
    int status = system(command);
    if (status == 0)
        return STP_OK;
    if (WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 130))
        return stp_err_set(err, STP_ERR_INTERRUPTED, "interrupted");
    return failed(e, what, WIFEXITED(status) ? WEXITSTATUS(status) : status, err);
}

// --- before --------------------------------------------------------------------------------------------

static stp_status write_input(const emulation *e, const int16_t *clips, stp_err *err) {
    char path[STP_PATH_BYTES];
    STP_TRY(stp_path_join(path, e->folder, "clips", err));
    return stp_file_write(path, clips, sizeof *clips * (size_t)e->clips * (size_t)e->clip_samples, err);
}

static stp_status write_sources(const emulation *e, stp_err *err) {
    char path[STP_PATH_BYTES];
    STP_TRY(stp_path_join(path, e->folder, "system", err));
    STP_TRY(stp_firmware_write(e->system, path, err));
    for (const stp_embedded_file *file = stp_embedded; file->name; file++)
        if (strncmp(file->name, "firmware/", 9) == 0)
            STP_TRY(stp_embedded_write(file, "", e->folder, err));
    return STP_OK;
}

static stp_status make_folder(emulation *e, stp_err *err) {
    const char *temporary = getenv("TMPDIR");
    snprintf(e->folder, sizeof e->folder, "%s/stapes-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (mkdtemp(e->folder))
        return STP_OK;
    stp_status status =
        stp_err_set(err, STP_ERR_IO, "%.200s: no folder can be made there (TMPDIR names another)", e->folder);
    e->folder[0] = 0; // nothing to remove
    return status;
}

static void remove_folder(const emulation *e) {
    stp_err ignored;
    if (e->folder[0] &&
        run(e, "", "rm -rf firmware system clips answers counts program*", &ignored) == STP_OK) {
        char path[STP_PATH_BYTES];
        if (stp_path_join(path, e->folder, "log", &ignored) == STP_OK)
            unlink(path);
        rmdir(e->folder);
    }
}

// --- after ---------------------------------------------------------------------------------------------

static void compare(const emulation *e, stp_emulated *result, const uint8_t *host, const uint8_t *chip) {
    const stapes_model *m = e->system->model;
    size_t rows = (size_t)m->map[m->input].h * m->map[m->input].w, classes = m->map[m->output].c;
    size_t sums = rows + sizeof(uint32_t) * m->ops, one = stp_answer_bytes(m);
    for (int i = 0; i < e->clips; i++, host += one, chip += one) {
        result->rows_wrong += memcmp(host, chip, rows) != 0;
        for (int op = 0; op < m->ops; op++)
            result->op_wrong[op] += memcmp(host + rows + 4 * op, chip + rows + 4 * op, 4) != 0;
        result->logits_wrong += memcmp(host + sums, chip + sums, classes) != 0;
        memcpy(result->logits + (size_t)i * classes, chip + sums, classes);
    }
}

static stp_status read_answers(const emulation *e, stp_emulated *result, const uint8_t *host, stp_err *err) {
    char *chip;
    size_t bytes, one = stp_answer_bytes(e->system->model);
    STP_TRY(read_file(e, "answers", &chip, &bytes, err));
    if (bytes == one * (size_t)e->clips)
        compare(e, result, host, (const uint8_t *)chip);
    stp_free(chip);
    return bytes == one * (size_t)e->clips
               ? STP_OK
               : stp_err_set(err, STP_ERR_MISMATCH, "%s answered %zu bytes instead of %zu", e->processor,
                             bytes, one * (size_t)e->clips);
}

static stp_status read_counts(const emulation *e, stp_emulated *result, stp_err *err) {
    char *text;
    size_t bytes;
    STP_TRY(read_file(e, "counts", &text, &bytes, err));
    int found = stp_count_file_find(text, 0, &result->row);
    for (int i = 0; i < result->ops; i++)
        found &= stp_count_file_find(text, i + 1, &result->op[i]);
    stp_free(text);
    return found ? STP_OK
                 : stp_err_set(err, STP_ERR_MISMATCH, "the emulator's plugin did not count every operation");
}

static const char *next_line(const char *line) {
    const char *end = strchr(line, '\n');
    return end ? end + 1 : NULL;
}

// The line that run_on.c prints; others are the emulator's own.
static int read_stack(const char *log, stp_emulated *result, long *state) {
    for (const char *line = log; line; line = next_line(line))
        if (sscanf(line, "stack %ld %ld state %ld", &result->stack_of_row, &result->stack_of_decision,
                   state) == 3)
            return 1;
    return 0;
}

static stp_status read_sizes(const emulation *e, stp_emulated *result, stp_err *err) {
    char *text;
    size_t bytes;
    STP_TRY(read_file(e, "program.map", &text, &bytes, err));
    stp_link_map_read(text, &result->flash, &result->static_ram);
    stp_free(text);
    STP_TRY(read_file(e, "log", &text, &bytes, err));
    long state = 0;
    int found = read_stack(text, result, &state);
    stp_free(text);
    result->static_ram += state;
    return found ? STP_OK
                 : stp_err_set(err, STP_ERR_MISMATCH, "%s did not tell its stack and state", e->processor);
}

// --- the whole -----------------------------------------------------------------------------------------

static stp_status emulate(emulation *e, stp_emulated *result, const int16_t *clips, uint8_t *host,
                          stp_err *err) {
    char line[256];
    STP_TRY(stp_host_answers(e->system->model, clips, e->clips, e->clip_samples, host, err));
    STP_TRY(make_folder(e, err));
    STP_TRY(write_sources(e, err));
    STP_TRY(write_input(e, clips, err));
    snprintf(
        line, sizeof line,
        "cd system && ../firmware/build %s ../program -I. -Istapes ../firmware/run_on.c model.c stapes/*/*.c",
        e->processor);
    STP_TRY(run(e, "compiling", line, err));
    snprintf(line, sizeof line, "firmware/run --count counts %s program clips answers %d", e->processor,
             e->clip_samples);
    STP_TRY(run(e, "running", line, err));
    STP_TRY(read_answers(e, result, host, err));
    STP_TRY(read_counts(e, result, err));
    return read_sizes(e, result, err);
}

stp_status stp_emulate(stp_emulated *result, const stp_system_source *system, const char *processor,
                       const int16_t *clips, int count, int clip_samples, stp_err *err) {
    const stapes_model *m = system->model;
    emulation e = {.system = system, .processor = processor, .clips = count, .clip_samples = clip_samples};
    *result = (stp_emulated){.clips = count, .ops = m->ops};
    result->op_wrong = stp_alloc(sizeof *result->op_wrong * m->ops);
    result->op = stp_alloc(sizeof *result->op * m->ops);
    result->logits = stp_alloc((size_t)count * m->map[m->output].c);
    uint8_t *host = stp_alloc((size_t)count * stp_answer_bytes(m));
    stp_status status = STP_OK;
    if (!result->op_wrong || !result->op || !result->logits || !host)
        status = stp_err_memory(err, "an emulation", (unsigned long long)count * stp_answer_bytes(m));
    if (status == STP_OK)
        status = emulate(&e, result, clips, host, err);
    remove_folder(&e);
    stp_free(host);
    return status;
}

void stp_emulated_free(stp_emulated *result) {
    stp_free(result->op_wrong);
    stp_free(result->op);
    stp_free(result->logits);
    *result = (stp_emulated){0};
}
