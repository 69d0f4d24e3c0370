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

static int is_linked(const part *p) {
    return p->bytes > 0 && p->address > 0;
}

// Variables that do not begin as zero lie in flash too, as what they begin with.
static int is_in_flash(const part *p) {
    static const char *const sections[] = {".text", ".rodata", ".srodata", ".data", ".sdata"};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (starts(p->section, sections[i]))
            return 1;
    return 0;
}

static void add(const part *p, stp_flash *flash, long *ram) {
    char room = room_of(p->object);
    int library = strstr(p->object, ".a(") != NULL, model = strcmp(base_name(p->object), "model.o") == 0;
    if (!is_linked(p) || (!room && !library && !model))
        return;
    int variable = starts(p->section, ".data") || starts(p->section, ".sdata") ||
                   starts(p->section, ".bss") || starts(p->section, ".sbss");
    if (variable)
        *ram += (long)p->bytes;
    if (!is_in_flash(p))
        return;
    if (model)
        *model_part(flash, p->section) += (long)p->bytes;
    else if (library)
        flash->compiler += (long)p->bytes;
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

// The next part from *line on, which moves past it; 0 at the end.
static int next_part(const char **line, part *p) {
    p->section[0] = 0;
    while (*line && (*line = strchr(*line, '\n')) != NULL)
        if (read_part(++*line, p))
            return 1;
    return 0;
}

static const char *first_line(const char *map) {
    return strstr(map, "\nLinker script and memory map");
}

void stp_link_map_read(const char *map, stp_flash *flash, long *ram) {
    part p;
    *flash = (stp_flash){0};
    *ram = 0;
    for (const char *line = first_line(map); next_part(&line, &p);)
        add(&p, flash, ram);
}

long stp_link_map_object(const char *map, const char *object) {
    part p;
    long bytes = 0;
    for (const char *line = first_line(map); next_part(&line, &p);)
        if (is_linked(&p) && is_in_flash(&p) && strcmp(base_name(p.object), object) == 0)
            bytes += (long)p.bytes;
    return bytes;
}
