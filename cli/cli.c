#include "cli.h"

#include "base/json_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted = 0;

int stp_cli_fail(const char *command, const stp_err *err) {
    fflush(stdout); // what was said before comes before
    fprintf(stderr, "stapes %s: %s\n", command, err->text);
    return stp_status_exit_code(err->status);
}

void stp_cli_warn(void *context, const char *line) {
    fprintf(stderr, "stapes %s: %s\n", (const char *)context, line);
}

// A terminal that closes may send SIGHUP twice, by the shell and by the kernel: nobody's wish to end at once.
static void on_interrupt(int number) {
    if (interrupted && number != SIGHUP)
        _exit(130);
    interrupted = 1;
}

const volatile sig_atomic_t *stp_cli_catch_interrupt(void) {
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < 3; i++) {
        struct sigaction before;
        // Ignored from the start, by nohup or a script that wants it so: it stays so.
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
    return &interrupted;
}

int stp_cli_print_json(const char *command, json_t *object) {
    stp_err err;
    size_t length;
    char *text = object ? stp_json_text(object, JSON_INDENT(2), &length) : NULL;
    json_decref(object);
    if (!text) {
        stp_err_memory(&err, "the result as JSON", 0);
        return stp_cli_fail(command, &err);
    }
    puts(text);
    stp_json_text_free(text);
    return 0; // a failed write shows in stp_cli_finish_output
}

json_t *stp_cli_json_text(const char *text) {
    json_t *string = json_string(text);
    char *copy = string ? NULL : strdup(text);
    if (!copy)
        return string;
    for (char *p = copy; *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    string = json_string(copy);
    free(copy);
    return string;
}

int stp_cli_ends_with(const char *text, const char *ending) {
    size_t n = strlen(text), m = strlen(ending);
    return n > m && strcasecmp(text + n - m, ending) == 0;
}

stp_status stp_cli_check_ending(const char *out, const char *ending, stp_err *err) {
    if (!out[0] || stp_cli_ends_with(out, ending))
        return STP_OK;
    return stp_err_set(err, STP_ERR_USAGE, "--out %s: give a name that ends in %s", out, ending);
}

void stp_cli_print_name(const char *name) {
    for (; *name; name++)
        putchar((unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name);
}

static int table_lost = 0; // for want of memory

void stp_cli_print_table(stp_table *table) {
    stp_err err;
    // A write that fails shows in stp_cli_finish_output; a table that is not there at all would not.
    if (stp_table_write(table, 0, stdout, "standard output", &err) == STP_ERR_MEMORY)
        table_lost = 1;
    stp_table_free(table);
}

void stp_cli_secure_streams(void) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    for (int fd = 0; fd <= 2; fd++) {
        // The wrong way round on purpose: using a stream that was closed still fails.
        int mode = fd == 0 ? O_WRONLY : O_RDONLY;
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", mode) != fd)
            return;
    }
}

int stp_cli_finish_output(const char *command, int status) {
    int failed = ferror(stdout);
    int reason = 0;
    if (fflush(stdout) != 0) {
        failed = 1;
        reason = errno;
    }
    if (table_lost && status == 0) {
        stp_err err;
        stp_err_memory(&err, "a table of the result", 0);
        status = stp_cli_fail(command, &err);
    }
    table_lost = 0;
    if (!failed || status != 0)
        return status;
    fprintf(stderr, "stapes%s%s: cannot write standard output: %s\n", command[0] ? " " : "", command,
            reason ? strerror(reason) : "output is lost");
    return 1;
}
