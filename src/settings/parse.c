// Flags of the command line: words, values, and helpful refusals.
#include "settings/option_table.h"

#include <string.h>

typedef struct flag_walk {
    stp_settings *settings;
    stp_command command;
    const char **words;
    int max_words, word_count;
    stp_err *err;
} flag_walk;

enum { NAME_BYTES = 64 };

static stp_status refuse_unknown(const flag_walk *walk, const char *argument, const char *name) {
    const char *command = stp_command_name(walk->command);
    const char *near = stp_option_nearest(walk->command, name);
    if (near)
        return stp_err_set(walk->err, STP_ERR_USAGE, "%s: stapes %s has no such option; the nearest is --%s",
                           argument, command, near);
    return stp_err_set(walk->err, STP_ERR_USAGE, "%s: stapes %s has no such option; see stapes help %s",
                       argument, command, command);
}

static void mark_given(stp_settings *settings, const stp_option *option) {
    settings->given[stp_option_index(option)] = 1;
}

// "--no-x" of a FLAG; NULL for anything else.
static const stp_option *find_negated(stp_command command, const char *name) {
    if (strncmp(name, "no-", 3) != 0)
        return NULL;
    const stp_option *option = stp_option_find(command, name + 3);
    return option && option->type == STP_OPTION_FLAG ? option : NULL;
}

static stp_status set_plain_flag(const flag_walk *walk, const stp_option *option, int value,
                                 const char *argument, const char *equals) {
    if (equals)
        return stp_err_set(walk->err, STP_ERR_USAGE, "%s: this option takes no value; give --%s or --no-%s",
                           argument, option->flag, option->flag);
    mark_given(walk->settings, option);
    return stp_option_set_flag(walk->settings, option, value);
}

// One flag at argv[*at]; moves *at past it and its value.
static stp_status take_flag(const flag_walk *walk, int argc, char **argv, int *at) {
    const char *argument = argv[(*at)++];
    const char *equals = strchr(argument, '=');
    char name[NAME_BYTES];
    size_t length = equals ? (size_t)(equals - argument) - 2 : strlen(argument) - 2;
    if (length >= NAME_BYTES)
        return refuse_unknown(walk, argument, "");
    memcpy(name, argument + 2, length);
    name[length] = 0;

    const stp_option *option = stp_option_find(walk->command, name);
    if (!option) {
        const stp_option *negated = find_negated(walk->command, name);
        return negated ? set_plain_flag(walk, negated, 0, argument, equals)
                       : refuse_unknown(walk, argument, name);
    }
    if (option->type == STP_OPTION_FLAG)
        return set_plain_flag(walk, option, 1, argument, equals);

    const char *value = equals ? equals + 1 : *at < argc ? argv[(*at)++] : NULL;
    if (!value || (!equals && strncmp(value, "--", 2) == 0))
        return stp_err_set(walk->err, STP_ERR_USAGE, "--%s: a value is missing; give --%s %s", option->flag,
                           option->flag, option->argument);
    char origin[NAME_BYTES + 2];
    snprintf(origin, sizeof origin, "--%s", option->flag);
    mark_given(walk->settings, option);
    return stp_option_set_text(walk->settings, option, value, origin, walk->err);
}

static stp_status take_word(flag_walk *walk, const char *word) {
    if (walk->word_count == walk->max_words)
        return stp_err_set(walk->err, STP_ERR_USAGE, "'%s' is one argument too many; see stapes help %s",
                           word, stp_command_name(walk->command));
    walk->words[walk->word_count++] = word;
    return STP_OK;
}

static stp_status walk_flags(flag_walk *walk, int argc, char **argv) {
    int only_words = 0;
    walk->word_count = 0;
    for (int at = 0; at < argc;) {
        const char *argument = argv[at];
        if (only_words || argument[0] != '-' || argument[1] == 0) {
            STP_TRY(take_word(walk, argument));
            at++;
        } else if (strcmp(argument, "--") == 0) {
            only_words = 1;
            at++;
        } else if (strcmp(argument, "-q") == 0 && stp_option_find(walk->command, "quiet")) {
            walk->settings->quiet = 1;
            walk->settings->given[STP_OPTION_quiet] = 1;
            at++;
        } else if (argument[1] != '-') {
            STP_TRY(refuse_unknown(walk, argument, argument + 1));
        } else {
            STP_TRY(take_flag(walk, argc, argv, &at));
        }
    }
    return STP_OK;
}

stp_status stp_settings_parse(stp_settings *settings, stp_command command, int argc, char **argv,
                              const char **words, int max_words, int *word_count, stp_err *err) {
    flag_walk walk = {settings, command, words, max_words, 0, err};
    STP_TRY(stp_settings_defaults(settings, command, "small", err));
    STP_TRY(walk_flags(&walk, argc, argv));
    *word_count = walk.word_count;
    // What the defaults are is itself an option, so: learn the file and the preset, then start again.
    char config[STP_TEXT_BYTES], preset[STP_TEXT_BYTES];
    strcpy(config, settings->config);
    if (config[0] && !settings->given[STP_OPTION_preset])
        STP_TRY(stp_config_read(settings, command, config, err));
    strcpy(preset, settings->preset);
    STP_TRY(stp_settings_defaults(settings, command, preset, err));
    if (config[0])
        STP_TRY(stp_config_read(settings, command, config, err));
    return walk_flags(&walk, argc, argv);
}
