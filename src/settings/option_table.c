#include "settings/option_table.h"

#include "base/nearest.h"

#include <ctype.h>
#include <string.h>

#define VALUE_INT(x)                                                                                         \
    { .integer = (x) }
#define VALUE_FLAG(x)                                                                                        \
    { .integer = (x) }
#define VALUE_REAL(x)                                                                                        \
    { .real = (x) }
#define VALUE_TEXT(x)                                                                                        \
    { .text = (x) }

static const stp_option table[STP_OPTIONS] = {
#define OPTION(kind, field, flag_, commands_, paper, small, train, low_, high_, argument_, help_)            \
    [STP_OPTION_##field] = {.type = STP_OPTION_##kind,                                                       \
                            .flag = flag_,                                                                   \
                            .commands = commands_,                                                           \
                            .offset = offsetof(stp_settings, field),                                         \
                            .value = {VALUE_##kind(paper), VALUE_##kind(small), VALUE_##kind(train)},        \
                            .low = low_,                                                                     \
                            .high = high_,                                                                   \
                            .argument = argument_,                                                           \
                            .help = help_},
#include "settings/options.def"
#undef OPTION
};

// The title above each option: GROUP and OPTION in the order of options.def, each group numbered by the
// option after it.
static const struct group_start {
    const char *title;
    int is_title;
} group_rows[] = {
#define GROUP(title) {title, 1},
#define OPTION(kind, field, ...) {NULL, 0},
#include "settings/options.def"
#undef OPTION
};

static const struct {
    stp_command letter;
    const char *name;
} commands[] = {
    {STP_CMD_DATA, "data"},     {STP_CMD_FEATURES, "features"}, {STP_CMD_SEARCH, "search"},
    {STP_CMD_TRAIN, "train"},   {STP_CMD_EVAL, "eval"},         {STP_CMD_CLASSIFY, "classify"},
    {STP_CMD_INFO, "info"},     {STP_CMD_QUANTIZE, "quantize"}, {STP_CMD_EXPORT, "export"},
    {STP_CMD_RUN_ON, "run-on"}, {STP_CMD_BENCH, "bench"},       {STP_CMD_COST, "cost"},
};

const char *stp_command_name(stp_command command) {
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].letter == command)
            return commands[i].name;
    return NULL;
}

const stp_option *stp_option_at(int index) {
    return &table[index];
}

int stp_option_index(const stp_option *option) {
    return (int)(option - table);
}

const char *stp_option_group(const stp_option *option) {
    const char *title = "";
    int left = stp_option_index(option);
    for (size_t i = 0; i < sizeof group_rows / sizeof group_rows[0]; i++) {
        if (group_rows[i].is_title)
            title = group_rows[i].title;
        else if (left-- == 0)
            break;
    }
    return title;
}

int stp_option_idle(const stp_option *option, stp_command command) {
    return strchr(option->commands, toupper(command)) != NULL;
}

int stp_option_serves(const stp_option *option, stp_command command) {
    return strchr(option->commands, (char)command) != NULL || stp_option_idle(option, command);
}

int stp_option_changes_bits(const stp_option *option) {
    return strchr(option->commands, '-') == NULL;
}

int stp_option_is_choice(const stp_option *option) {
    return option->type == STP_OPTION_TEXT && strchr(option->argument, '|') != NULL;
}

const stp_option *stp_option_find(stp_command command, const char *name) {
    for (int i = 0; i < STP_OPTIONS; i++)
        if (stp_option_serves(&table[i], command) && strcmp(table[i].flag, name) == 0)
            return &table[i];
    return NULL;
}

const char *stp_option_nearest(stp_command command, const char *name) {
    stp_nearest nearest = stp_nearest_begin(name);
    for (int i = 0; i < STP_OPTIONS; i++)
        if (stp_option_serves(&table[i], command))
            stp_nearest_offer(&nearest, table[i].flag);
    return stp_nearest_best(&nearest);
}
