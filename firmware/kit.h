// Between the files of the kit; programs include fw.h.
#ifndef STAPES_FIRMWARE_KIT_H
#define STAPES_FIRMWARE_KIT_H

#include "fw.h"

int main(int argc, char **argv);
int fw_command_line(char *line, size_t room);
void fw_main(void)
    __attribute__((noreturn)); // memory, stack, main, exit: all that follows a processor's own start

#endif
