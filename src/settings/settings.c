// Values: defaults, and the checks that every way in (flags, config file, JSON) shares.
#include "settings/settings.h"

#include "settings/option_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(type, settings, option) ((type *)((char *)(settings) + (option)->offset))
#define CONST_FIELD(type, settings, option) ((const type *)((const char *)(settings) + (option)->offset))

long long stp_option_int(const stp_settings *settings, const stp_option *option) {
    return *CONST_FIELD(long long, settings, option);
}

double stp_option_real(const stp_settings *settings, const stp_option *option) {
    return *CONST_FIELD(double, settings, option);
}

const char *stp_option_text(const stp_settings *settings, const stp_option *option) {
    return CONST_FIELD(char, settings, option);
}

int stp_option_flag(const stp_settings *settings, const stp_option *option) {
    return *CONST_FIELD(int, settings, option);
}

static void set_default(stp_settings *settings, const stp_option *option, stp_option_value value) {
    switch (option->type) {
    case STP_OPTION_INT:
        *FIELD(long long, settings, option) = value.integer;
        break;
    case STP_OPTION_REAL:
        *FIELD(double, settings, option) = value.real;
        break;
    case STP_OPTION_FLAG:
        *FIELD(int, settings, option) = (int)value.integer;
        break;
    case STP_OPTION_TEXT:
        strcpy(FIELD(char, settings, option), value.text); // the table's own texts; a test measures them
        break;
    }
}

stp_status stp_settings_defaults(stp_settings *settings, stp_command command, const char *preset,
                                 stp_err *err) {
    stp_option_column column = STP_COLUMN_SMALL;
    if (strcmp(preset, "paper") == 0)
        column = STP_COLUMN_PAPER;
    else if (strcmp(preset, "small") != 0)
        return stp_err_set(err, STP_ERR_USAGE, "--preset %s: give small or paper", preset);
    if (command == STP_CMD_TRAIN)
        column = STP_COLUMN_TRAIN;
    memset(settings, 0, sizeof *settings);
    for (int i = 0; i < STP_OPTIONS; i++)
        set_default(settings, stp_option_at(i), stp_option_at(i)->value[column]);
    strcpy(settings->preset, preset);
    return STP_OK;
}

static stp_status refuse_number(const stp_option *option, const char *origin, const char *value,
                                stp_err *err) {
    const char *kind = option->type == STP_OPTION_INT ? "a whole number" : "a number";
    // %.16g: 2^53 - 1 has 16 digits
    return stp_err_set(err, STP_ERR_USAGE, "%s: '%s' is not %s from %.16g to %.16g", origin, value, kind,
                       option->low, option->high);
}

stp_status stp_option_set_int(stp_settings *settings, const stp_option *option, long long value,
                              const char *origin, stp_err *err) {
    // The bounds are below 2^53, so the comparison is exact.
    if ((double)value < option->low || (double)value > option->high) {
        char text[32];
        snprintf(text, sizeof text, "%lld", value);
        return refuse_number(option, origin, text, err);
    }
    *FIELD(long long, settings, option) = value;
    return STP_OK;
}

stp_status stp_option_set_real(stp_settings *settings, const stp_option *option, double value,
                               const char *origin, stp_err *err) {
    if (!isfinite(value) || value < option->low || value > option->high) {
        char text[32];
        snprintf(text, sizeof text, "%g", value);
        return refuse_number(option, origin, text, err);
    }
    *FIELD(double, settings, option) = value + 0.0; // -0 becomes 0: one value, one digest
    return STP_OK;
}

stp_status stp_option_set_flag(stp_settings *settings, const stp_option *option, int value) {
    *FIELD(int, settings, option) = value != 0;
    return STP_OK;
}

static stp_status set_int_text(stp_settings *settings, const stp_option *option, const char *text,
                               const char *origin, stp_err *err) {
    size_t length = strlen(text);
    // strtoll alone would take leading blanks
    if (length == 0 || strspn(text, "+-0123456789") != length)
        return refuse_number(option, origin, text, err);
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end || end == text || errno)
        return refuse_number(option, origin, text, err);
    return stp_option_set_int(settings, option, value, origin, err);
}

