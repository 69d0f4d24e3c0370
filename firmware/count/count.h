// Classes of instructions, by encoding: what a kernel's author can act upon, and what a table of costs can
// price.
#ifndef STAPES_FIRMWARE_COUNT_H
#define STAPES_FIRMWARE_COUNT_H

#include <stddef.h>
#include <stdint.h>

typedef enum count_class {
    COUNT_ALU,          // also moves, shifts, compares, bit fields
    COUNT_MULTIPLY,     // 32-bit products, with or without a sum
    COUNT_DSP,          // Arm's multiplications of 16-bit halves, and long ones
    COUNT_DIVIDE,       //
    COUNT_LOAD,         //
    COUNT_STORE,        //
    COUNT_LOAD_MANY,    // ldm, pop
    COUNT_STORE_MANY,   // stm, push
    COUNT_BRANCH,       // also calls, returns by bx, and low-overhead loops
    COUNT_FLOAT,        // sums, products, comparisons, conversions, moves
    COUNT_FLOAT_FUSED,  // multiplications with a sum
    COUNT_FLOAT_DIVIDE, // also square roots
    COUNT_FLOAT_MEMORY, // loads and stores, single and many
    COUNT_VECTOR,       // Helium, but for what follows
    COUNT_VECTOR_MULTIPLY,
    COUNT_VECTOR_MEMORY,
    COUNT_OTHER, // hints, barriers, system registers, breakpoints
    COUNT_CLASSES
} count_class;

// code: the instruction's bytes, 2 or 4.
count_class count_thumb(const uint8_t *code, size_t bytes);
count_class count_riscv(const uint8_t *code, size_t bytes);

// What the instruction marks: 1, a region's begin; 2, its end; 0, nothing.
int count_thumb_mark(const uint8_t *code, size_t bytes);
int count_riscv_mark(const uint8_t *code, size_t bytes);

#endif
