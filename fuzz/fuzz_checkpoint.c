// Broken checkpoints, and journals of any content: they are refused with a line, and what the caller had is
// as it was.
#include "fuzz.h"

#include "base/arena.h"
#include "base/file.h"
#include "broken_file.h"
#include "run/run.h"

static const char digest[41] = "0123456789012345678901234567890123456789";

static struct {
    stp_run *run;
    char checkpoint[96], journal[96];
    uint8_t place[40], weights[400];
    fuzz_file good, broken;
} f;

static void prepare(void) {
    char path[80], *data;
    stp_err err;
    snprintf(path, sizeof path, "%s/run", fuzz_folder());
    snprintf(f.checkpoint, sizeof f.checkpoint, "%s/checkpoint.bin", path);
    snprintf(f.journal, sizeof f.journal, "%s/journal.jsonl", path);
    stp_section sections[2] = {{"place", f.place, sizeof f.place}, {"weights", f.weights, sizeof f.weights}};
    fuzz_require(stp_run_create(&f.run, path, &err) == STP_OK &&
                     stp_checkpoint_write(f.run, "checkpoint.bin", digest, sections, 2, &err) == STP_OK &&
                     stp_file_read(f.checkpoint, &data, &f.good.bytes, &err) == STP_OK,
                 "no checkpoint to break");
    memcpy(f.good.data, data, f.good.bytes);
    stp_free(data);
}

static void read_checkpoint(void) {
    static const uint8_t untouched[400];
    uint8_t place[40] = {0}, weights[400] = {0};
    stp_section sections[2] = {{"place", place, sizeof place}, {"weights", weights, sizeof weights}};
    stp_err err;
    stp_status status = stp_checkpoint_read(f.run, "checkpoint.bin", digest, 0, sections, 2, &err);
    fuzz_require_line(status, &err);
    if (status != STP_OK)
        fuzz_require(memcmp(weights, untouched, 400) == 0 && memcmp(place, untouched, 40) == 0,
                     "a refused checkpoint was taken in part");
}

static void read_journal(fuzz_input *in) {
    stp_err err;
    json_t *line = NULL;
    fuzz_write(f.journal, in->data, in->size);
    stp_status status = stp_run_last_line(f.run, "journal.jsonl", &line, &err);
    fuzz_require_line(status, &err);
    json_decref(line);
    status = stp_run_truncate(f.run, "journal.jsonl", (long long)in->size / 2, &err);
    fuzz_require(status == STP_OK && stp_run_size(f.run, "journal.jsonl") == (long long)in->size / 2,
                 "a journal was not cut back");
}

// The first byte: which of the two, and whether the checksum is made right again.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size};
    if (!f.run)
        prepare();
    uint32_t mode = fuzz_take(&in, 1);
    if (mode % 4 == 0) {
        read_journal(&in);
        return 0;
    }
    fuzz_break(&f.broken, &f.good, &in);
    if (mode % 4 > 1)
        fuzz_seal(&f.broken);
    fuzz_write(f.checkpoint, f.broken.data, f.broken.bytes);
    read_checkpoint();
    return 0;
}
