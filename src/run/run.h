// The run folder: settings, journal, checkpoints, results. What must be equal between two runs of one seed
// (journal, genotype, weights) and what is time (times.jsonl) are separate files.
#ifndef STP_RUN_RUN_H
#define STP_RUN_RUN_H

#include "base/status.h"

#include <jansson.h>
#include <stddef.h>

typedef struct stp_run stp_run;

// Makes the folder (parents too) and claims it, as below. A folder that exists and is not empty is refused
// (STP_ERR_USAGE: give another --out), as is one that cannot be written or that another process has claimed.
stp_status stp_run_create(stp_run **run, const char *path, stp_err *err);
// Opens an existing one; STP_ERR_IO / STP_ERR_FORMAT when it is none (no settings.json).
stp_status stp_run_open(stp_run **run, const char *path, stp_err *err);
// Before hours of work: whether stp_run_create will be able to make this folder and write into it. Leaves no
// trace.
stp_status stp_run_may_create(const char *path, stp_err *err);
// For whoever is going to write into the run: STP_ERR_IO when the folder cannot be written, or another
// process has claimed it, which two of them at once would spoil. Holds until the run is closed or the process
// ends, however it ends.
stp_status stp_run_claim(stp_run *run, stp_err *err);
void stp_run_close(stp_run *run);
// Removes the folder of a run that was just made and came to nothing, with the files in it, and closes the
// run. What cannot be removed stays.
void stp_run_discard(stp_run *run);
const char *stp_run_path(const stp_run *run);
// The path as a word of a command line that a message proposes (path.h).
const char *stp_run_word(stp_run *run);
// STP_ERR_USAGE: "<path> <what>: stapes <command> <path><rest>", what the run lacks and how to get it.
stp_status stp_run_lacks(stp_run *run, const char *what, const char *command, const char *rest, stp_err *err);
int stp_run_has(const stp_run *run, const char *name);

// Whole JSON files, indented, keys in the order they were set; written atomically (temporary file, fsync,
// rename, fsync of the folder). A full disk leaves the old file.
stp_status stp_run_write_json(stp_run *run, const char *name, const json_t *object, stp_err *err);
stp_status stp_run_read_json(stp_run *run, const char *name, json_t **object, stp_err *err);

// Journals: one JSON object a line, flushed. `size` is recorded in checkpoints; resuming cuts the file back
// to it, so that lines written after the last checkpoint are not there twice.
stp_status stp_run_append(stp_run *run, const char *name, const json_t *object, stp_err *err);
// The same, and the reference is given up; NULL stands for memory that ran out.
stp_status stp_run_append_new(stp_run *run, const char *name, json_t *object, stp_err *err);
long long stp_run_size(const stp_run *run, const char *name); // bytes; 0 when there is no such file
// The last whole line of a journal (a new reference); NULL when there is none yet.
stp_status stp_run_last_line(stp_run *run, const char *name, json_t **object, stp_err *err);
stp_status stp_run_truncate(stp_run *run, const char *name, long long bytes, stp_err *err);
// For journals that no checkpoint counts: half a line that a killed process left goes, before lines are
// added.
stp_status stp_run_cut_half_line(stp_run *run, const char *name, stp_err *err);

// Checkpoints: named sections of raw bytes behind a header (magic, format version, instruction set, settings
// digest) with a CRC-32 of everything. Written atomically. Reading refuses, each with its own sentence: no
// checkpoint, cut or corrupted, another format version, another instruction set (unless force), another
// settings digest, a section missing or of another size.
typedef struct stp_section {
    const char *name; // at most 31 bytes
    void *data;
    size_t bytes;
} stp_section;

stp_status stp_checkpoint_write(stp_run *run, const char *name, const char *settings_digest,
                                const stp_section *sections, int count, stp_err *err);
// Fills each section's data (all asked for must be there with exactly these bytes).
stp_status stp_checkpoint_read(stp_run *run, const char *name, const char *settings_digest, int force,
                               const stp_section *sections, int count, stp_err *err);
// SHA-1 in hex of a JSON object's compact, key-sorted form, in which a real number is the text of its bits;
// "" when memory is out, which no checkpoint accepts.
void stp_json_digest(const json_t *object, char digest[41]);

#endif
