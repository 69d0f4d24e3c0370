// Help and man page of a command's options, from the table.
#include "settings/option_table.h"

#include <string.h>

enum { COLUMN = 32, WIDTH = 100 }; // where explanations begin, and how long a line is

static void format_value(char *text, size_t bytes, const stp_option *option, stp_option_column column) {
    stp_option_value value = option->value[column];
    switch (option->type) {
    case STP_OPTION_INT:
        snprintf(text, bytes, "%lld", value.integer);
        break;
    case STP_OPTION_REAL:
        snprintf(text, bytes, "%g", value.real);
        break;
    case STP_OPTION_FLAG:
        snprintf(text, bytes, "%s", value.integer ? "on" : "off");
        break;
    case STP_OPTION_TEXT:
        snprintf(text, bytes, "%s", value.text);
        break;
    }
}

// " (default 16; paper: 50)", or nothing where there is no default worth naming.
static void format_default(char *text, size_t bytes, const stp_option *option, stp_command command) {
    char value[STP_TEXT_BYTES], paper[STP_TEXT_BYTES];
    format_value(value, sizeof value, option, command == STP_CMD_TRAIN ? STP_COLUMN_TRAIN : STP_COLUMN_SMALL);
    format_value(paper, sizeof paper, option, STP_COLUMN_PAPER);
    int has_preset = stp_option_find(command, "preset") != NULL;
    int plain_off = option->type == STP_OPTION_FLAG && strcmp(value, "off") == 0;
    text[0] = 0;
    if (value[0] == 0 || plain_off)
        return;
    if (has_preset && strcmp(value, paper) != 0 && strcmp(option->flag, "preset") != 0)
        snprintf(text, bytes, " (default %s; paper: %s)", value, paper);
    else
        snprintf(text, bytes, " (default %s)", value);
}

static void format_flag(char *text, size_t bytes, const stp_option *option, stp_command command) {
    int on = option->type == STP_OPTION_FLAG &&
             option->value[command == STP_CMD_TRAIN ? STP_COLUMN_TRAIN : STP_COLUMN_SMALL].integer;
    snprintf(text, bytes, "--%s%s%s%s", on ? "[no-]" : "", option->flag, option->argument[0] ? " " : "",
             option->argument);
}

// Begins a line of explanation; returns its column.
static int break_line(FILE *out) {
    return fprintf(out, "\n%*s", COLUMN + 2, "") - 1;
}

// From `column` on, in lines that begin at COLUMN; words are never broken, nor is "(default 16; paper: 50)".
static void print_wrapped(FILE *out, int column, const char *text) {
    while (*text) {
        int length = (int)(strncmp(text, "(default ", 9) == 0 ? strcspn(text, ")") + 1 : strcspn(text, " "));
        if (column > COLUMN + 2 && column + 1 + length > WIDTH)
            column = break_line(out);
        column += fprintf(out, " %.*s", length, text);
        text += length + (text[length] == ' ');
    }
    fputc('\n', out);
}

static void print_option(FILE *out, const stp_option *option, stp_command command) {
    char flag[STP_TEXT_BYTES], standard[2 * STP_TEXT_BYTES + 32], text[4 * STP_TEXT_BYTES];
    format_flag(flag, sizeof flag, option, command);
    format_default(standard, sizeof standard, option, command);
    snprintf(text, sizeof text, "%s%s", option->help, standard);
    int column = fprintf(out, "  %-*s", COLUMN, flag);
    if (column > COLUMN + 2)
        column = break_line(out);
    print_wrapped(out, column, text);
}

// What every command accepts though it does nothing in this one.
static void print_idle_options(FILE *out, stp_command command) {
    const char *between = "\nwithout effect here: ";
    for (int i = 0; i < STP_OPTIONS; i++) {
        const stp_option *option = stp_option_at(i);
        if (!stp_option_serves(option, command) || !stp_option_idle(option, command))
            continue;
        fprintf(out, "%s--%s", between, option->flag);
        between = ", ";
    }
    if (between[0] == ',')
        fputc('\n', out);
}

void stp_settings_print_help(FILE *out, stp_command command) {
    const char *group = "";
    for (int i = 0; i < STP_OPTIONS; i++) {
        const stp_option *option = stp_option_at(i);
        if (!stp_option_serves(option, command) || stp_option_idle(option, command))
            continue;
        if (strcmp(group, stp_option_group(option)) != 0) {
            group = stp_option_group(option);
            fprintf(out, "\n%s:\n", group);
        }
        print_option(out, option, command);
    }
    print_idle_options(out, command);
}

// roff takes a "-" for a hyphen, a "\\" for an escape, and a "." or "'" at the start of a line for a request.
// Long lists without blanks may be broken after a comma ("\\:").
static void print_roff(FILE *out, const char *text) {
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++)
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else if (*text == ',' && text[1] != ' ')
            fputs(",\\:", out);
        else
            fputc(*text, out);
}

void stp_settings_print_man(FILE *out, stp_command command) {
    for (int i = 0; i < STP_OPTIONS; i++) {
        const stp_option *option = stp_option_at(i);
        if (!stp_option_serves(option, command))
            continue;
        char flag[STP_TEXT_BYTES], standard[2 * STP_TEXT_BYTES + 32];
        format_flag(flag, sizeof flag, option, command);
        format_default(standard, sizeof standard, option, command);
        fputs(".TP\n.B ", out);
        print_roff(out, flag);
        fputc('\n', out);
        print_roff(out, option->help);
        print_roff(out, stp_option_idle(option, command) ? " (every command takes it; it has no effect here)"
                                                         : standard);
        fputc('\n', out);
    }
}
