// A trained, quantised system on a device: samples in, decisions out. The model is constant data that
// `stapes export` writes (or that the host makes in memory); it is checked once, in init, and then runs
// blind.
#ifndef STAPES_RUNTIME_RUNTIME_H
#define STAPES_RUNTIME_RUNTIME_H

#include "front/front.h"
#include "nn/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { STAPES_MODEL_VERSION = 1 };

// What the arithmetic allows, and more than any device has.
enum {
    STAPES_MAX_ARENA_BYTES = 1 << 24,
    STAPES_MAX_CHANNEL_WEIGHTS = 65000, // of one output channel, so that no sum leaves 31 bits
    STAPES_MAX_REACH = 255              // rows or columns from a window's first tap to its last
};

typedef enum stapes_status {
    STAPES_OK = 0,
    STAPES_ERR_VERSION,  // the model was written for another version of this code
    STAPES_ERR_MODEL,    // a size, an index, an offset or a weight is out of range, or maps overlap
    STAPES_ERR_CHECKSUM, // the model is not the one that the host wrote
    STAPES_ERR_KERNEL,   // an operation's kernel is not linked in
    STAPES_ERR_MEMORY,   // the arena or the stream's memory is too small or not aligned to 8 bytes
    STAPES_ERR_FRONT,    // the front-end refuses its configuration (see stapes_front_init)
    STAPES_ERR_SELF_TEST // this build computes something else than the host
} stapes_status;

typedef struct stapes_model {
    uint32_t version;
    uint16_t ops, maps;
    uint16_t input, output; // maps: [frames][coefficients][1] features, without gaps; [1][1][classes] logits
    const stapes_op *op;    // [ops] in order
    const stapes_map *map;  // [maps]
    stapes_constants constants;
    uint32_t weights, channels;       // numbers of weights; of biases, multipliers and shifts each
    uint32_t arena_bytes;             // activations and scratch, as planned on the host
    uint32_t scratch_offset;          // in the arena, a multiple of 4
    const stapes_kernel *kernel;      // [STAPES_OP_KINDS]; NULL where the model has no such operation
    const stapes_front_config *front; // NULL: features come from elsewhere, nothing can be pushed
    float feature_scale;              // 1 / scale of the input: q = round(feature * feature_scale) + zero
    uint32_t logit_step;              // 2^16 log2(e) times the scale of the logits; see detect.h
    uint32_t check;                   // stapes_model_checksum
    uint32_t self_test;               // stapes_self_test
} stapes_model;

typedef struct stapes {
    const stapes_model *model;
    int8_t *arena;
    stapes_front front;
    int8_t *ring;  // [frames][coefficients] rows of features, the oldest at `next` once it is full
    uint16_t next; // where the next row goes
    uint16_t rows; // in the ring
} stapes;

// The memory of a stream: the front-end's (stapes_front_memory_bytes) and a clip's rows of features, one
// byte a coefficient. 0 for a model without a front-end.
size_t stapes_stream_bytes(const stapes_model *model);

// Checks model, memory, kernels and the arithmetic of this build; runs the self test (one inference).
// arena: model->arena_bytes, stream: stapes_stream_bytes (NULL where that is 0), both aligned to 8; both stay
// with `s`.
stapes_status stapes_init(stapes *s, const stapes_model *model, void *arena, size_t arena_bytes, void *stream,
                          size_t stream_bytes);

// --- a whole clip, or features from elsewhere
int8_t *stapes_input(stapes *s);              // [frames][coefficients] to fill before stapes_invoke
void stapes_invoke(stapes *s);                // allocates nothing, cannot fail; overwrites the input
void stapes_invoke_op(stapes *s, int op);     // one operation of the list, for those who look inside
const int8_t *stapes_logits(const stapes *s); // [classes], valid until the input is filled again
int stapes_classes(const stapes *s);
int stapes_best(const stapes *s); // class of the largest logit, the first of equals

// --- a stream of samples
// Takes samples as stapes_front_push does, and returns 1 as soon as a row of features is complete, which goes
// into the ring; 0 when all samples are taken. Nothing is ever computed twice.
int stapes_push(stapes *s, const int16_t **samples, size_t *count);
const int8_t *stapes_row(const stapes *s); // the newest row, [coefficients]; there must have been one
// Decides about the last `frames` rows, at any hop one likes: copies them to the input and invokes. 0, and
// nothing is done, while there are too few.
int stapes_decide(stapes *s);
void stapes_reset(stapes *s); // forgets samples and rows

// One row of features, [coefficients], as the network's input has it: rounded to nearest, halves to even.
void stapes_quantize_row(const stapes_model *model, const float *features, int8_t *row);

// --- what init compares
stapes_status stapes_model_check(const stapes_model *model); // all but checksum, front-end and self test
uint32_t stapes_model_checksum(const stapes_model *model);
uint32_t stapes_self_test(stapes *s); // a checksum of what every operation makes of a fixed input

#ifdef __cplusplus
}
#endif

#endif
