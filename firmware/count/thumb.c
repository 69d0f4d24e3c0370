// Thumb-2 with DSP, floating point and Helium (Arm v7-M and v8-M Architecture Reference Manuals, chapters on
// encodings). Where an encoding is rare in code of compilers it may land in a neighbouring class.
#include "count.h"

static uint32_t half(const uint8_t *code) {
    return code[0] | (uint32_t)code[1] << 8;
}

static int loads(uint32_t h) { // loads and stores of 16 bits
    if (h >> 12 == 5)
        return (h >> 9 & 7) >= 3;
    return h >> 11 & 1;
}

static count_class narrow(uint32_t h) {
    switch (h >> 12) {
    case 0x4:
        if ((h & 0xffc0) == 0x4340)
            return COUNT_MULTIPLY;
        if ((h & 0xff00) == 0x4700)
            return COUNT_BRANCH;
        return (h & 0xf800) == 0x4800 ? COUNT_LOAD : COUNT_ALU;
    case 0x5:
    case 0x6:
    case 0x7:
    case 0x8:
    case 0x9:
        return loads(h) ? COUNT_LOAD : COUNT_STORE;
    case 0xb:
        if ((h & 0xf500) == 0xb100) // cbz, cbnz
            return COUNT_BRANCH;
        if ((h & 0xfe00) == 0xb400)
            return COUNT_STORE_MANY;
        if ((h & 0xfe00) == 0xbc00)
            return COUNT_LOAD_MANY;
        if ((h & 0xff00) == 0xbe00 || ((h & 0xff00) == 0xbf00 && (h & 15) == 0) || (h & 0xffe0) == 0xb660)
            return COUNT_OTHER; // bkpt, hints, cps
        return COUNT_ALU;       // extensions, sp, it
    case 0xc:
        return loads(h) ? COUNT_LOAD_MANY : COUNT_STORE_MANY;
    case 0xd:
    case 0xe:
        return COUNT_BRANCH;
    default:
        return COUNT_ALU;
    }
}

static count_class float_operation(uint32_t a, uint32_t b) {
    if (a >> 12 == 0xf || (b & 0x10)) // vsel, vmaxnm, roundings; moves to and from core registers
        return COUNT_FLOAT;
    switch (a >> 4 & 0xb) { // the operation, without the bit of a register
    case 0x0:               // vmla, vmls
    case 0x1:               // vnmla, vnmls
    case 0x9:               // vfnma, vfnms
    case 0xa:               // vfma, vfms
        return COUNT_FLOAT_FUSED;
    case 0x8:
        return COUNT_FLOAT_DIVIDE;
    case 0xb:
        return (a & 0xf) == 1 && (b & 0xc0) == 0xc0 ? COUNT_FLOAT_DIVIDE : COUNT_FLOAT; // vsqrt
    default:
        return COUNT_FLOAT;
    }
}

// Helium's data processing.
static count_class vector_operation(uint32_t a, uint32_t b) {
    uint32_t low = b & 0x1f51;
    if ((a & 0xef80) == 0xee80 && (b & 0x51) == 0) { // across a vector: products, but for vaddv, vmaxv, vminv
        int eight = (b >> 8 & 15) == 15;
        int sum_only = eight && ((a & 1) == 1 || ((a & 0xf3) == 0xe2) || (a & 0xf3) == 0xe0);
        return sum_only ? COUNT_VECTOR : COUNT_VECTOR_MULTIPLY;
    }
    if ((a & 0xef80) == 0xef00 && (b & 0xf00) == 0x900 && (b & 0x50) == 0x50) // vmul of integers
        return COUNT_VECTOR_MULTIPLY;
    if ((a & 0xef80) == 0xef00 &&
        (low == 0xd50 || low == 0xc50 || low == 0xb40)) // vmul, vfma of floats, vq(r)dmulh
        return COUNT_VECTOR_MULTIPLY;
    if ((a & 0xef81) == 0xee01 && ((b & 0x1f40) == 0x1e40 || (b & 0x1f40) == 0xe40))
        return COUNT_VECTOR_MULTIPLY; // vmul, vmla, vmlas, vq(r)dmulh, vfma by a scalar
    if ((a & 0xef81) == 0xee01 && (a & 0x30) != 0x30 && (b & 0xf10) == 0xe00) // vmulh, vrmulh, vmull
        return COUNT_VECTOR_MULTIPLY;
    return COUNT_VECTOR;
}

// Loads, stores and operations that go through coprocessor space.
static count_class coprocessor(uint32_t a, uint32_t b) {
    uint32_t which = b >> 8 & 15;
    int memory = (a & 0x0e00) == 0x0c00;
    if ((a & 0x0f00) == 0x0f00) // Helium's own
        return vector_operation(a, b);
    if (which == 14 || which == 15) {
        if (!memory)
            return vector_operation(a, b);
        return (a & 0xffe0) == 0xec00 && (b & 0x1fe0) == 0x0f00 ? COUNT_VECTOR : COUNT_VECTOR_MEMORY;
    }
    if (which == 10 || which == 11) {
        if (memory)
            return (a & 0xffe0) == 0xec40 ? COUNT_FLOAT : COUNT_FLOAT_MEMORY;
        return (b & 0x10) && which == 11 && (a & 0xff00) == 0xee00 ? COUNT_VECTOR : float_operation(a, b);
    }
    return COUNT_OTHER;
}

static count_class wide_branch(uint32_t a, uint32_t b) {
    if ((b & 0x5000) != 0)
        return COUNT_BRANCH; // b, bl, low-overhead loops
    return (a & 0x0380) != 0x0380 ? COUNT_BRANCH : COUNT_OTHER;
}

static count_class wide_multiply(uint32_t a, uint32_t b) {
    if ((a & 0xff80) == 0xfb00)
        return (a >> 4 & 7) == 0 ? COUNT_MULTIPLY : COUNT_DSP;
    if ((a >> 4 & 0xd) == 0x9) // sdiv fb9, udiv fbb
        return COUNT_DIVIDE;
    return (b & 0xf0) ? COUNT_DSP : COUNT_MULTIPLY; // smlal's relatives of halves; smull, umull, smlal, umlal
}

static count_class wide(uint32_t a, uint32_t b) {
    if ((a & 0x0c00) == 0x0c00)
        return coprocessor(a, b);
    switch (a >> 11 & 3) {
    case 1:
        if ((a & 0x0600) != 0)
            return COUNT_ALU;
        if ((a & 0x40) == 0)
            return a & 0x10 ? COUNT_LOAD_MANY : COUNT_STORE_MANY;
        if ((a & 0xfff0) == 0xe8d0 && (b & 0xffe0) == 0xf000) // tbb, tbh
            return COUNT_BRANCH;
        return a & 0x10 ? COUNT_LOAD : COUNT_STORE;
    case 2:
        return b & 0x8000 ? wide_branch(a, b) : COUNT_ALU;
    default:
        if ((a & 0xfe00) == 0xf800)
            return a & 0x10 ? COUNT_LOAD : COUNT_STORE;
        return (a & 0xff00) == 0xfb00 ? wide_multiply(a, b) : COUNT_ALU;
    }
}

count_class count_thumb(const uint8_t *code, size_t bytes) {
    return bytes == 2 ? narrow(half(code)) : wide(half(code), half(code + 2));
}

int count_thumb_mark(const uint8_t *code, size_t bytes) { // dbg #1, dbg #2
    if (bytes != 4 || half(code) != 0xf3af || (half(code + 2) & 0xfffc) != 0x80f0)
        return 0;
    int mark = half(code + 2) & 3;
    return mark == 1 || mark == 2 ? mark : 0;
}
