#include "export/firmware.h"

#include "base/arena.h"
#include "base/file.h"
#include "export/embedded.h"
#include "export/golden_source.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// --- which sources ------------------------------------------------------------------------------------

static int has_kind(const stapes_model *m, stapes_op_kind kind) {
    for (int i = 0; i < m->ops; i++)
        if (m->op[i].kind == kind)
            return 1;
    return 0;
}

// Whether a source of device/ belongs to the system. Listed are kernels with a source of their own, which
// only they need; what depthwise and rows share is asked for scratch by every system.
static int needs(const stapes_model *model, const char *name) {
    static const struct {
        const char *name;
        stapes_op_kind kind;
    } own[] = {
        {"device/nn/conv.c", STAPES_CONV},         {"device/nn/pointwise.c", STAPES_POINTWISE},
        {"device/nn/max_pool.c", STAPES_MAX_POOL}, {"device/nn/average_pool.c", STAPES_AVERAGE_POOL},
        {"device/nn/add.c", STAPES_ADD},           {"device/nn/fully_connected.c", STAPES_FULLY_CONNECTED}};
    if (strncmp(name, "device/", 7) != 0)
        return 0;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(name, own[i].name) == 0)
            return has_kind(model, own[i].kind);
    return 1;
}

static stp_status write_device(const stapes_model *model, const char *folder, stp_err *err) {
    char path[STP_PATH_BYTES];
    STP_TRY(stp_path_join(path, folder, "stapes", err));
    for (const stp_embedded_file *file = stp_embedded; file->name; file++)
        if (needs(model, file->name))
            STP_TRY(stp_embedded_write(file, "device/", path, err));
    return STP_OK;
}

// --- what is written for every system ------------------------------------------------------------------

static const char main_c[] =
    "// An example, and all that a board needs: samples from standard input, what is heard to standard "
    "output. For a\n"
    "// board write the first two functions anew. Try: sox recording.wav -t raw -r 16000 -e signed -b 16 -c "
    "1 - | ./example\n"
    "#include \"model.h\"\n"
    "#include \"runtime/detect.h\"\n"
    "\n"
    "#include <stdio.h>\n"
    "\n"
    "enum { PIECE = 160, ROWS_A_DECISION = 5, SMOOTHED = 4 };\n"
    "\n"
    "// Waits for samples, PIECE at most, and returns how many there are; 0 at the end.\n"
    "static size_t next_samples(int16_t *samples) {\n"
    "    return fread(samples, sizeof *samples, PIECE, stdin);\n"
    "}\n"
    "\n"
    "static void heard(const char *word) {\n"
    "    puts(word);\n"
    "}\n"
    "\n"
    "static uint64_t arena[(MODEL_ARENA_BYTES + 7) / 8], stream[(MODEL_STREAM_BYTES + 7) / 8];\n"
    "static uint16_t smoothing[SMOOTHED * MODEL_CLASSES];\n"
    "static const stapes_detect_config detection = {SMOOTHED, 128, 10, model_silent};\n"
    "\n"
    "int main(void) {\n"
    "    stapes s;\n"
    "    stapes_detector d;\n"
    "    int16_t samples[PIECE];\n"
    "    int rows = 0;\n"
    "    if (stapes_init(&s, &model, arena, sizeof arena, stream, sizeof stream) != STAPES_OK ||\n"
    "        stapes_detect_init(&d, &model, &detection, smoothing, sizeof smoothing) != STAPES_OK)\n"
    "        return 1;\n"
    "    for (size_t count; (count = next_samples(samples)) > 0;) {\n"
    "        const int16_t *at = samples;\n"
    "        while (stapes_push(&s, &at, &count)) {\n"
    "            rows = (rows + 1) % ROWS_A_DECISION;\n"
    "            if (rows != 0 || !stapes_decide(&s))\n"
    "                continue;\n"
    "            int word = stapes_detect(&d, stapes_logits(&s));\n"
    "            if (word >= 0)\n"
    "                heard(model_labels[word]);\n"
    "        }\n"
    "    }\n"
    "    return 0;\n"
    "}\n";

static const char selftest_c[] =
    "// The golden signal through the whole system: every row of features and every logit must be the "
    "host's.\n"
    "#include \"golden.h\"\n"
    "#include \"model.h\"\n"
    "\n"
    "#include <stdio.h>\n"
    "#include <string.h>\n"
    "\n"
    "static uint64_t arena[(MODEL_ARENA_BYTES + 7) / 8], stream[(MODEL_STREAM_BYTES + 7) / 8];\n"
    "\n"
    "int main(void) {\n"
    "    stapes s;\n"
    "    int rows = 0;\n"
    "    stapes_status status = stapes_init(&s, &model, arena, sizeof arena, stream, sizeof stream);\n"
    "    if (status != STAPES_OK) {\n"
    "        printf(\"init refuses: status %d\\n\", (int)status);\n"
    "        return 1;\n"
    "    }\n"
    "    for (uint32_t i = 0; i < GOLDEN_SAMPLES; i++) {\n"
    "        int16_t sample = golden_sample(i);\n"
    "        const int16_t *at = &sample;\n"
    "        size_t count = 1;\n"
    "        if (!stapes_push(&s, &at, &count))\n"
    "            continue;\n"
    "        if (memcmp(stapes_row(&s), golden_rows + rows * MODEL_COEFFICIENTS, MODEL_COEFFICIENTS) != 0) "
    "{\n"
    "            printf(\"features differ from the host's in row %d\\n\", rows);\n"
    "            return 1;\n"
    "        }\n"
    "        rows++;\n"
    "    }\n"
    "    if (!stapes_decide(&s) || memcmp(stapes_logits(&s), golden_logits, MODEL_CLASSES) != 0) {\n"
    "        printf(\"logits differ from the host's\\n\");\n"
    "        return 1;\n"
    "    }\n"
    "    printf(\"%d rows of features and %d logits are the host's, bit for bit\\n\", rows, MODEL_CLASSES);\n"
    "    return 0;\n"
    "}\n";

