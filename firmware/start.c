// From a bare stack pointer to main and its exit status, on every processor.
#include "kit.h"

enum { GUARD_BYTES = 256, LINE_BYTES = 1024, MAX_ARGS = 16, OVERFLOW_STATUS = 98 };
static const uint32_t PAINT = 0xa5a5a5a5u;

// Of the linker map.
extern uint32_t fw_data_start[], fw_data_end[], fw_data_load[], fw_bss_start[], fw_bss_end[];
extern uint32_t fw_stack_base[], fw_stack_top[];

void fw_stack_repaint(void) {
    uint32_t here;
    // the addresses are taken as numbers: to the compiler these are two arrays
    uintptr_t end = (uintptr_t)&here - 64; // this function's own frame stays
    for (uint32_t *p = fw_stack_base; (uintptr_t)p < end; p++)
        *p = PAINT;
}

size_t fw_stack_used(void) {
    const uint32_t *p = fw_stack_base;
    while ((uintptr_t)p < (uintptr_t)fw_stack_top && *p == PAINT)
        p++;
    return (uintptr_t)fw_stack_top - (uintptr_t)p;
}

size_t fw_stack_depth(void) {
    return (uintptr_t)fw_stack_top - (uintptr_t)__builtin_frame_address(0);
}

size_t fw_stack_bytes(void) {
    return (uintptr_t)fw_stack_top - (uintptr_t)fw_stack_base;
}

// Words separated by spaces, as `firmware/run` passes them.
static int split(char *line, char **argv) {
    int argc = 0;
    for (char *p = line; *p && argc < MAX_ARGS;) {
        while (*p == ' ')
            *p++ = 0;
        if (*p)
            argv[argc++] = p;
        while (*p && *p != ' ')
            p++;
    }
    argv[argc] = NULL;
    return argc;
}

static int run_main(void) {
    static char line[LINE_BYTES], *argv[MAX_ARGS + 1];
    if (fw_command_line(line, sizeof line) != 0)
        line[0] = 0;
    return main(split(line, argv), argv);
}

void fw_main(void) {
    uint32_t *from = fw_data_load;
    for (uint32_t *to = fw_data_start; (uintptr_t)to < (uintptr_t)fw_data_end; to++)
        *to = *from++;
    for (uint32_t *to = fw_bss_start; (uintptr_t)to < (uintptr_t)fw_bss_end; to++)
        *to = 0;
    fw_stack_repaint();
    int status = run_main();
    if (fw_stack_used() + GUARD_BYTES > fw_stack_bytes()) {
        fw_print("fault: the stack of %u bytes was too small\n", (unsigned)fw_stack_bytes());
        status = OVERFLOW_STATUS;
    }
    fw_exit(status);
}
