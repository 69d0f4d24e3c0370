#include "bench_problem.h"

#include <stdio.h>
#include <string.h>

// Which fields a kernel has. Windows reach as far as the kernels' scratch is made for (kernel/kernel.h).
typedef struct kernel_rule {
    const char *name, *fields;
    int most_stride;
} kernel_rule;

static const kernel_rule rules[STP_BENCH_KERNELS] = {
    [STP_BENCH_DWPW] = {"dwpw", "cmxksdg", 2},     [STP_BENCH_DW] = {"dw", "cxksdg", 2},
    [STP_BENCH_CONV] = {"conv", "cmxksdg", 8},     [STP_BENCH_MAXPOOL] = {"maxpool", "cxksg", 2},
    [STP_BENCH_AVGPOOL] = {"avgpool", "cxksg", 2}, [STP_BENCH_AFFINE] = {"affine", "cxg", 1},
    [STP_BENCH_MIX] = {"mix", "cmxg", 1},
};

enum {
    MOST_CHANNELS = 2048,
    MOST_SIDE = 4096,
    MOST_KERNEL = 16,
    MOST_DILATION = 2,
    MOST_GROUP = 4096,
    MOST_TERMS = 64
};

const char *stp_bench_kernel_name(stp_bench_kernel kernel) {
    return rules[kernel].name;
}

// A problem being read.
typedef struct problem_text {
    stp_bench_problem *problem;
    char text[STP_BENCH_PROBLEM_BYTES];
    const char *where;
    char seen[16]; // letters of the fields so far; 'x' is the size, 'p' the pass
    stp_err *err;
} problem_text;

static stp_status refuse(const problem_text *t, const char *what) {
    return stp_err_set(t->err, STP_ERR_USAGE, "%s'%s': %s", t->where, t->text, what);
}

// A whole number at *at, moved past it; -1 for none, or one of more than seven digits.
static int take_number(const char **at) {
    int value = 0, digits = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++, digits++)
        if (digits < 7)
            value = 10 * value + (**at - '0');
    return digits == 0 || digits > 7 ? -1 : value;
}

// "48x40" or, where one number serves both, "3".
static int take_pair(const char *at, int *first, int *second, int one_will_do) {
    *first = *second = take_number(&at);
    if (*at == 'x') {
        at++;
        *second = take_number(&at);
    } else if (!one_will_do) {
        return 0;
    }
    return *at == 0 && *first > 0 && *second > 0;
}

static stp_status mark_seen(problem_text *t, char letter, const char *field) {
    char what[96];
    if (letter != 'p' && !strchr(rules[t->problem->kernel].fields, letter)) {
        snprintf(what, sizeof what, "%s has no field like '%.20s'; leave it out",
                 rules[t->problem->kernel].name, field);
        return refuse(t, what);
    }
    size_t count = strlen(t->seen);
    if (strchr(t->seen, letter)) {
        snprintf(what, sizeof what, "'%.20s' says again what another field has said", field);
        return refuse(t, what);
    }
    t->seen[count] = letter;
    return STP_OK;
}

static stp_status take_value(problem_text *t, char letter, const char *field) {
    stp_bench_problem *p = t->problem;
    char what[128];
    if (letter == 'x' || letter == 'k') {
        int *first = letter == 'x' ? &p->h : &p->k_h, *second = letter == 'x' ? &p->w : &p->k_w;
        int most = letter == 'x' ? MOST_SIDE : MOST_KERNEL;
        if (take_pair(letter == 'x' ? field : field + 1, first, second, letter == 'k') && *first <= most &&
            *second <= most)
            return STP_OK;
        snprintf(what, sizeof what, "'%.20s' is no size from 1 to %d; give something like %s", field, most,
                 letter == 'x' ? "48x40" : "k3 or k10x4");
        return refuse(t, what);
    }
    const struct {
        char letter;
        int *value, most;
    } numbers[] = {{'c', &p->c, MOST_CHANNELS},
                   {'m', &p->m, p->kernel == STP_BENCH_MIX ? MOST_TERMS : MOST_CHANNELS},
                   {'s', &p->stride, rules[p->kernel].most_stride},
                   {'d', &p->dilation, MOST_DILATION},
                   {'g', &p->group, MOST_GROUP}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i].letter != letter)
            continue;
        const char *at = field + 1;
        *numbers[i].value = take_number(&at);
        if (*at == 0 && *numbers[i].value >= 1 && *numbers[i].value <= numbers[i].most)
            break;
        snprintf(what, sizeof what, "'%.20s': give %c and a number from 1 to %d", field, letter,
                 numbers[i].most);
        return refuse(t, what);
    }
    return STP_OK;
}

