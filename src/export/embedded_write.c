#include "base/file.h"
#include "export/embedded.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

stp_status stp_embedded_write(const stp_embedded_file *file, const char *prefix, const char *folder,
                              stp_err *err) {
    char path[STP_PATH_BYTES];
    size_t cut = strncmp(file->name, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
    STP_TRY(stp_path_join(path, folder, file->name + cut, err));
    STP_TRY(stp_path_make_parents(path, err));
    STP_TRY(stp_file_write(path, file->data, file->bytes, err));
    if (file->bytes > 2 && file->data[0] == '#' && file->data[1] == '!' && chmod(path, 0755) != 0)
        return stp_err_set(err, STP_ERR_IO, "%s: cannot be made executable: %s", path, strerror(errno));
    return STP_OK;
}
