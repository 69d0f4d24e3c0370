// What a program on an emulated microcontroller has: printing, files of the host, its exit status, the depth
// of its stack, and marks between which instructions are counted. All of it by semihosting, so that nothing
// depends on a board. See README.md.
#ifndef STAPES_FIRMWARE_FW_H
#define STAPES_FIRMWARE_FW_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// To the standard output. Knows %s %c %d %u %x %% with a width, zero-filled where it starts with 0; a line of
// up to 255 characters.
void fw_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fw_exit(int status)
    __attribute__((noreturn)); // what `firmware/run` exits with; main's result does the same

// Files of the host. A handle is 0 or above; -1: it cannot be opened.
int fw_open(const char *path, const char *mode);        // "r" or "w"
long fw_read(int file, void *data, size_t bytes);       // bytes read, less at the end; -1: failed
int fw_write(int file, const void *data, size_t bytes); // 0, or -1 where not all was written
long fw_file_bytes(int file);                           // -1: failed
void fw_close(int file);

// The deepest the stack has been since the start, in bytes, and what there is of it.
size_t fw_stack_used(void);
size_t fw_stack_bytes(void);
// Now, of the call that asks: that of the caller and what a call takes.
size_t fw_stack_depth(void);
// Paints the unused part again, so that fw_stack_used tells what was used from here on, callers included.
void fw_stack_repaint(void);

// A region whose instructions `firmware/run --count` counts by class. Regions do not nest; the marks
// themselves do nothing and are not counted.
#if defined(__arm__)
#define fw_count_begin() __asm volatile("dbg #1" ::: "memory")
#define fw_count_end() __asm volatile("dbg #2" ::: "memory")
#elif defined(__riscv)
#define fw_count_begin() __asm volatile("slti x0, x0, 1" ::: "memory")
#define fw_count_end() __asm volatile("slti x0, x0, 2" ::: "memory")
#else
#error "firmware/ knows Arm's M profile and RISC-V"
#endif

#ifdef __cplusplus
}
#endif
#endif
