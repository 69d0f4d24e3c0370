#include "dataset/split.h"

#include <sha1.h>
#include <string.h>

static const char *const names[STP_SPLITS] = {"training", "validation", "testing"};

const char *stp_split_name(stp_split split) {
    return split < STP_SPLITS ? names[split] : "all";
}

stp_status stp_split_parse(stp_split *split, const char *text, stp_err *err) {
    for (int i = 0; i <= STP_SPLITS; i++)
        if (strcmp(text, stp_split_name((stp_split)i)) == 0) {
            *split = (stp_split)i;
            return STP_OK;
        }
    return stp_err_set(err, STP_ERR_USAGE, "--split %s: give training, validation, testing or all", text);
}

// P. Warden, "Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition", arXiv 1804.03209, and
// the which_set() published with it: SHA-1 as an integer, modulo 2^27, as a percentage of 2^27 - 1.
double stp_split_percent(const char *name) {
    const uint32_t most = (1u << 27) - 1;
    uint8_t digest[SHA1_DIGEST_LENGTH];
    SHA1_CTX sha;
    SHA1Init(&sha);
    SHA1Update(&sha, (const uint8_t *)name, strlen(name));
    SHA1Final(digest, &sha);
    uint32_t low =
        (uint32_t)digest[16] << 24 | (uint32_t)digest[17] << 16 | (uint32_t)digest[18] << 8 | digest[19];
    return (double)(low & most) * (100.0 / most);
}

stp_split stp_split_rule(const char *name) {
    double percent = stp_split_percent(name);
    return percent < 10 ? STP_VALIDATION : percent < 20 ? STP_TESTING : STP_TRAINING;
}

stp_status stp_folder_split(stp_folder *folder, stp_err *err) {
    stp_split_lists lists = {.fixed = stp_alloc((size_t)folder->files)};
    if (!lists.fixed)
        return stp_err_memory(err, "the splits", (unsigned long long)folder->files);
    stp_status status = stp_split_read_lists(folder, &lists, err);
    // What is in neither of two lists is training; with one list the other split goes by the rule.
    if (status == STP_OK && !(lists.have[STP_VALIDATION] && lists.have[STP_TESTING]))
        status = stp_split_by_rule(folder, &lists, err);
    stp_free(lists.fixed);
    return status;
}
