#include "tflite.h"

#include <dlfcn.h>
#include <stdio.h>

static struct {
    const char *(*version)(void);
    void *(*model_create)(const void *bytes, size_t size);
    void (*model_delete)(void *model);
    void *(*options_create)(void);
    void (*options_delete)(void *options);
    void (*options_set_threads)(void *options, int32_t threads);
    void *(*create)(const void *model, const void *options);
    void (*delete)(void *interpreter);
    int (*allocate)(void *interpreter);
    int (*invoke)(void *interpreter);
    void *(*input)(const void *interpreter, int32_t index);
    const void *(*output)(const void *interpreter, int32_t index);
    int (*copy_in)(void *tensor, const void *data, size_t size);
    int (*copy_out)(const void *tensor, void *data, size_t size);
} lite;

static bool find(void *handle, const char *name, void *function) {
    void *symbol = dlsym(handle, name);
    if (!symbol)
        fprintf(stderr, "%s\n", dlerror());
    *(void **)function = symbol; // POSIX's way past what C forbids
    return symbol != NULL;
}

bool tflite_open(const char *library) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
        return false;
    }
    return find(handle, "TfLiteVersion", &lite.version) &&
           find(handle, "TfLiteModelCreate", &lite.model_create) &&
           find(handle, "TfLiteModelDelete", &lite.model_delete) &&
           find(handle, "TfLiteInterpreterOptionsCreate", &lite.options_create) &&
           find(handle, "TfLiteInterpreterOptionsDelete", &lite.options_delete) &&
           find(handle, "TfLiteInterpreterOptionsSetNumThreads", &lite.options_set_threads) &&
           find(handle, "TfLiteInterpreterCreate", &lite.create) &&
           find(handle, "TfLiteInterpreterDelete", &lite.delete) &&
           find(handle, "TfLiteInterpreterAllocateTensors", &lite.allocate) &&
           find(handle, "TfLiteInterpreterInvoke", &lite.invoke) &&
           find(handle, "TfLiteInterpreterGetInputTensor", &lite.input) &&
           find(handle, "TfLiteInterpreterGetOutputTensor", &lite.output) &&
           find(handle, "TfLiteTensorCopyFromBuffer", &lite.copy_in) &&
           find(handle, "TfLiteTensorCopyToBuffer", &lite.copy_out);
}

const char *tflite_version(void) {
    return lite.version();
}

bool tflite_run(const void *model_bytes, size_t model_size, const void *input, size_t input_bytes,
                void *output, size_t output_bytes) {
    void *model = lite.model_create(model_bytes, model_size);
    if (!model)
        return false;
    void *options = lite.options_create();
    lite.options_set_threads(options, 1);
    void *interpreter = lite.create(model, options);
    lite.options_delete(options);
    bool good = interpreter && lite.allocate(interpreter) == 0 &&
                lite.copy_in(lite.input(interpreter, 0), input, input_bytes) == 0 &&
                lite.invoke(interpreter) == 0 &&
                lite.copy_out(lite.output(interpreter, 0), output, output_bytes) == 0;
    if (interpreter)
        lite.delete(interpreter);
    lite.model_delete(model);
    return good;
}