static const char makefile[] =
    "# make: the example and the self-test for this machine. For another: make "
    "CC=arm-none-eabi-gcc CFLAGS='-O2 -mcpu=...'\n"
    "# objects. -ffp-contract=off is part of the code: without it features would "
    "differ from those it was trained with.\n"
    "CFLAGS ?= -O2\n"
    "FLAGS := -std=c99 -ffp-contract=off -fomit-frame-pointer -Wall -Wextra -Wconversion -Istapes -I.\n"
    "OBJECTS := $(patsubst %.c,%.o,model.c $(wildcard stapes/*/*.c))\n"
    "\n"
    "all: example selftest\n"
    "objects: $(OBJECTS)\n"
    "example: main.o $(OBJECTS)\n"
    "\t$(CC) $(CFLAGS) $^ -o $@\n"
    "selftest: selftest.o $(OBJECTS)\n"
    "\t$(CC) $(CFLAGS) $^ -o $@\n"
    "test: selftest\n"
    "\t./selftest\n"
    "%.o: %.c model.h golden.h $(wildcard stapes/*/*.h)\n"
    "\t$(CC) $(CFLAGS) $(FLAGS) -c $< -o $@\n"
    "clean:\n"
    "\trm -f example selftest *.o stapes/*/*.o\n"
    ".PHONY: all objects test clean\n";

static const char readme[] =
    "# A keyword spotter in C99\n"
    "\n"
    "`make test` builds for this machine and compares every bit with the host that trained it; `make` also "
    "builds the example.\n"
    "\n"
    "On a board write the first two functions of `main.c` anew, where samples come from and what happens to "
    "a word that is\n"
    "heard, and compile it with `model.c` and `stapes/*/*.c`, with `-O2 -ffp-contract=off "
    "-fomit-frame-pointer -Istapes -I.`.\n"
    "Nothing is allocated, and nothing of a library is needed but what a compiler may call by itself "
    "(memcpy, memset). RAM is\n"
    "the two memories of `model.h`, some hundred bytes of state, and the stack. `stapes_init` checks model, "
    "memory, compiler\n"
    "and processor, and says what is wrong (`stapes/runtime/runtime.h`); from then on nothing can fail.\n";

// --- the folder ----------------------------------------------------------------------------------------

static stp_status write_text(const char *folder, const char *name, stp_text *text, stp_err *err) {
    char path[STP_PATH_BYTES];
    stp_status status = stp_path_join(path, folder, name, err);
    if (status == STP_OK && text->failed)
        status = stp_err_memory(err, name, text->bytes);
    if (status == STP_OK)
        status = stp_file_write(path, text->data, text->bytes, err);
    stp_text_free(text);
    return status;
}

static stp_status write_fixed(const char *folder, const char *name, const char *content, stp_err *err) {
    stp_text text = {0};
    stp_text_puts(&text, content);
    return write_text(folder, name, &text, err);
}

static stp_status make_empty(const char *folder, stp_err *err) {
    char brief[STP_PATH_BRIEF_BYTES];
    STP_TRY(stp_dir_make(folder, err));
    int empty = stp_dir_is_empty(folder);
    if (empty < 0)
        return stp_err_set(err, STP_ERR_IO, "%s: cannot be read: %s", stp_path_brief(brief, folder),
                           strerror(errno));
    if (!empty)
        return stp_err_set(err, STP_ERR_USAGE, "%s: is not empty; give a new folder",
                           stp_path_brief(brief, folder));
    return STP_OK;
}

static stp_status fill(const stp_system_source *system, const char *folder, stp_err *err) {
    stp_text header = {0}, source = {0}, golden = {0};
    STP_TRY(write_device(system->model, folder, err));
    stp_model_header(&header, system);
    STP_TRY(write_text(folder, "model.h", &header, err));
    stp_model_source(&source, system);
    STP_TRY(write_text(folder, "model.c", &source, err));
    STP_TRY(stp_golden_source(&golden, system->model, err));
    STP_TRY(write_text(folder, "golden.h", &golden, err));
    STP_TRY(write_fixed(folder, "main.c", main_c, err));
    STP_TRY(write_fixed(folder, "selftest.c", selftest_c, err));
    STP_TRY(write_fixed(folder, "Makefile", makefile, err));
    return write_fixed(folder, "README.md", readme, err);
}

static void remove_inside(const char *folder) {
    char path[STP_PATH_BYTES];
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            stp_path_join(path, folder, entry->d_name, NULL) == STP_OK && remove(path) != 0) {
            remove_inside(path);
            remove(path);
        }
    if (dir)
        closedir(dir);
}

stp_status stp_firmware_write(const stp_system_source *system, const char *folder, stp_err *err) {
    STP_TRY(make_empty(folder, err));
    stp_status status = fill(system, folder, err);
    if (status != STP_OK) { // it was empty, so all in it is ours, and the next try needs it empty again
        remove_inside(folder);
        rmdir(folder); // not a link to it, which is somebody's
    }
    return status;
}