static stp_status take_field(problem_text *t, const char *field) {
    stp_bench_problem *p = t->problem;
    int digit = field[0] >= '0' && field[0] <= '9', next = field[0] && field[1] >= '0' && field[1] <= '9';
    char letter = digit ? 'x' : next && strchr("cmksdg", field[0]) ? field[0] : 'p';
    STP_TRY(mark_seen(t, letter, field));
    if (letter != 'p')
        return take_value(t, letter, field);
    if (strlen(field) >= sizeof p->pass || !field[0])
        return refuse(t, "an empty or overlong field; give something like dw:c4:48x40:k3:s1:d2");
    snprintf(p->pass, sizeof p->pass, "%s", field);
    return STP_OK;
}

static stp_status take_kernel(problem_text *t, const char *name) {
    for (int i = 0; i < STP_BENCH_KERNELS; i++)
        if (strcmp(rules[i].name, name) == 0) {
            t->problem->kernel = (stp_bench_kernel)i;
            return STP_OK;
        }
    return refuse(t, "no such kernel; give one of dwpw, dw, conv, maxpool, avgpool, affine, mix");
}

// What was not said, and what the fields say together.
static stp_status complete(problem_text *t) {
    stp_bench_problem *p = t->problem;
    const char *fields = rules[p->kernel].fields;
    if (p->c == 0)
        return refuse(t, "the channels are missing; add something like c16");
    if (p->h == 0)
        return refuse(t, "the size is missing; add something like 48x40");
    if (p->k_h == 0 && strchr(fields, 'k'))
        return refuse(t, "the size of the kernel is missing; add something like k3");
    if (p->k_h == 0)
        p->k_h = p->k_w = 1;
    if (p->m == 0)
        p->m = p->kernel == STP_BENCH_MIX ? 8 : p->c;
    if (p->group % 16 != 0)
        return refuse(t, "the group is no multiple of 16; give something like g64");
    return STP_OK;
}

stp_status stp_bench_problem_parse(stp_bench_problem *problem, const char *text, size_t bytes,
                                   const char *where, stp_err *err) {
    problem_text t = {.problem = problem, .where = where, .err = err};
    *problem = (stp_bench_problem){.stride = 1, .dilation = 1, .group = 64};
    snprintf(t.text, sizeof t.text, "%.*s", bytes < sizeof t.text ? (int)bytes : (int)sizeof t.text - 1,
             text);
    if (bytes >= sizeof t.text || memchr(text, 0, bytes))
        return refuse(&t, "too long for a problem; give something like dw:c4:48x40:k3:s1:d2");
    char fields[STP_BENCH_PROBLEM_BYTES];
    strcpy(fields, t.text);
    char *at = fields, *end = strchr(at, ':');
    if (end)
        *end = 0;
    STP_TRY(take_kernel(&t, at));
    while (end) {
        at = end + 1;
        end = strchr(at, ':');
        if (end)
            *end = 0;
        STP_TRY(take_field(&t, at));
    }
    return complete(&t);
}

void stp_bench_problem_format(const stp_bench_problem *p, char text[STP_BENCH_PROBLEM_BYTES]) {
    const char *fields = rules[p->kernel].fields;
    int n = snprintf(text, STP_BENCH_PROBLEM_BYTES, "%s:c%d", rules[p->kernel].name, p->c);
    if (strchr(fields, 'm'))
        n += snprintf(text + n, (size_t)(STP_BENCH_PROBLEM_BYTES - n), ":m%d", p->m);
    n += snprintf(text + n, (size_t)(STP_BENCH_PROBLEM_BYTES - n), ":%dx%d", p->h, p->w);
    if (strchr(fields, 'k') && p->k_h == p->k_w)
        n += snprintf(text + n, (size_t)(STP_BENCH_PROBLEM_BYTES - n), ":k%d", p->k_h);
    else if (strchr(fields, 'k'))
        n += snprintf(text + n, (size_t)(STP_BENCH_PROBLEM_BYTES - n), ":k%dx%d", p->k_h, p->k_w);
    if (strchr(fields, 's'))
        n += snprintf(text + n, (size_t)(STP_BENCH_PROBLEM_BYTES - n), ":s%d", p->stride);
    if (strchr(fields, 'd'))
        n += snprintf(text + n, (size_t)(STP_BENCH_PROBLEM_BYTES - n), ":d%d", p->dilation);
    snprintf(text + n, (size_t)(STP_BENCH_PROBLEM_BYTES - n), ":g%d", p->group);
}
