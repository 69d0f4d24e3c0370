// Checkpoints. Layout, all numbers in the machine's own byte order (which `order` shows):
//   head, then for each section a section_head and its bytes, then the CRC-32 (zlib) of everything before it.
#include "run/run.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/isa.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

// Goes up with the order of a network's parameters, too: sections are raw.
enum { VERSION = 2, NAME_BYTES = 32 };
static const char magic[8] = "stpckpt";
static const uint32_t byte_order = 0x01020304;

typedef struct head {
    char magic[8];
    uint32_t version, order;
    uint64_t file_bytes; // the CRC included
    char isa[16], digest[44];
    uint32_t sections;
} head;

typedef struct section_head {
    char name[NAME_BYTES];
    uint64_t bytes;
} section_head;

_Static_assert(sizeof(head) == 88 && sizeof(section_head) == 40,
               "no padding, which would be written undefined");

static uint64_t file_size(const stp_section *sections, int count) {
    uint64_t bytes = sizeof(head) + sizeof(uint32_t);
    for (int i = 0; i < count; i++)
        bytes += sizeof(section_head) + sections[i].bytes;
    return bytes;
}

static stp_status put(stp_file_out *out, uint32_t *crc, const void *data, size_t bytes, stp_err *err) {
    *crc = (uint32_t)crc32_z(*crc, data, bytes);
    return stp_file_put(out, data, bytes, err);
}

static stp_status write_parts(stp_file_out *out, const head *h, const stp_section *sections, stp_err *err) {
    uint32_t crc = 0;
    STP_TRY(put(out, &crc, h, sizeof *h, err));
    for (uint32_t i = 0; i < h->sections; i++) {
        section_head s = {.bytes = sections[i].bytes};
        memcpy(s.name, sections[i].name, strlen(sections[i].name));
        STP_TRY(put(out, &crc, &s, sizeof s, err));
        if (s.bytes)
            STP_TRY(put(out, &crc, sections[i].data, sections[i].bytes, err));
    }
    return stp_file_put(out, &crc, sizeof crc, err);
}

static stp_status check_digest(const char *digest, stp_err *err) {
    return strlen(digest) == 40 ? STP_OK : stp_err_memory(err, "the digest of the settings", 41);
}

stp_status stp_checkpoint_write(stp_run *run, const char *name, const char *settings_digest,
                                const stp_section *sections, int count, stp_err *err) {
    STP_TRY(check_digest(settings_digest, err));
    for (int i = 0; i < count; i++)
        if (strlen(sections[i].name) >= NAME_BYTES)
            return stp_err_set(err, STP_ERR_USAGE, "checkpoint section '%s': a name has at most %d bytes",
                               sections[i].name, NAME_BYTES - 1);
    head h = {.version = VERSION,
              .order = byte_order,
              .sections = (uint32_t)count,
              .file_bytes = file_size(sections, count)};
    memcpy(h.magic, magic, sizeof magic);
    strcpy(h.isa, stp_isa_name(stp_isa_current()));
    strcpy(h.digest, settings_digest);

    char path[STP_PATH_BYTES];
    STP_TRY(stp_path_join(path, stp_run_path(run), name, err));
    stp_file_out out;
    STP_TRY(stp_file_begin(&out, path, err));
    STP_TRY(write_parts(&out, &h, sections, err));
    return stp_file_commit(&out, err);
}

static stp_status refuse(stp_err *err, const char *path, const char *what) {
    return stp_err_set(err, STP_ERR_FORMAT, "%s: the file is %s; start a new run, or restore it", path, what);
}

