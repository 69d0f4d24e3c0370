// What programs on the emulator may rely on: arguments, printing, files, zeroed and copied data, the stack's
// depth, and the exit status.
#include "fw.h"

#include <string.h>

static int zeroed[100], copied[3] = {1, 2, 3};

static int deep(int levels) {
    volatile char room[200];
    room[0] = (char)levels;
    return levels > 0 ? deep(levels - 1) + room[0] : 0;
}

static int memory_is_ready(void) {
    int sum = 0;
    for (int i = 0; i < 100; i++)
        sum |= zeroed[i];
    return sum == 0 && copied[0] == 1 && copied[2] == 3;
}

static int files_work(const char *path) {
    static const char text[] = "some bytes";
    char back[32];
    int out = fw_open(path, "w");
    if (out < 0 || fw_write(out, text, sizeof text) != 0)
        return 0;
    fw_close(out);
    int in = fw_open(path, "r");
    int same = in >= 0 && fw_file_bytes(in) == (long)sizeof text && fw_read(in, back, 4) == 4 &&
               fw_read(in, back + 4, sizeof back - 4) == (long)sizeof text - 4 && fw_read(in, back, 1) == 0 &&
               memcmp(back + 1, text + 1, sizeof text - 1) == 0;
    fw_close(in);
    return same && fw_open("/nowhere/at/all", "r") < 0;
}

static int stack_is_measured(void) {
    fw_stack_repaint();
    size_t before = fw_stack_used();
    deep(10);
    size_t after = fw_stack_used();
    return before < 1500 && after > before + 1000 && after < before + 4000 && fw_stack_bytes() >= 8192;
}

// kit FILE STATUS
int main(int argc, char **argv) {
    if (argc != 3)
        return 1;
    fw_print("[%5d] [%u] [%05d] [%4s] [%08x] [%c] %%\n", -42, 4000000000u, -42, "ab", 0xbeefu, 'x');
    fw_print("%s %s %s\n", memory_is_ready() ? "memory" : "no", files_work(argv[1]) ? "files" : "no",
             stack_is_measured() ? "stack" : "no");
    if (argv[2][0] == 'o')
        deep(200); // more than there is
    if (argv[2][0] == 'f')
        __builtin_trap();
    return argv[2][0] - '0';
}
