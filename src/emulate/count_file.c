#include "emulate/count_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// As firmware/count/count.c calls them.
static const char *const names[STP_COUNT_CLASSES] = {
    "alu",           "multiply",     "dsp",          "divide", "load",
    "store",         "load-many",    "store-many",   "branch", "float",
    "float-fused",   "float-divide", "float-memory", "vector", "vector-multiply",
    "vector-memory", "other"};

const char *stp_count_class_name(int index) {
    return names[index];
}

static void read_classes(const char *line, stp_count *count) {
    char name[32];
    long long number;
    int taken;
    while (sscanf(line, " %31s %lld%n", name, &number, &taken) == 2) {
        for (int i = 0; i < STP_COUNT_CLASSES; i++)
            if (strcmp(name, names[i]) == 0)
                count->of[i] = number;
        line += taken;
        if (*line == '\n')
            break;
    }
}

int stp_count_file_find(const char *text, int region, stp_count *count) {
    *count = (stp_count){0};
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        int index, taken;
        if (sscanf(line, "%d %lld%n", &index, &count->total, &taken) != 2 || index != region)
            continue;
        read_classes(line + taken, count);
        return 1;
    }
    *count = (stp_count){0};
    return 0;
}
