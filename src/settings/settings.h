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

typedef struct stp_settings {
#define OPTION(type, field, ...) STP_DECLARE_##type(field)
#include "settings/options.def"
#undef OPTION
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
    STP_CMD_BENCH = 'b',
} stp_command;

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

// The options of `command` as JSON and back; reading refuses unknown keys and values out of range.
json_t *stp_settings_to_json(const stp_settings *settings, stp_command command);
stp_status stp_settings_from_json(stp_settings *settings, stp_command command, const json_t *object,
                                  const char *where, stp_err *err);

// One line an option, with the default, grouped as in options.def.
void stp_settings_print_help(FILE *out, stp_command command);

#endif
