// Moving int8 values about, four at a time where that is possible. Addresses need no alignment.
#ifndef STAPES_NN_BYTES_H
#define STAPES_NN_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint32_t stapes_nn_load_word(const int8_t *from) {
    uint32_t word;
    memcpy(&word, from, 4);
    return word;
}

// The last n % 4 values of n as the low bytes of a word, zeros above; from: the first of the n. Nothing
// beyond them is read.
static inline uint32_t stapes_nn_load_rest(const int8_t *from, int32_t n) {
    const int32_t rest = n & 3;
    uint32_t word = 0;
    if (n >= 4)
        return stapes_nn_load_word(from + n - 4) >> (32 - 8 * rest);
    memcpy(&word, from, (size_t)rest);
    return word;
}

static inline void stapes_nn_store_word(int8_t *to, uint32_t word) {
    memcpy(to, &word, 4);
}

static inline void stapes_nn_store_half(int8_t *to, uint32_t half) {
    const uint16_t two = (uint16_t)half;
    memcpy(to, &two, 2);
}

static inline void stapes_nn_copy(int8_t *to, const int8_t *from, int32_t n) {
    for (; n >= 4; n -= 4, to += 4, from += 4)
        stapes_nn_store_word(to, stapes_nn_load_word(from));
    for (; n > 0; n--)
        *to++ = *from++;
}

static inline void stapes_nn_fill(int8_t *to, int8_t value, int32_t n) {
    const uint32_t four = (uint8_t)value * 0x01010101u;
    for (; n >= 4; n -= 4, to += 4)
        stapes_nn_store_word(to, four);
    for (; n > 0; n--)
        *to++ = value;
}

// Values under `low` become `low`. to may be from.
static inline void stapes_nn_copy_rectified(int8_t *to, const int8_t *from, int32_t n, int8_t low) {
    for (; n > 0; n--, from++)
        *to++ = *from < low ? low : *from;
}

static inline int32_t stapes_nn_multiple_of_4(int32_t n) {
    return (n + 3) & ~3;
}

#endif
