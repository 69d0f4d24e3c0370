// A plugin of QEMU that counts executed instructions by class in the regions that a program marks. The counts
// are exact and the same on every machine and under any load. Argument: out=FILE. The header of plugins is
// not packaged everywhere, so what is used of it is declared here. COUNT_API: the version of the interface, 1
// for QEMU 5.1 to 8, 2 for 9.0, 3 from 9.1 on.
#include "count.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifndef COUNT_API
#define COUNT_API 1
#endif

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t {
    const char *target_name;
    struct {
        int min, cur;
    } version;
    bool system_emulation;
    // more follows, which is not used
} qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { QEMU_PLUGIN_CB_NO_REGS = 0, QEMU_PLUGIN_INLINE_ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*done)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*done)(qemu_plugin_id_t, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
#if COUNT_API < 3
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
#else
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *data, size_t bytes);
#endif
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*done)(unsigned, void *),
                                            int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation, void *counter,
                                                uint64_t amount);

#define VISIBLE __attribute__((visibility("default")))
VISIBLE int qemu_plugin_version = COUNT_API;
VISIBLE int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

static const char *const names[COUNT_CLASSES] = {
    "alu",           "multiply",     "dsp",          "divide", "load",
    "store",         "load-many",    "store-many",   "branch", "float",
    "float-fused",   "float-divide", "float-memory", "vector", "vector-multiply",
    "vector-memory", "other"};

static uint64_t counted[COUNT_CLASSES];
static uint64_t at_begin[COUNT_CLASSES];
static int regions, open_region;
static FILE *out;
static count_class (*classify)(const uint8_t *, size_t);
static int (*mark_of)(const uint8_t *, size_t);

static void begin(unsigned cpu, void *data) {
    (void)cpu, (void)data;
    memcpy(at_begin, counted, sizeof counted);
    open_region = 1;
}

static void end(unsigned cpu, void *data) {
    (void)cpu, (void)data;
    if (!open_region)
        return;
    uint64_t total = 0;
    for (int i = 0; i < COUNT_CLASSES; i++)
        total += counted[i] - at_begin[i];
    fprintf(out, "%d %llu", regions++, (unsigned long long)total);
    for (int i = 0; i < COUNT_CLASSES; i++)
        if (counted[i] != at_begin[i])
            fprintf(out, " %s %llu", names[i], (unsigned long long)(counted[i] - at_begin[i]));
    fputc('\n', out);
    open_region = 0;
}

static void read_code(const struct qemu_plugin_insn *insn, uint8_t code[8], size_t bytes) {
#if COUNT_API < 3
    memcpy(code, qemu_plugin_insn_data(insn), bytes);
#else
    qemu_plugin_insn_data(insn, code, bytes);
#endif
}

#if COUNT_API == 1
static void count(struct qemu_plugin_insn *insn, uint64_t *counter) {
    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64, counter, 1);
}
#else // adding inline has other names in every version since
static void add_one(unsigned cpu, void *counter) {
    (void)cpu;
    ++*(uint64_t *)counter;
}

static void count(struct qemu_plugin_insn *insn, uint64_t *counter) {
    qemu_plugin_register_vcpu_insn_exec_cb(insn, add_one, QEMU_PLUGIN_CB_NO_REGS, counter);
}
#endif

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint8_t code[8] = {0};
        size_t size = qemu_plugin_insn_size(insn), bytes = size < sizeof code ? size : sizeof code;
        read_code(insn, code, bytes);
        int mark = mark_of(code, bytes);
        if (mark)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, mark == 1 ? begin : end, QEMU_PLUGIN_CB_NO_REGS,
                                                   NULL);
        else
            count(insn, &counted[classify(code, bytes)]);
    }
}

static void finish(qemu_plugin_id_t id, void *data) {
    (void)id, (void)data;
    fclose(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
    int arm = strcmp(info->target_name, "arm") == 0;
    classify = arm ? count_thumb : count_riscv;
    mark_of = arm ? count_thumb_mark : count_riscv_mark;
    const char *path = argc == 1 && strncmp(argv[0], "out=", 4) == 0 ? argv[0] + 4 : NULL;
    if (!path || !(out = fopen(path, "w"))) {
        fprintf(stderr, "count: give out=FILE, a file that can be written\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
