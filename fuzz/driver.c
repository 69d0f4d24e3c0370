// fuzz-NAME RUNS [SEED [FILE...]]: replays the files, then calls the target with random inputs, each new or a
// mutation of an earlier one or of a file. fuzz-NAME FILE...: only replays. Where a sanitizer is compiled in,
// it stops at the first mistake.
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 256 };

static uint64_t state = 88172645463325252ull;

static uint32_t next_random(void) { // xorshift
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

// Some bytes of the input before are kept: what got far may get further.
static size_t mutate(uint8_t *data, size_t size) {
    if (size == 0 || next_random() % 4 == 0)
        size = 1 + next_random() % (1u << next_random() % 9);
    size = size > MAX_BYTES ? MAX_BYTES : size;
    uint32_t changes = 1 + next_random() % 8;
    for (uint32_t i = 0; i < changes; i++)
        data[next_random() % size] =
            next_random() % 3 ? (uint8_t)next_random() : (uint8_t)(next_random() % 2 ? 255 : 0);
    return size;
}

// --- inputs in files ---------------------------------------------------------------------------------------

static char **files;
static int file_count;

static size_t read_input(const char *path, uint8_t *data, size_t room) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    size_t size = fread(data, 1, room, file);
    fclose(file);
    return size;
}

static void replay(const char *path) {
    static uint8_t data[1 << 20];
    LLVMFuzzerTestOneInput(data, read_input(path, data, sizeof data));
}

// Now and then a file is what is changed next.
static size_t begin_again(uint8_t *data, size_t size) {
    if (file_count == 0 || next_random() % 8)
        return size;
    return read_input(files[next_random() % (uint32_t)file_count], data, MAX_BYTES);
}

int main(int argc, char **argv) {
    char *end = NULL;
    long runs = argc > 1 ? strtol(argv[1], &end, 10) : 0;
    if (argc < 2) {
        fprintf(stderr, "usage: %s RUNS [SEED [FILE...]] | FILE...\n", argv[0]);
        return 2;
    }
    if (*end != 0)
        runs = 0;
    files = argv + (*end != 0 ? 1 : 3);
    file_count = argc > files - argv ? argc - (int)(files - argv) : 0;
    state += *end == 0 && argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    for (int i = 0; i < file_count; i++)
        replay(files[i]);
    uint8_t data[MAX_BYTES] = {0};
    size_t size = 0;
    for (long i = 0; i < runs; i++) {
        size = mutate(data, begin_again(data, size));
        LLVMFuzzerTestOneInput(data, size);
    }
    printf("%d files, %ld runs\n", file_count, runs);
    return 0;
}
