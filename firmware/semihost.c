// Arm's semihosting ("Semihosting for AArch32 and AArch64", and its RISC-V twin): a trap that the emulator
// takes as a call of the host.
#include "fw.h"

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_FLEN = 0x0c,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20,
    EXIT_BY_APPLICATION = 0x20026
};

static long call(long operation, const void *argument) {
#if defined(__arm__)
    register long r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
#else
    register long a0 __asm("a0") = operation;
    register const void *a1 __asm("a1") = argument;
    // the three instructions are one sign; they may not be compressed, nor lie on two pages
    __asm volatile(
        ".balign 16\n.option push\n.option norvc\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
        : "+r"(a0)
        : "r"(a1)
        : "memory");
    return a0;
#endif
}

void fw_exit(int status) {
    uintptr_t block[2] = {EXIT_BY_APPLICATION, (uintptr_t)status};
    call(SYS_EXIT_EXTENDED, block);
    for (;;)
        ;
}

int fw_open(const char *path, const char *mode) {
    size_t length = 0;
    while (path[length])
        length++;
    uintptr_t block[3] = {(uintptr_t)path, mode[0] == 'w' ? 5u : 1u, length}; // "wb", "rb"
    return (int)call(SYS_OPEN, block);
}

void fw_close(int file) {
    uintptr_t block[1] = {(uintptr_t)file};
    call(SYS_CLOSE, block);
}

// The calls return how many bytes were not read or written.
long fw_read(int file, void *data, size_t bytes) {
    uintptr_t block[3] = {(uintptr_t)file, (uintptr_t)data, bytes};
    long left = call(SYS_READ, block);
    return left < 0 || left > (long)bytes ? -1 : (long)bytes - left;
}

int fw_write(int file, const void *data, size_t bytes) {
    uintptr_t block[3] = {(uintptr_t)file, (uintptr_t)data, bytes};
    return call(SYS_WRITE, block) == 0 ? 0 : -1;
}

long fw_file_bytes(int file) {
    uintptr_t block[1] = {(uintptr_t)file};
    return call(SYS_FLEN, block);
}

// The command line that the emulator was given, at most `room` - 1 characters; 0, or -1 where it is longer.
int fw_command_line(char *line, size_t room) {
    uintptr_t block[2] = {(uintptr_t)line, room};
    return call(SYS_GET_CMDLINE, block) == 0 ? 0 : -1;
}
