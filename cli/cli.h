// What the commands share: errors in one form, Ctrl-C, results on standard output.
#ifndef STP_CLI_CLI_H
#define STP_CLI_CLI_H

#include "base/status.h"
#include "report/table.h"

#include <jansson.h>
#include <signal.h>

// Prints "stapes search: <err's line>" on standard error and returns the exit status of err->status.
int stp_cli_fail(const char *command, const stp_err *err);

// A warning or note in the same form, for dataset and observer callbacks; `context` is the command's name.
void stp_cli_warn(void *context, const char *line);

// From now on the first Ctrl-C (or SIGTERM, or SIGHUP of a terminal that closes) sets the flag returned here,
// for stp_observer.stop; a second one (but SIGHUP) exits at once with 130. A signal that was ignored when the
// program began stays ignored. Commands that never look at the flag do not call this: Ctrl-C ends them
// anyway.
const volatile sig_atomic_t *stp_cli_catch_interrupt(void);

// Prints a result as one indented JSON object and gives up the reference. NULL stands for memory that ran
// out. Returns the exit status.
int stp_cli_print_json(const char *command, json_t *object);
// A text for JSON, which knows UTF-8 only: in any other (a file name may be) what is no ASCII becomes '?'.
json_t *stp_cli_json_text(const char *text);

// STP_ERR_USAGE unless the path of --out has this ending (".svg"): a slip must not write over a file of
// another kind. None at all ("") will do.
stp_status stp_cli_check_ending(const char *out, const char *ending, stp_err *err);
int stp_cli_ends_with(const char *text, const char *ending); // in capitals too; 0 for the ending alone

// A name of a file or folder on standard output; it keeps to its line, and control characters (commands to
// the terminal) become '?'.
void stp_cli_print_name(const char *name);

// Prints a table on standard output and frees it. Want of memory shows in stp_cli_finish_output.
void stp_cli_print_table(stp_table *table);

// Makes standard input, output and error safe to use even where the caller closed them (else the first file
// opened would take their place and be written over), and lets a write to a closed pipe, or beyond the size
// that ulimit allows a file, fail instead of killing.
void stp_cli_secure_streams(void);
// Flushes standard output; returns `status`, or 1 with a message where it was 0 and the output could not be
// written (full disk, closed pipe) or a part of it not made. main calls it after every command.
int stp_cli_finish_output(const char *command, int status);

#endif
