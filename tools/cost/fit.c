// The table of costs (src/cost/table.def) from what was measured.   fit FOLDER PROCESSOR...
// FOLDER: what design.c wrote, and of each processor P.counts and P.said of tools/cost/measure.c, P.map and
// P.system of the exported system. Rows to standard output, how well they fit to standard error.
#include "base/arena.h"
#include "base/file.h"
#include "cost/table.h"
#include "emulate/count_file.h"
#include "emulate/link_map.h"
#include "least_squares.h"
#include "problem.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[STAPES_OP_KINDS] = {
    [STAPES_CONV] = "CONV",
    [STAPES_POINTWISE] = "POINTWISE",
    [STAPES_DEPTHWISE] = "DEPTHWISE",
    [STAPES_MAX_POOL] = "MAX_POOL",
    [STAPES_AVERAGE_POOL] = "AVERAGE_POOL",
    [STAPES_ADD] = "ADD",
    [STAPES_FULLY_CONNECTED] = "FULLY_CONNECTED",
};

static void must(stp_status status, const stp_err *err) {
    if (status == STP_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static char *read_file(const char *folder, const char *name, const char *ending, size_t *bytes) {
    char path[STP_PATH_BYTES], *text;
    char file[64];
    stp_err err;
    snprintf(file, sizeof file, "%s%s", name, ending);
    must(stp_path_join(path, folder, file, &err), &err);
    must(stp_file_read(path, &text, bytes, &err), &err);
    return text;
}

// --- the fit -----------------------------------------------------------------------------------------------

typedef struct fit {
    int columns, samples;
    const char *name[STP_TERMS_MOST];
    double a[STP_TERMS_MOST][STP_TERMS_MOST], b[STP_TERMS_MOST], x[STP_TERMS_MOST];
    double worst, sum;
} fit;

// Relative errors count, so that small operations have their say.
static void fit_add(fit *f, const stp_terms *t, double instructions) {
    f->columns = t->count;
    f->samples++;
    for (int i = 0; i < t->count; i++) {
        f->name[i] = t->name[i];
        f->b[i] += t->times[i] / instructions;
        for (int j = 0; j < t->count; j++)
            f->a[i][j] += t->times[i] / instructions * (t->times[j] / instructions);
    }
}

static void fit_judge(fit *f, const stp_terms *t, double instructions) {
    double predicted = 0;
    for (int i = 0; i < t->count; i++)
        predicted += f->x[i] * t->times[i];
    double error = fabs(predicted / instructions - 1);
    f->worst = fmax(f->worst, error);
    f->sum += error;
}

static void print_upper(const char *text) {
    for (; *text; text++)
        putchar(toupper((unsigned char)*text));
}

static void print_names(const fit *f) {
    printf("// ");
    for (int i = 0; i < f->columns; i++)
        printf("%s%s", i ? ", " : "", f->name[i]);
    printf("\n");
}

static void print_row(const fit *f, stp_processor processor, const char *kind) {
    print_names(f);
    printf("%s(", kind ? "OP" : "FRONT");
    print_upper(stp_processor_name(processor));
    printf("%s%s, %d", kind ? ", " : "", kind ? kind : "", f->columns);
    for (int i = 0; i < f->columns; i++)
        printf(", %.5g", f->x[i]);
    printf(")\n");
    fprintf(stderr, "%-5s %-16s %3d measured, error %.2f %% in the mean, %.2f %% at most\n",
            stp_processor_name(processor), kind ? kind : "FRONT", f->samples, 100 * f->sum / f->samples,
            100 * f->worst);
}

static double count_at(const char *counts, int region) {
    stp_count count;
    if (!stp_count_file_find(counts, region, &count)) {
        fprintf(stderr, "region %d was not counted\n", region);
        exit(1);
    }
    return (double)count.total;
}

// --- operations and front-ends -----------------------------------------------------------------------------

static void fit_kind(stp_processor processor, stapes_op_kind kind, const problem_op *problems, int count,
                     const char *counts) {
    stp_terms t;
    fit f = {0};
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < count; i++) {
            if (problems[i].op.kind != kind)
                continue;
            stp_op_terms(&t, processor, &problems[i].op, problems[i].map);
            (pass ? fit_judge : fit_add)(&f, &t, count_at(counts, i));
        }
        if (pass == 0)
            least_squares(f.columns, f.a, f.b, f.x);
    }
    print_row(&f, processor, kind_names[kind]);
}

