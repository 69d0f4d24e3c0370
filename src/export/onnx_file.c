#include "export/onnx_file.h"

#include "base/file.h"
#include "base/json_memory.h"
#include "export/about.h"

stp_status stp_onnx_file_write(const stp_int8_net *net, const stp_model *model, stp_onnx_numbers numbers,
                               const char *path, stp_err *err) {
    char title[STP_ABOUT_TITLE_BYTES];
    stp_onnx_entry metadata = {.key = STP_ABOUT_NAME};
    stp_bytes file;
    char *about = stp_about_text(model, &metadata.bytes);
    if (!about)
        return stp_err_memory(err, "the .onnx file's metadata", 4096);
    metadata.text = about;
    stp_about_title(model, title);
    stp_status status = stp_onnx_network_build(net, numbers, title, &metadata, &file, err);
    if (status == STP_OK)
        status = stp_file_write(path, file.bytes, file.size, err);
    stp_bytes_free(&file);
    stp_json_text_free(about);
    return status;
}
