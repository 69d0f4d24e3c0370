#include "commands.h"

static const char summary[] =
    "finds a keyword spotter that fits a microcontroller: audio front-end and neural network, "
    "searched together";

void stp_cli_print_command_help(FILE *out, const stp_cli_command *command) {
    fprintf(out, "usage: stapes %s [options]%s%s\n%s\n", stp_command_name(command->letter),
            command->usage[0] ? " " : "", command->usage, command->help);
    stp_settings_print_help(out, command->letter);
}

void stp_cli_print_help(FILE *out) {
    fprintf(out,
            "usage: stapes COMMAND [options] ...\n       stapes help COMMAND\n       stapes "
            "--version\n\nstapes %s.\n\n",
            summary);
    for (int i = 0; i < stp_cli_command_count(); i++) {
        const stp_cli_command *command = stp_cli_command_at(i);
        fprintf(out, "  %-10s %s\n", stp_command_name(command->letter), command->help);
    }
    fprintf(out, "\nResults go to standard output, progress and errors to standard error.\n"
                 "Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.\n");
}

void stp_cli_print_man(FILE *out) {
    fprintf(out, ".TH STAPES 1 \"\" \"stapes %s\" \"User Commands\"\n.ad l\n.SH NAME\nstapes \\- %s\n",
            STAPES_VERSION, summary);
    fprintf(out, ".SH SYNOPSIS\n.B stapes\n.I COMMAND\n[options] ...\n");
    for (int i = 0; i < stp_cli_command_count(); i++) {
        const stp_cli_command *command = stp_cli_command_at(i);
        fprintf(out, ".SH \"stapes %s\"\n.B stapes %s\n[options] %s\n.PP\n%s.\n",
                stp_command_name(command->letter), stp_command_name(command->letter), command->usage,
                command->help);
        stp_settings_print_man(out, command->letter);
    }
    fprintf(out, ".SH \"EXIT STATUS\"\n0 done, 1 failed, 2 wrong usage, 130 interrupted.\n");
}
