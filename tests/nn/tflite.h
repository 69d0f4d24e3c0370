// TensorFlow Lite's C library, loaded when a test runs: building needs nothing of it.
#ifndef STP_TESTS_TFLITE_H
#define STP_TESTS_TFLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool tflite_open(const char *library); // false: a line on stderr says why
const char *tflite_version(void);
// Runs a model of one input and one output once. False when the library refuses it or sizes differ.
bool tflite_run(const void *model, size_t model_bytes, const void *input, size_t input_bytes, void *output,
                size_t output_bytes);

#endif
