// stapes: dispatches to a command.
#include "base/json_memory.h"
#include "base/nearest.h"
#include "cli.h"
#include "commands.h"

#include <stdio.h>
#include <string.h>

static const stp_cli_command commands[] = {
#define COMMAND(letter, function, usage, help) {letter, function, usage, help},
#include "commands.def"
#undef COMMAND
    {0, NULL, NULL, NULL},
};

int stp_cli_command_count(void) {
    return (int)(sizeof commands / sizeof commands[0]) - 1;
}

const stp_cli_command *stp_cli_command_at(int index) {
    return &commands[index];
}

const stp_cli_command *stp_cli_command_find(const char *name) {
    for (int i = 0; i < stp_cli_command_count(); i++)
        if (strcmp(stp_command_name(commands[i].letter), name) == 0)
            return &commands[i];
    return NULL;
}

static int refuse_command(const char *name) {
    stp_nearest nearest = stp_nearest_begin(name);
    for (int i = 0; i < stp_cli_command_count(); i++)
        stp_nearest_offer(&nearest, stp_command_name(commands[i].letter));
    stp_nearest_offer(&nearest, "help");
    const char *near = stp_nearest_best(&nearest);
    if (near)
        fprintf(stderr, "stapes: '%s' is no command; the nearest is '%s'\n", name, near);
    else
        fprintf(stderr, "stapes: '%s' is no command; stapes help lists them\n", name);
    return 2;
}

static int run_help(int argc, char **argv) {
    if (argc == 0) {
        stp_cli_print_help(stdout);
        return 0;
    }
    if (strcmp(argv[0], "--man") == 0) {
        stp_cli_print_man(stdout);
        return 0;
    }
    const stp_cli_command *command = stp_cli_command_find(argv[0]);
    if (!command)
        return refuse_command(argv[0]);
    stp_cli_print_command_help(stdout, command);
    return 0;
}

// "--help" or "-h" anywhere before "--".
static int wants_help(int argc, char **argv) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
    return 0;
}

static int run(int argc, char **argv, const char **ran) {
    if (argc < 2) {
        stp_cli_print_help(stderr);
        return 2;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0) {
        printf("stapes %s\n", STAPES_VERSION);
        return 0;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return run_help(argc - 2, argv + 2);
    const stp_cli_command *command = stp_cli_command_find(name);
    if (!command)
        return refuse_command(name);
    *ran = stp_command_name(command->letter);
    if (wants_help(argc - 2, argv + 2)) {
        stp_cli_print_command_help(stdout, command);
        return 0;
    }
    return command->run(argc - 2, argv + 2);
}

int main(int argc, char **argv) {
    stp_cli_secure_streams();
    stp_json_memory_init();
    const char *ran = "";
    int status = run(argc, argv, &ran);
    return stp_cli_finish_output(ran, status);
}
