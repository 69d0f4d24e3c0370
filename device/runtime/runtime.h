// A trained, quantised system on a device: samples in, decisions out. The model is constant data that
// `stapes export` writes (or that the host makes in memory); it is checked once, in init, and then runs
// blind.
#ifndef STAPES_RUNTIME_RUNTIME_H
#define STAPES_RUNTIME_RUNTIME_H

#include "front/front.h"
#include "nn/nn.h"

enum { STAPES_MODEL_VERSION = 1 };

typedef enum stapes_status {
    STAPES_OK = 0,
    STAPES_ERR_VERSION,  // the model was written for another version of this code
    STAPES_ERR_MODEL,    // a size, an index or an offset is out of range
    STAPES_ERR_CHECKSUM, // the model is not the one that the host wrote
    STAPES_ERR_KERNEL,   // an operation's kernel is not linked in
    STAPES_ERR_MEMORY,   // the arena is too small or not aligned to 8 bytes
    STAPES_ERR_FRONT,    // the front-end refuses its configuration (see stapes_front_init)
    STAPES_ERR_SELF_TEST // this build computes something else than the host
} stapes_status;

typedef struct stapes_model {
    uint32_t version;
    uint16_t ops, maps;
    uint16_t input, output; // maps: [frames][coefficients][1] features, [1][1][classes] logits
    const stapes_op *op;    // [ops] in order
    const stapes_map *map;  // [maps]
    stapes_constants constants;
    uint32_t weights, channels;  // numbers of weights; of biases, multipliers and shifts each
    uint32_t arena_bytes;        // activations and scratch, as planned on the host
    uint32_t scratch_offset;     // in the arena
    const stapes_kernel *kernel; // [STAPES_OP_KINDS]; NULL where the model has no such operation
    const stapes_front_config *front;
    float feature_scale; // 1 / scale of the input: q = round(feature * feature_scale) + zero
    uint32_t check;      // stapes_model_checksum
    uint32_t self_test;  // stapes_self_test: of the logits that the self-test input gives
} stapes_model;

typedef struct stapes {
    const stapes_model *model;
    int8_t *arena;
    stapes_front front;
    uint16_t row; // features rows so far, modulo the frames
} stapes;

// Checks model, memory, kernels and the arithmetic of this build; runs the self test (one inference).
// arena: model->arena_bytes, aligned to 8; front_memory: stapes_front_memory_bytes, aligned to 4. Both stay
// with `s`.
stapes_status stapes_init(stapes *s, const stapes_model *model, void *arena, size_t arena_bytes,
                          void *front_memory, size_t front_bytes);

// --- a whole clip, or features from elsewhere
int8_t *stapes_input(stapes *s);              // [frames][coefficients] to fill before stapes_invoke
void stapes_invoke(stapes *s);                // allocates nothing, cannot fail; overwrites the input
void stapes_invoke_op(stapes *s, int op);     // one operation of the list, for those who look inside
const int8_t *stapes_logits(const stapes *s); // [classes]
int stapes_best(const stapes *s);             // class of the largest logit, the first of equals

// --- a stream of samples
// Takes samples as stapes_front_push does and returns 1 when a row of features is complete; row:
// [coefficients] int8. Nothing is computed twice.
int stapes_push(stapes *s, const int16_t **samples, size_t *count, int8_t *row);
void stapes_quantize_row(const stapes_model *model, const float *features, int8_t *row);

uint32_t stapes_model_checksum(const stapes_model *model);
uint32_t stapes_self_test(stapes *s); // runs the self-test input; a checksum of the logits

#endif
