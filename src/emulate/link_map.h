// What a program takes in flash and RAM, by part, from the map that the linker writes.
#ifndef STP_EMULATE_LINK_MAP_H
#define STP_EMULATE_LINK_MAP_H

#include "emulate/emulate.h"

// `map`: the text of the file. Objects are told apart by their names, constants of the model by theirs.
void stp_link_map_read(const char *map, stp_flash *flash, long *static_ram);
// What one object file has in flash ("stapes-nn-add.o").
long stp_link_map_object(const char *map, const char *object);

#endif
