// Reset and traps of a RISC-V core in machine mode.
#include "kit.h"

enum { FAULT_STATUS = 99 };

__attribute__((aligned(4), used)) static void trap(void) {
    unsigned cause, value, at;
    __asm volatile(".option arch, +zicsr\ncsrr %0, mcause\ncsrr %1, mtval\ncsrr %2, mepc"
                   : "=r"(cause), "=r"(value), "=r"(at));
    fw_print("fault: mcause %08x mtval %08x mepc %08x\n", cause, value, at);
    fw_exit(FAULT_STATUS);
}

__attribute__((naked, section(".vectors"), used)) void fw_reset(void);
void fw_reset(void) {
    // traps get what is left of the stack: the deepest use of all, but nothing returns from there
    __asm volatile(
        ".option arch, +zicsr\n.option push\n.option norelax\nla gp, __global_pointer$\n.option pop\n"
        "la sp, fw_stack_top\nla t0, %0\ncsrw mtvec, t0\nj fw_main" ::"i"(trap));
}
