#include "base/path.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *stp_path_brief(char out[STP_PATH_BRIEF_BYTES], const char *path) {
    size_t length = strlen(path);
    if (length < STP_PATH_BRIEF_BYTES)
        return memcpy(out, path, length + 1);
    const char *tail = path + length - (STP_PATH_BRIEF_BYTES - 4);
    while (((unsigned char)*tail & 0xc0) == 0x80)
        tail++;
    snprintf(out, STP_PATH_BRIEF_BYTES, "...%s", tail);
    return out;
}

static stp_status refuse_length(stp_err *err, const char *path) {
    char brief[STP_PATH_BRIEF_BYTES];
    return stp_err_set(err, STP_ERR_USAGE, "%s: the path is too long (%zu bytes); choose a shorter one",
                       stp_path_brief(brief, path), strlen(path));
}

static int is_plain(char c) { // to every shell, at any place of a word; bytes of UTF-8 are
    return isalnum((unsigned char)c) || (c & 0x80) || strchr("_./-+,:@%", c);
}

const char *stp_path_word(char out[STP_PATH_BYTES], const char *path) {
    const char *p = path;
    const int option = *path == '-'; // to a command
    while (*p && is_plain(*p))
        p++;
    if (!*p && p > path && !option)
        return path;
    size_t at = 0;
    out[at++] = '\'';
    for (p = option ? "./" : ""; *p; p++)
        out[at++] = *p;
    for (p = path; *p && at + 7 < STP_PATH_BYTES; p++) {
        size_t bytes = *p == '\'' ? 4 : 1; // a quote ends the quotes, stands by itself, and begins them anew
        memcpy(out + at, *p == '\'' ? "'\\''" : p, bytes);
        at += bytes;
    }
    if (*p)
        return path;
    memcpy(out + at, "'", 2);
    return out;
}

stp_status stp_path_join(char path[STP_PATH_BYTES], const char *folder, const char *name, stp_err *err) {
    size_t length = strlen(folder);
    if (length + strlen(name) + 2 > STP_PATH_BYTES)
        return refuse_length(err, folder);
    strcpy(path, folder);
    if (length && folder[length - 1] != '/')
        path[length++] = '/';
    strcpy(path + length, name);
    return STP_OK;
}

stp_status stp_dir_make(const char *path, stp_err *err) {
    char part[STP_PATH_BYTES], brief[STP_PATH_BRIEF_BYTES];
    size_t length = strlen(path);
    if (length == 0)
        return stp_err_set(err, STP_ERR_USAGE, "'': not a path for a folder; give one");
    if (length >= sizeof part)
        return refuse_length(err, path);
    for (size_t end = 1; end <= length; end++) {
        if (path[end] != '/' && path[end] != 0)
            continue;
        memcpy(part, path, end);
        part[end] = 0;
        struct stat info;
        if (mkdir(part, 0777) == 0)
            continue;
        int number = errno; // of mkdir; a folder that was there already is no error
        if (stat(part, &info) == 0 && S_ISDIR(info.st_mode))
            continue;
        return stp_err_set(err, STP_ERR_IO, "%s: cannot make this folder: %s; choose another place",
                           stp_path_brief(brief, part), strerror(number == EEXIST ? ENOTDIR : number));
    }
    return STP_OK;
}

// The folder that holds `path`, "." or "/" included; -1 when it is too long.
static int parent_of(char parent[STP_PATH_BYTES], const char *path) {
    const char *slash = strrchr(path, '/');
    size_t length = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (length >= STP_PATH_BYTES)
        return -1;
    memcpy(parent, slash ? path : ".", length);
    parent[length] = 0;
    return 0;
}

int stp_dir_is_empty(const char *path) {
    DIR *folder = opendir(path);
    if (!folder)
        return -1;
    int empty = 1;
    for (struct dirent *entry; empty && (entry = readdir(folder));)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(folder);
    return empty;
}

stp_status stp_path_make_parents(const char *path, stp_err *err) {
    char parent[STP_PATH_BYTES];
    return parent_of(parent, path) == 0 ? stp_dir_make(parent, err) : refuse_length(err, path);
}

int stp_path_sync_parent(const char *path) {
    char parent[STP_PATH_BYTES];
    if (parent_of(parent, path) != 0)
        return -1;
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int failed = fsync(fd);
    if (failed && (errno == EINVAL || errno == ENOTSUP))
        failed = 0;
    close(fd);
    return failed;
}