static void fit_front(stp_processor processor, const char *counts, int first_region) {
    static const struct {
        const char *spec, *kind;
    } fronts[] = {
#define FRONT(spec, kind) {spec, kind},
#include "fronts.def"
#undef FRONT
    };
    stp_terms t;
    stp_front_spec spec;
    stp_err err;
    fit f = {0};
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < (int)(sizeof fronts / sizeof *fronts); i++) {
            must(stp_front_spec_parse(&spec, fronts[i].spec, fronts[i].kind, 16000, 20, 7600, &err), &err);
            stp_front_terms(&t, processor, &spec);
            (pass ? fit_judge : fit_add)(&f, &t, count_at(counts, first_region + i));
        }
        if (pass == 0)
            least_squares(f.columns, f.a, f.b, f.x);
    }
    print_row(&f, processor, NULL);
}

// --- bytes -------------------------------------------------------------------------------------------------

// Code of a kind of operation beside what all share.
static long code_of(const char *map, stapes_op_kind kind) {
    static const char *const objects[STAPES_OP_KINDS][4] = {
        [STAPES_CONV] = {"conv"},
        [STAPES_POINTWISE] = {"pointwise"},
        [STAPES_DEPTHWISE] = {"depthwise", "depthwise_taps", "depthwise_taps_dsp", "depthwise_mve"},
        [STAPES_MAX_POOL] = {"max_pool"},
        [STAPES_AVERAGE_POOL] = {"average_pool"},
        [STAPES_ADD] = {"add"},
        [STAPES_FULLY_CONNECTED] = {"fully_connected"},
    };
    long bytes = 0;
    for (int i = 0; i < 4 && objects[kind][i]; i++) {
        char object[64];
        snprintf(object, sizeof object, "stapes-nn-%s.o", objects[kind][i]);
        bytes += stp_link_map_object(map, object);
    }
    return bytes;
}

static void print_bytes(stp_processor processor, const char *map, const char *said, const char *system) {
    long stack[STAPES_OP_KINDS + 2], deepest = 0, row, decision, variables, own = 0;
    int at = 0;
    stp_flash flash;
    for (int i = 0, taken; i < STAPES_OP_KINDS + 2; i++, at += taken)
        if (sscanf(said + at, "%ld%n", &stack[i], &taken) != 1)
            exit(1);
    if (sscanf(system, "stack %ld %ld", &row, &decision) != 2)
        exit(1);
    stp_link_map_read(map, &flash, &variables);
    for (int kind = 0; kind < STAPES_OP_KINDS; kind++) {
        long code = code_of(map, (stapes_op_kind)kind);
        own += code;
        deepest = stack[kind] > deepest ? stack[kind] : deepest;
        printf("KERNEL(");
        print_upper(stp_processor_name(processor));
        printf(", %s, %ld, %ld)\n", kind_names[kind], code, stack[kind]);
    }
    printf("// code of front-end, shared, runtime, library; variables, state; stack of a row, of a decision "
           "above its kernels\nFIXED(");
    print_upper(stp_processor_name(processor));
    printf(", %ld, %ld, %ld, %ld, %ld, %ld, %ld, %ld)\n", flash.front, flash.nn - own, flash.runtime,
           flash.compiler, variables, stack[STAPES_OP_KINDS + 1], stack[STAPES_OP_KINDS],
           decision > deepest ? decision - deepest : 0);
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    size_t bytes, ignored;
    problem_op *problems = (problem_op *)(void *)read_file(argv[1], "ops", "", &bytes);
    int count = (int)(bytes / sizeof *problems);
    for (int i = 2; i < argc; i++) {
        stp_processor processor;
        if (stp_processor_parse(&processor, argv[i]) != 0)
            return 2;
        char *counts = read_file(argv[1], argv[i], ".counts", &ignored);
        char *said = read_file(argv[1], argv[i], ".said", &ignored);
        char *system = read_file(argv[1], argv[i], ".system", &ignored);
        char *map = read_file(argv[1], argv[i], "-system.map", &ignored);
        printf("\n");
        for (int kind = 0; kind < STAPES_OP_KINDS; kind++)
            fit_kind(processor, (stapes_op_kind)kind, problems, count, counts);
        fit_front(processor, counts, count);
        print_bytes(processor, map, said, system);
        stp_free(counts);
        stp_free(said);
        stp_free(system);
        stp_free(map);
    }
    stp_free(problems);
    return 0;
}