static stp_status set_real_text(stp_settings *settings, const stp_option *option, const char *text,
                                const char *origin, stp_err *err) {
    size_t length = strlen(text);
    // strtod alone would take blanks, hexadecimal, "inf" and "nan"
    if (length == 0 || strspn(text, "+-.0123456789eE") != length)
        return refuse_number(option, origin, text, err);
    char *end;
    double value = strtod(text, &end);
    if (*end || end == text || !isfinite(value) || value < option->low || value > option->high)
        return refuse_number(option, origin, text, err);
    return stp_option_set_real(settings, option, value, origin, err);
}

static stp_status set_flag_text(stp_settings *settings, const stp_option *option, const char *text,
                                const char *origin, stp_err *err) {
    static const char *const words[2][4] = {{"off", "no", "false", "0"}, {"on", "yes", "true", "1"}};
    for (int value = 0; value < 2; value++)
        for (int i = 0; i < 4; i++)
            if (strcmp(text, words[value][i]) == 0)
                return stp_option_set_flag(settings, option, value);
    return stp_err_set(err, STP_ERR_USAGE, "%s: '%s' is neither on nor off", origin, text);
}

// Whether the text is one of "a|b|c".
static int is_among(const char *choices, const char *text) {
    size_t length = strlen(text);
    for (const char *p = choices; p; p = strchr(p, '|')) {
        p += *p == '|';
        if (strcspn(p, "|") == length && strncmp(p, text, length) == 0)
            return 1;
    }
    return 0;
}

// JSON, and so the saved settings, cannot hold anything else. (RFC 3629; overlong forms and surrogates
// refused.)
static int is_utf8(const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        int more = *p < 0x80                 ? 0
                   : *p >= 0xc2 && *p < 0xe0 ? 1
                   : *p >= 0xe0 && *p < 0xf0 ? 2
                   : *p >= 0xf0 && *p < 0xf5 ? 3
                                             : -1;
        if (more < 0)
            return 0;
        unsigned first = *p, second = p[more > 0];
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
            (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
            return 0;
        for (p++; more > 0; more--, p++)
            if ((*p & 0xc0) != 0x80)
                return 0;
    }
    return 1;
}

static stp_status set_text(stp_settings *settings, const stp_option *option, const char *text,
                           const char *origin, stp_err *err) {
    if (strlen(text) >= STP_TEXT_BYTES)
        return stp_err_set(err, STP_ERR_USAGE, "%s: the text is longer than %d bytes; give a shorter one",
                           origin, STP_TEXT_BYTES - 1);
    if (!is_utf8(text))
        return stp_err_set(err, STP_ERR_USAGE, "%s: '%s' is not UTF-8; give UTF-8 text", origin, text);
    if (stp_option_is_choice(option) && !is_among(option->argument, text))
        return stp_err_set(err, STP_ERR_USAGE, "%s: '%s' is unknown; give one of %s", origin, text,
                           option->argument);
    memset(FIELD(char, settings, option), 0, STP_TEXT_BYTES); // equal settings are equal bytes
    strcpy(FIELD(char, settings, option), text);
    return STP_OK;
}

stp_status stp_option_set_text(stp_settings *settings, const stp_option *option, const char *text,
                               const char *origin, stp_err *err) {
    switch (option->type) {
    case STP_OPTION_INT:
        return set_int_text(settings, option, text, origin, err);
    case STP_OPTION_REAL:
        return set_real_text(settings, option, text, origin, err);
    case STP_OPTION_FLAG:
        return set_flag_text(settings, option, text, origin, err);
    default:
        return set_text(settings, option, text, origin, err);
    }
}

stp_status stp_settings_set_data(stp_settings *settings, const char *path, const char *origin, stp_err *err) {
    return set_text(settings, stp_option_at(STP_OPTION_data), path, origin, err);
}
