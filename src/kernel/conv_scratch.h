// How much of a convolution's backward is kept at once, in lane vectors: known to the kernels, which keep to
// it, and to stp_kernel_scratch_reals.
#ifndef STP_KERNEL_CONV_SCRATCH_H
#define STP_KERNEL_CONV_SCRATCH_H

enum {
    CONV_GRAD_VECTORS = 16384,  // accumulators of weight gradients: half of a second-level cache
    CONV_CHUNK_VECTORS = 16384, // panels of dz and of input between two visits to the accumulators
    CONV_CHUNK_PIXELS = 48,     // most pixels of a chunk; a multiple of every panel
    CONV_BACK_PIXELS = 24,      // and of one backward, where dz and input share the caches
    CONV_NEAR_VECTORS = 512,    // what is read again and again from the first-level cache
    CONV_TILE = 4               // output channels and terms are rounded up to this
};

// Output channels whose weight gradients are accumulated in one pass over the pixels.
static inline int conv_pass_channels(int terms) {
    int channels = CONV_GRAD_VECTORS / terms / CONV_TILE * CONV_TILE;
    return channels > CONV_TILE ? channels : CONV_TILE;
}

// Panels of `panel` pixels in a chunk of at most `pixels`, at least one.
static inline int conv_chunk_panels(int rows, int panel, int pixels, int vectors) {
    int fit = vectors / (rows * panel), most = pixels / panel;
    return fit < 1 ? 1 : fit < most ? fit : most;
}

#endif
