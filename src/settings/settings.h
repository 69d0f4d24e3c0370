// All options of all commands, made from options.def. Values are valid (in range) once settings_* returned
// STP_OK.
#ifndef STP_SETTINGS_SETTINGS_H
#define STP_SETTINGS_SETTINGS_H

#include "base/status.h"

#include <jansson.h>
#include <stdio.h>

enum { STP_TEXT_BYTES = 512 };

#define STP_TYPE_INT long long
#define STP_TYPE_REAL double
#define STP_TYPE_FLAG int
#define STP_DECLARE_INT(field) long long field;
#define STP_DECLARE_REAL(field) double field;
#define STP_DECLARE_FLAG(field) int field;
#define STP_DECLARE_TEXT(field) char field[STP_TEXT_BYTES];

enum {
#define OPTION(type, field, ...) STP_OPTION_##field,
#include "settings/options.def"
#undef OPTION
    STP_OPTIONS // how many there are
};

typedef struct stp_settings {
#define OPTION(type, field, ...) STP_DECLARE_##type(field)
#include "settings/options.def"
#undef OPTION
    unsigned char given[STP_OPTIONS]; // 1: said by a flag or the config file, not a default
} stp_settings;

// A command's letter in options.def.
typedef enum stp_command {
    STP_CMD_DATA = 'd',
    STP_CMD_FEATURES = 'f',
    STP_CMD_SEARCH = 's',
    STP_CMD_TRAIN = 't',
    STP_CMD_EVAL = 'e',
    STP_CMD_CLASSIFY = 'c',
    STP_CMD_INFO = 'i',
    STP_CMD_QUANTIZE = 'q',
    STP_CMD_EXPORT = 'x',
    STP_CMD_RUN_ON = 'r',
    STP_CMD_COST = 'k',
    STP_CMD_BENCH = 'b',
} stp_command;

// "search" for STP_CMD_SEARCH; NULL for a letter that is none.
const char *stp_command_name(stp_command command);

// Defaults of a command, under a preset ("paper", "small"); STP_CMD_TRAIN has a column of its own.
stp_status stp_settings_defaults(stp_settings *settings, stp_command command, const char *preset,
                                 stp_err *err);

// Parses flags of `command` (argv without program and command name): "--flag value", "--flag=value",
// "--flag",
// "--no-flag", "-q". Defaults first (the preset is looked up in the flags), then the config file, then the
// flags. Words that are no flags are returned in `words` (at most max_words; more is STP_ERR_USAGE) in order.
// "--" ends the flags. Unknown flags, values out of range and flags of other commands are STP_ERR_USAGE, with
// the nearest known flag named.
stp_status stp_settings_parse(stp_settings *settings, stp_command command, int argc, char **argv,
                              const char **words, int max_words, int *word_count, stp_err *err);

// The options of `command` as JSON (keys are the flags without dashes; NULL when memory is out) and back.
// Reading refuses unknown keys, values of another type or out of range; an option without a key keeps its
// value. `where` is the file's name, for errors.
json_t *stp_settings_to_json(const stp_settings *settings, stp_command command);
stp_status stp_settings_from_json(stp_settings *settings, stp_command command, const json_t *object,
                                  const char *where, stp_err *err);

// Only what can change the bits of a result, as JSON: what a checkpoint's digest is made from. Threads, paths
// of results, progress and the like are not in it. NULL when memory is out.
json_t *stp_settings_identity(const stp_settings *settings, stp_command command);
// For --resume: `saved` (a run's settings) replaces every value that can change bits; of the parsed flags the
// others stay (threads, quiet, ...). A flag given that contradicts the saved value is STP_ERR_USAGE.
stp_status stp_settings_resume(stp_settings *settings, stp_command command, const json_t *saved,
                               const char *where, stp_err *err);

// For training what a search found: the options about recordings and features that were not given are those
// of the search
// (`saved`: its settings).
stp_status stp_settings_inherit(stp_settings *settings, const json_t *saved, const char *where, stp_err *err);

// The folder of recordings, named by a word or found out, with the checks of --data: short enough, and UTF-8,
// as the saved settings must be. `origin` opens the error.
stp_status stp_settings_set_data(stp_settings *settings, const char *path, const char *origin, stp_err *err);

// Whether an option was said by a flag or the config file.
int stp_settings_given(const stp_settings *settings, stp_command command, const char *flag);

// One line an option, with the default, grouped as in options.def.
void stp_settings_print_help(FILE *out, stp_command command);
// The same as man page source (roff): one .TP an option.
void stp_settings_print_man(FILE *out, stp_command command);

#endif
