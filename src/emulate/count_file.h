// The file that `firmware/run --count` writes: a line a region, its index, all instructions, classes with
// their numbers.
#ifndef STP_EMULATE_COUNT_FILE_H
#define STP_EMULATE_COUNT_FILE_H

#include "emulate/emulate.h"

// The region's counts; 0 when the text has no such region.
int stp_count_file_find(const char *text, int region, stp_count *count);

#endif
