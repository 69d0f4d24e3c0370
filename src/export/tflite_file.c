#include "export/tflite_file.h"

#include "base/file.h"
#include "base/json_memory.h"
#include "export/about.h"

stp_status stp_tflite_file_write(const stp_int8_net *net, const stp_model *model, stp_tflite_numbers numbers,
                                 const char *path, stp_err *err) {
    char title[STP_ABOUT_TITLE_BYTES];
    stp_about_title(model, title);
    stp_tflite_metadata metadata = {.name = STP_ABOUT_NAME};
    char *about = stp_about_text(model, &metadata.bytes);
    if (!about)
        return stp_err_memory(err, "the .tflite file's metadata", 4096);
    metadata.data = about;
    stp_flatbuffer file;
    stp_status status = stp_tflite_network_build(net, numbers, title, &metadata, 1, &file, err);
    if (status == STP_OK)
        status = stp_file_write(path, file.bytes, file.size, err);
    stp_bytes_free(&file);
    stp_json_text_free(about);
    return status;
}