// Everything that can be wrong with the file itself.
static stp_status check_file(const char *path, const char *data, size_t bytes, head *h, stp_err *err) {
    if (bytes < sizeof *h + sizeof(uint32_t)) // shorter than any
        return refuse(err, path, "cut off or none at all");
    memcpy(h, data, sizeof *h);
    if (memcmp(h->magic, magic, sizeof magic) != 0)
        return refuse(err, path, "none at all or corrupted");
    if (h->version != VERSION)
        return stp_err_set(err, STP_ERR_FORMAT,
                           "%s: format version %u, and this program reads version %d; use the "
                           "stapes that wrote it",
                           path, (unsigned)h->version, VERSION);
    if (h->order != byte_order)
        return refuse(err, path, "of a machine with another byte order, or corrupted");
    if (h->file_bytes != bytes)
        return refuse(err, path, bytes < h->file_bytes ? "cut off" : "longer than it was written");
    uint32_t crc;
    memcpy(&crc, data + bytes - sizeof crc, sizeof crc);
    if (crc != (uint32_t)crc32_z(0, (const unsigned char *)data, bytes - sizeof crc))
        return refuse(err, path, "corrupted: its checksum is wrong");
    h->isa[sizeof h->isa - 1] = h->digest[sizeof h->digest - 1] = 0;
    return STP_OK;
}

// Whether the checkpoint belongs to this run on this machine.
static stp_status check_origin(const char *path, const head *h, const char *digest, int force, stp_err *err) {
    if (strcmp(h->digest, digest) != 0)
        return stp_err_set(err, STP_ERR_MISMATCH,
                           "%s: the file was made with other settings or data; take the run's own", path);
    const char *isa = stp_isa_name(stp_isa_current());
    if (!force && strcmp(h->isa, isa) != 0)
        return stp_err_set(
            err, STP_ERR_MISMATCH,
            "%s: the file was made on %s, this run uses %s, whose bits differ; give --isa %s, or "
            "--force to go on all the same",
            path, h->isa, isa, h->isa);
    return STP_OK;
}

// The bytes of a section, or NULL. The CRC has vouched for the lengths, but only against accidents: they are
// checked.
static const char *find_section(const char *data, size_t bytes, const head *h, const char *name,
                                uint64_t *found) {
    size_t at = sizeof *h, end = bytes - sizeof(uint32_t);
    for (uint32_t i = 0; i < h->sections && end - at >= sizeof(section_head); i++) {
        section_head s;
        memcpy(&s, data + at, sizeof s);
        at += sizeof s;
        if (s.bytes > end - at)
            return NULL;
        if (strncmp(s.name, name, NAME_BYTES) == 0) {
            *found = s.bytes;
            return data + at;
        }
        at += s.bytes;
    }
    return NULL;
}

// All are looked up before one is filled: after an error the caller's memory is as it was.
static stp_status take_sections(const char *path, const char *data, size_t bytes, const head *h,
                                const stp_section *sections, int count, stp_err *err) {
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < count; i++) {
            uint64_t found = 0;
            const char *from = find_section(data, bytes, h, sections[i].name, &found);
            if (!from)
                return stp_err_set(err, STP_ERR_MISMATCH,
                                   "%s: the file has no section '%s'; it is of another kind "
                                   "of run",
                                   path, sections[i].name);
            if (found != sections[i].bytes)
                return stp_err_set(err, STP_ERR_MISMATCH,
                                   "%s: section '%s' has %llu bytes instead of %llu; it is of "
                                   "another network",
                                   path, sections[i].name, (unsigned long long)found,
                                   (unsigned long long)sections[i].bytes);
            if (pass == 1 && found)
                memcpy(sections[i].data, from, found);
        }
    return STP_OK;
}

stp_status stp_checkpoint_read(stp_run *run, const char *name, const char *settings_digest, int force,
                               const stp_section *sections, int count, stp_err *err) {
    STP_TRY(check_digest(settings_digest, err));
    char path[STP_PATH_BYTES];
    STP_TRY(stp_path_join(path, stp_run_path(run), name, err));
    if (!stp_run_has(run, name))
        return stp_err_set(err, STP_ERR_IO,
                           "%s: there is no checkpoint; the run stopped before its first one, so "
                           "start a new run",
                           path);
    char *data;
    size_t bytes;
    STP_TRY(stp_file_read(path, &data, &bytes, err));
    head h;
    stp_status status = check_file(path, data, bytes, &h, err);
    if (status == STP_OK)
        status = check_origin(path, &h, settings_digest, force, err);
    if (status == STP_OK)
        status = take_sections(path, data, bytes, &h, sections, count, err);
    stp_free(data);
    return status;
}
