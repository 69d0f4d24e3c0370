// stapes bench kernel PROBLEM...: single kernels on one-line problems (bench_problem.h), as CSV. A word
// "@FILE" stands for the problems of a file, one a line, "-" for those of standard input; "#" begins a
// remark. One thread, timed by its own clock, so that other work on the machine counts as little as can be;
// the fastest of several rounds over the group counts.
#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "bench.h"
#include "bench_pass.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_PROBLEMS = 4096, ROUNDS = 30, FEWEST_ROUNDS = 5 };

// What a search step is made of (48x40, 16 channels of which a quarter is seen, halved twice), and DS-CNN.
static const char *const usual[] = {
    "dwpw:c4:48x40:k3",    "dwpw:c4:48x40:k5:d2",   "dwpw:c8:24x20:k5",       "dwpw:c16:12x10:k5:d2",
    "dwpw:c8:48x40:k5:s2", "conv:c64:m16:48x40:k1", "conv:c128:m32:24x20:k1", "conv:c64:m16:48x40:k1:s2",
    "maxpool:c4:48x40:k3", "avgpool:c4:48x40:k3",   "affine:c16:48x40",       "mix:c4:m8:48x40",
    "dw:c64:25x5:k3",      "conv:c64:25x5:k1",
};

typedef struct problem_list {
    stp_bench_problem *problem; // [MOST_PROBLEMS]
    int count;
} problem_list;

// --- problems ----------------------------------------------------------------------------------------

static stp_status know_pass(const stp_bench_problem *p, const char *where, stp_err *err) {
    char known[256] = "";
    for (int i = 0; i < stp_bench_pass_count(); i++) {
        const stp_bench_pass *pass = &stp_bench_passes[i];
        if (pass->kernel != p->kernel)
            continue;
        if (!p->pass[0] || strcmp(pass->name, p->pass) == 0)
            return STP_OK;
        strcat(known, known[0] ? ", " : "");
        strcat(known, pass->name);
    }
    return stp_err_set(err, STP_ERR_USAGE, "%s'%s' is no field, and no pass of %s; its passes are %s", where,
                       p->pass, stp_bench_kernel_name(p->kernel), known);
}

static stp_status add(problem_list *list, const char *text, size_t bytes, const char *where, stp_err *err) {
    if (list->count == MOST_PROBLEMS)
        return stp_err_set(err, STP_ERR_USAGE, "%smore than %d problems; give fewer at once", where,
                           MOST_PROBLEMS);
    STP_TRY(stp_bench_problem_parse(&list->problem[list->count], text, bytes, where, err));
    STP_TRY(know_pass(&list->problem[list->count], where, err));
    STP_TRY(stp_bench_tensors_check(stp_kernels_get(stp_isa_current()), &list->problem[list->count], err));
    list->count++;
    return STP_OK;
}

static stp_status add_lines(problem_list *list, const char *text, size_t bytes, const char *name,
                            stp_err *err) {
    const char *at = text, *end = text + bytes;
    for (int line = 1; at < end; line++) {
        const char *next = memchr(at, '\n', (size_t)(end - at)), *stop = next ? next : end;
        const char *remark = memchr(at, '#', (size_t)(stop - at));
        stop = remark ? remark : stop;
        while (at < stop && strchr(" \t\r", *at))
            at++;
        while (stop > at && strchr(" \t\r", stop[-1]))
            stop--;
        char where[STP_PATH_BYTES + 16];
        snprintf(where, sizeof where, "%.*s:%d: ", STP_PATH_BYTES - 1, name, line);
        if (stop > at)
            STP_TRY(add(list, at, (size_t)(stop - at), where, err));
        at = next ? next + 1 : end;
    }
    return STP_OK;
}

static stp_status add_standard_input(problem_list *list, stp_err *err) {
    stp_text text = {0};
    char block[4096];
    size_t got;
    while ((got = fread(block, 1, sizeof block, stdin)) > 0)
        stp_text_add(&text, block, got);
    stp_status status = STP_OK;
    if (ferror(stdin))
        status =
            stp_err_set(err, STP_ERR_IO, "standard input cannot be read; give problems as words, or @FILE");
    else if (text.failed)
        status = stp_err_memory(err, "problems", text.bytes);
    else if (text.bytes > 0)
        status = add_lines(list, text.data, text.bytes, "standard input", err);
    stp_text_free(&text);
    return status;
}

static stp_status add_word(problem_list *list, const char *word, stp_err *err) {
    if (strcmp(word, "-") == 0)
        return add_standard_input(list, err);
    if (word[0] != '@')
        return add(list, word, strlen(word), "", err);
    char *text;
    size_t bytes;
    STP_TRY(stp_file_read(word + 1, &text, &bytes, err));
    stp_status status = add_lines(list, text, bytes, word + 1, err);
    stp_free(text);
    return status;
}

