// The table of commands that main dispatches on.
#ifndef STP_CLI_COMMANDS_H
#define STP_CLI_COMMANDS_H

#include "settings/settings.h"

#define COMMAND(letter, function, usage, help) int function(int argc, char **argv);
#include "commands.def"
#undef COMMAND

typedef struct stp_cli_command {
    stp_command letter;
    int (*run)(int argc, char **argv);
    const char *usage, *help;
} stp_cli_command;

int stp_cli_command_count(void);
const stp_cli_command *stp_cli_command_at(int index);
const stp_cli_command *stp_cli_command_find(const char *name); // NULL when there is none

// Help of one command, the list of all, and the whole manual as roff.
void stp_cli_print_command_help(FILE *out, const stp_cli_command *command);
void stp_cli_print_help(FILE *out);
void stp_cli_print_man(FILE *out);

#endif
