// onnxruntime, in a node process of its own (onnx_server.js): building needs nothing of it.
#ifndef STP_TESTS_ONNX_H
#define STP_TESTS_ONNX_H

#include <stdbool.h>
#include <stddef.h>

// package: the folder of onnxruntime-node. False: a line on stderr says why.
bool onnx_open(const char *package);
void onnx_close(void);

// False when the runtime refuses the model; a line on stderr says why. in_floats: how many operators that
// have an integer form the runtime leaves in floats; NULL: not wanted.
bool onnx_load(const void *model, size_t bytes, int *in_floats);
// Runs the model that was loaded, over as many clips as the values make.
bool onnx_run(const float *input, size_t values, float *output, size_t output_values);

#endif