static stp_status collect(problem_list *list, const char *const *words, int count, stp_err *err) {
    list->problem = stp_alloc(sizeof *list->problem * MOST_PROBLEMS);
    if (!list->problem)
        return stp_err_memory(err, "problems", sizeof *list->problem * MOST_PROBLEMS);
    for (int i = 0; i < count; i++)
        STP_TRY(add_word(list, words[i], err));
    for (size_t i = 0; count == 0 && i < sizeof usual / sizeof *usual; i++)
        STP_TRY(add(list, usual[i], strlen(usual[i]), "", err));
    if (list->count == 0)
        return stp_err_set(err, STP_ERR_USAGE,
                           "there is no problem to time; give one like dw:c4:48x40:k3:s1:d2");
    return STP_OK;
}

// --- timing ------------------------------------------------------------------------------------------

static double thread_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Seconds a group: the fastest round, each long enough for the clock; fewer rounds where a group takes long.
static double time_of(const stp_bench_pass *pass, stp_bench_tensors *tensors, int blocks) {
    double best = 1e30, sum = 0;
    long groups = 1;
    for (int round = 0; round < ROUNDS && (round < FEWEST_ROUNDS || sum < 0.3);) {
        const double start = thread_seconds();
        for (long i = 0; i < groups; i++)
            for (int block = 0; block < blocks; block++)
                pass->run(tensors, block);
        const double took = thread_seconds() - start;
        if (took < 0.001) {
            groups *= 2;
            continue;
        }
        best = took / (double)groups < best ? took / (double)groups : best;
        sum += took;
        round++;
    }
    return best;
}

static void print_row(const stp_bench_problem *p, const stp_bench_pass *pass, const stp_kernels *k,
                      double seconds) {
    char text[STP_BENCH_PROBLEM_BYTES];
    stp_bench_problem_format(p, text);
    const double flops = stp_bench_pass_flops(pass, p), bytes = stp_bench_pass_bytes(pass, p);
    printf("%s,%s,%s,%d,%.2f,%.0f,%.0f,%.2f,%.2f\n", text, pass->name, stp_isa_name(k->isa), k->lanes,
           seconds * 1e6, flops, bytes, flops / seconds * 1e-9, bytes / seconds * 1e-9);
    fflush(stdout);
}

static json_t *row_json(const stp_bench_problem *p, const stp_bench_pass *pass, const stp_kernels *k,
                        double seconds) {
    char text[STP_BENCH_PROBLEM_BYTES];
    stp_bench_problem_format(p, text);
    const double flops = stp_bench_pass_flops(pass, p), bytes = stp_bench_pass_bytes(pass, p);
    return json_pack("{s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:f}", "problem", text, "pass", pass->name,
                     "isa", stp_isa_name(k->isa), "lanes", k->lanes, "microseconds", seconds * 1e6, "flops",
                     flops, "bytes", bytes, "gflops", flops / seconds * 1e-9, "gbytes_per_s",
                     bytes / seconds * 1e-9);
}

// rows: NULL prints each as it is measured.
static stp_status measure(const stp_bench_problem *p, json_t *rows, stp_err *err) {
    const stp_kernels *k = stp_kernels_get(stp_isa_current());
    stp_bench_tensors *tensors;
    STP_TRY(stp_bench_tensors_create(&tensors, k, p, err));
    stp_status status = STP_OK;
    for (int i = 0; i < stp_bench_pass_count() && status == STP_OK; i++) {
        const stp_bench_pass *pass = &stp_bench_passes[i];
        if (pass->kernel != p->kernel || (p->pass[0] && strcmp(p->pass, pass->name) != 0))
            continue;
        const double seconds = time_of(pass, tensors, p->group / k->lanes);
        if (!rows)
            print_row(p, pass, k, seconds);
        else if (json_array_append_new(rows, row_json(p, pass, k, seconds)) != 0)
            status = stp_err_memory(err, "results", sizeof *p);
    }
    stp_bench_tensors_destroy(tensors);
    return status;
}

static stp_status measure_all(const problem_list *list, json_t *rows, stp_err *err) {
    if (!rows)
        printf("problem,pass,isa,lanes,microseconds,flops,bytes,gflops,gbytes_per_s\n");
    for (int i = 0; i < list->count; i++)
        STP_TRY(measure(&list->problem[i], rows, err));
    return STP_OK;
}

int stp_bench_kernels(stp_settings *settings, const char *const *words, int count) {
    problem_list list = {0};
    stp_err err;
    json_t *rows = settings->json ? json_array() : NULL;
    stp_status status = collect(&list, words, count, &err);
    if (status == STP_OK && settings->json && !rows)
        status = stp_err_memory(&err, "results", sizeof list);
    if (status == STP_OK)
        status = measure_all(&list, rows, &err);
    stp_free(list.problem);
    if (status != STP_OK) {
        json_decref(rows);
        return stp_cli_fail("bench", &err);
    }
    return rows ? stp_cli_print_json("bench", json_pack("{s:o}", "kernels", rows)) : 0;
}
