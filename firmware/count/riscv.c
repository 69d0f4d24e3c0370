// RV32 with M, A, F and C (RISC-V Unprivileged ISA, chapters on opcodes).
#include "count.h"

static uint32_t word(const uint8_t *code, size_t bytes) {
    uint32_t w = code[0] | (uint32_t)code[1] << 8;
    return bytes == 4 ? w | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24 : w;
}

static count_class compressed(uint32_t w) {
    uint32_t function = w >> 13;
    switch (w & 3) {
    case 0:
        if (function == 0)
            return COUNT_ALU;
        if (function == 1 || function == 3 || function == 5 || function == 7)
            return COUNT_FLOAT_MEMORY;
        return function < 4 ? COUNT_LOAD : COUNT_STORE;
    case 1:
        return function == 1 || function >= 5 ? COUNT_BRANCH : COUNT_ALU;
    default:
        if (function == 0 || function == 4) {
            uint32_t rs1 = w >> 7 & 31, rs2 = w >> 2 & 31;
            return function == 4 && rs2 == 0 ? (rs1 == 0 ? COUNT_OTHER : COUNT_BRANCH) : COUNT_ALU;
        }
        if (function == 2)
            return COUNT_LOAD;
        return function == 6 ? COUNT_STORE : COUNT_FLOAT_MEMORY;
    }
}

static count_class float_operation(uint32_t w) {
    uint32_t operation = w >> 27;
    return operation == 3 || operation == 11 ? COUNT_FLOAT_DIVIDE : COUNT_FLOAT;
}

count_class count_riscv(const uint8_t *code, size_t bytes) {
    uint32_t w = word(code, bytes);
    if (bytes == 2)
        return compressed(w);
    switch (w >> 2 & 31) {
    case 0x00:
        return COUNT_LOAD;
    case 0x08:
        return COUNT_STORE;
    case 0x01:
    case 0x09:
        return COUNT_FLOAT_MEMORY;
    case 0x0c:
        if (w >> 25 != 1)
            return COUNT_ALU;
        return w >> 12 & 4 ? COUNT_DIVIDE : COUNT_MULTIPLY;
    case 0x10:
    case 0x11:
    case 0x12:
    case 0x13:
        return COUNT_FLOAT_FUSED;
    case 0x14:
        return float_operation(w);
    case 0x18:
    case 0x19:
    case 0x1b:
        return COUNT_BRANCH;
    case 0x03:
    case 0x0b:
    case 0x1c:
        return COUNT_OTHER;
    default:
        return COUNT_ALU;
    }
}

int count_riscv_mark(const uint8_t *code, size_t bytes) { // slti x0, x0, 1 or 2
    if (bytes != 4)
        return 0;
    uint32_t w = word(code, bytes);
    return w == 0x00102013u ? 1 : w == 0x00202013u ? 2 : 0;
}
