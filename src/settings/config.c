// The config file: "key = value", read with inih. Lines are handed over one by one here, because inih would
// cut a long line in two and go on, and takes a line that starts with a blank for a continuation.
#include "settings/option_table.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

typedef struct config_read {
    stp_settings *settings;
    stp_command command;
    const char *path;
    FILE *file;
    int line;
    stp_err *err;
    stp_status status;
} config_read;

static char *next_line(char *text, int size, void *user) {
    config_read *read = user;
    if (read->status != STP_OK || !fgets(text, size, read->file))
        return NULL;
    read->line++;
    size_t length = strlen(text);
    if (length == 0 || (text[length - 1] != '\n' && !feof(read->file))) {
        read->status =
            stp_err_set(read->err, STP_ERR_USAGE, "%s:%d: the line is not text or longer than %d bytes",
                        read->path, read->line, size - 2);
        return NULL;
    }
    size_t blanks = strspn(text, " \t");
    memmove(text, text + blanks, length - blanks + 1);
    return text;
}

static int is_command_name(const char *name) {
    for (int letter = 'a'; letter <= 'z'; letter++) {
        const char *command = stp_command_name((stp_command)letter);
        if (command && strcmp(command, name) == 0)
            return 1;
    }
    return 0;
}

static stp_status take_key(config_read *read, const char *name, const char *value) {
    const stp_option *option = stp_option_find(read->command, name);
    if (option && option == stp_option_at(STP_OPTION_config))
        return stp_err_set(read->err, STP_ERR_USAGE,
                           "%s:%d: a config file cannot name another; copy its lines to here", read->path,
                           read->line);
    if (!option) {
        const char *near = stp_option_nearest(read->command, name);
        return stp_err_set(read->err, STP_ERR_USAGE, "%s:%d: '%s' is no option of stapes %s%s%s", read->path,
                           read->line, name, stp_command_name(read->command), near ? "; the nearest is " : "",
                           near ? near : "");
    }
    char origin[STP_TEXT_BYTES + 96];
    snprintf(origin, sizeof origin, "%s:%d: %s", read->path, read->line, option->flag);
    STP_TRY(stp_option_set_text(read->settings, option, value, origin, read->err));
    read->settings->given[stp_option_index(option)] = 1;
    return STP_OK;
}

static int take_pair(void *user, const char *section, const char *name, const char *value) {
    config_read *read = user;
    if (read->status != STP_OK)
        return 0;
    if (section[0] && !is_command_name(section))
        read->status = stp_err_set(read->err, STP_ERR_USAGE,
                                   "%s:%d: section [%s] is not a command; give one like [search], or none",
                                   read->path, read->line, section);
    else if (!section[0] || strcmp(section, stp_command_name(read->command)) == 0)
        read->status = take_key(read, name, value);
    return read->status == STP_OK;
}

stp_status stp_config_read(stp_settings *settings, stp_command command, const char *path, stp_err *err) {
    config_read read = {settings, command, path, fopen(path, "r"), 0, err, STP_OK};
    if (!read.file)
        return stp_err_set(err, STP_ERR_IO, "--config %s: cannot open it: %s", path, strerror(errno));
    int bad_line = ini_parse_stream(next_line, &read, take_pair, &read);
    int failed = ferror(read.file);
    fclose(read.file);
    if (read.status != STP_OK)
        return read.status;
    if (failed)
        return stp_err_set(err, STP_ERR_IO, "--config %s: cannot read it; give a text file", path);
    if (bad_line)
        return stp_err_set(err, STP_ERR_USAGE, "%s:%d: not of the form key = value", path, bad_line);
    return STP_OK;
}
