// Reset and faults of Cortex-M.
#include "kit.h"

extern uint32_t fw_stack_top[];

enum { FAULT_STATUS = 99 };

static void reset(void) {
    volatile uint32_t *coprocessors = (volatile uint32_t *)0xe000ed88u;
    *coprocessors |= 0xfu << 20; // FPU and Helium on, where there are any
    __asm volatile("dsb\nisb");
    fw_main();
}

static void fault(void) {
    const volatile uint32_t *status = (const volatile uint32_t *)0xe000ed28u;  // CFSR, HFSR
    const volatile uint32_t *address = (const volatile uint32_t *)0xe000ed34u; // MMFAR, BFAR
    fw_print("fault: CFSR %08x HFSR %08x MMFAR %08x BFAR %08x\n", (unsigned)status[0], (unsigned)status[1],
             (unsigned)address[0], (unsigned)address[1]);
    fw_exit(FAULT_STATUS);
}

__attribute__((section(".vectors"), used)) static const struct {
    const void *stack;
    void (*handler[15])(void);
} vectors = {fw_stack_top,
             {reset, fault, fault, fault, fault, fault, fault, 0, 0, 0, fault, fault, 0, fault, fault}};
