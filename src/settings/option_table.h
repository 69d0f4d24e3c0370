// The rows of options.def as data, for the parser, the help, JSON and tests. Private to src/settings and
// tests.
#ifndef STP_SETTINGS_OPTION_TABLE_H
#define STP_SETTINGS_OPTION_TABLE_H

#include "settings/settings.h"

#include <stddef.h>

typedef enum stp_option_type {
    STP_OPTION_INT,
    STP_OPTION_REAL,
    STP_OPTION_TEXT,
    STP_OPTION_FLAG
} stp_option_type;

typedef union stp_option_value {
    long long integer; // INT and FLAG
    double real;
    const char *text;
} stp_option_value;

typedef enum stp_option_column {
    STP_COLUMN_PAPER,
    STP_COLUMN_SMALL,
    STP_COLUMN_TRAIN,
    STP_COLUMNS
} stp_option_column;

typedef struct stp_option {
    stp_option_type type;
    const char *flag, *commands;
    size_t offset; // of the field in stp_settings
    stp_option_value value[STP_COLUMNS];
    double low, high;
    const char *argument, *help;
} stp_option;

const stp_option *stp_option_at(int index); // 0 .. STP_OPTIONS-1, in the order of options.def
int stp_option_index(const stp_option *option);
const char *stp_option_group(const stp_option *option);               // the GROUP above it
int stp_option_serves(const stp_option *option, stp_command command); // the command accepts it
int stp_option_idle(const stp_option *option, stp_command command);   // ... but it has no effect there
int stp_option_changes_bits(const stp_option *option);
int stp_option_is_choice(const stp_option *option); // a TEXT whose argument lists its only values, "a|b|c"
// The option of `command` with this name (no dashes), or NULL.
const stp_option *stp_option_find(stp_command command, const char *name);
// The flag of `command` nearest to a mistyped name, or NULL when none is near.
const char *stp_option_nearest(stp_command command, const char *name);

// Checks and sets a value given as text; `origin` ("--epochs", "my.conf:3: epochs") opens every error.
stp_status stp_option_set_text(stp_settings *settings, const stp_option *option, const char *text,
                               const char *origin, stp_err *err);
stp_status stp_option_set_int(stp_settings *settings, const stp_option *option, long long value,
                              const char *origin, stp_err *err);
stp_status stp_option_set_real(stp_settings *settings, const stp_option *option, double value,
                               const char *origin, stp_err *err);
stp_status stp_option_set_flag(stp_settings *settings, const stp_option *option, int value);

// The field itself; the type must fit.
long long stp_option_int(const stp_settings *settings, const stp_option *option);
double stp_option_real(const stp_settings *settings, const stp_option *option);
const char *stp_option_text(const stp_settings *settings, const stp_option *option);
int stp_option_flag(const stp_settings *settings, const stp_option *option);

// Reads a config file (inih) for `command`: keys before any section and in the section of the command's name.
stp_status stp_config_read(stp_settings *settings, stp_command command, const char *path, stp_err *err);

#endif
