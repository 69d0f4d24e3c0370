// A fuzz target is one function. Linked with libFuzzer (clang, cmake --preset fuzz) it explores by coverage;
// linked with driver.c, everywhere, it gets random bytes and mutations of them, so that a test can run it for
// a second.
#ifndef STP_FUZZ_H
#define STP_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
