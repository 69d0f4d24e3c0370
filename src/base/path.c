#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

stp_status stp_path_make_parents(const char *path, stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES], part[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof part)
        return stp_err_set(err, STP_ERR_IO, "%s: the path is too long (%zu bytes); choose a shorter one",
                           stp_path_brief(brief, path), length);
    memcpy(part, path, length + 1);
    for (char *p = part + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        struct stat info;
        if (mkdir(part, 0777) != 0 && (errno != EEXIST || stat(part, &info) != 0 || !S_ISDIR(info.st_mode)))
            return stp_err_set(err, STP_ERR_IO, "%s: cannot make this folder: %s; choose another place",
                               stp_path_brief(brief, part), strerror(errno));
        *p = '/';
    }
    return STP_OK;
}

void stp_path_sync_parent(const char *path) {
    char parent[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (slash && (size_t)(slash - path) < sizeof parent - 1)
        snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}
