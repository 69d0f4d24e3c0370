#include "emulate/link_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 200 };

// One row of the map: a part of a section, from one object.
typedef struct part {
    char section[NAME_BYTES], object[NAME_BYTES];
    unsigned long address, bytes;
} part;

static int starts(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// Objects are called as their sources' paths with dashes: stapes-front-front.o. The room's first letter; 0:
// of no room of the device's.
static char room_of(const char *object) {
    static const char *const rooms[] = {"stapes-front-", "stapes-nn-", "stapes-runtime-"};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        if (starts(base_name(object), rooms[i]))
            return rooms[i][strlen("stapes-")];
    return 0;
}

// The constants of model.c.
static long *model_part(stp_flash *flash, const char *section) {
    const char *name = strstr(section, "model_");
    if (name && (starts(name, "model_weights") || starts(name, "model_biases") ||
                 starts(name, "model_multipliers") || starts(name, "model_shifts")))
        return &flash->weights;
    return name && starts(name, "model_front") ? &flash->front_tables : &flash->plan;
}

static void add(const part *p, stp_flash *flash, long *ram) {
    char room = room_of(p->object);
    int library = strstr(p->object, ".a(") != NULL, model = strcmp(base_name(p->object), "model.o") == 0;
    if (p->bytes == 0 || p->address == 0 || (!room && !library && !model))
        return;
    int code = starts(p->section, ".text") || starts(p->section, ".rodata") || starts(p->section, ".srodata");
    int variable = starts(p->section, ".data") || starts(p->section, ".sdata") ||
                   starts(p->section, ".bss") || starts(p->section, ".sbss");
    if (variable)
        *ram += (long)p->bytes;
    if (starts(p->section, ".data") || starts(p->section, ".sdata"))
        code = 1; // their first values lie in flash too
    if (!code)
        return;
    if (model)
        *model_part(flash, p->section) += (long)p->bytes;
    else if (library)
        flash->library += (long)p->bytes;
    else
        *(room == 'f' ? &flash->front : room == 'n' ? &flash->nn : &flash->runtime) += (long)p->bytes;
}

// " .text.name  0x00001234  0x56 path", or the name on a line by itself where it is long.
static int read_part(const char *line, part *p) {
    char name[NAME_BYTES];
    if (sscanf(line, " %199s %lx %lx %199s", name, &p->address, &p->bytes, p->object) == 4 &&
        name[0] == '.') {
        snprintf(p->section, sizeof p->section, "%s", name);
        return 1;
    }
    if (sscanf(line, " 0x%lx %lx %199s", &p->address, &p->bytes, p->object) == 3 && p->section[0])
        return 1;
    p->section[0] = 0;
    if (line[0] == ' ' && line[1] == '.')
        sscanf(line, " %199s", p->section);
    return 0;
}

void stp_link_map_read(const char *map, stp_flash *flash, long *ram) {
    part p = {.section = ""};
    *flash = (stp_flash){0};
    *ram = 0;
    const char *line = strstr(map, "\nLinker script and memory map");
    while (line && (line = strchr(line, '\n')) != NULL) {
        line++;
        if (read_part(line, &p)) {
            add(&p, flash, ram);
            p.section[0] = 0;
        }
    }
}
