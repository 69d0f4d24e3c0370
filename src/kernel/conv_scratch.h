// How much of a convolution is kept at once, in lane vectors: known to the kernels, which keep to it, and to
// stp_kernel_scratch_reals.
#ifndef STP_KERNEL_CONV_SCRATCH_H
#define STP_KERNEL_CONV_SCRATCH_H

enum {
    CONV_GRAD_VECTORS = 16384,  // accumulators of weight gradients: half of a second-level cache
    CONV_CHUNK_VECTORS = 16384, // panels of dz and of input, of which one chunk is made at a time
    CONV_FEW_PIXELS = 24,       // pixels of a chunk: enough for a visit to the accumulators;
    CONV_MANY_PIXELS = 40,      // more, for the sake of whole rows;
    CONV_CHUNK_PIXELS = 120,    // and the most, for whole rows in panels of short vectors
    CONV_NEAR_VECTORS = 512,    // what is read again and again from the first-level cache
    CONV_TILE = 4               // output channels and terms are rounded up to this
};

// Output channels whose weight gradients are accumulated in one pass over the pixels.
static inline int conv_pass_channels(int terms) {
    int channels = CONV_GRAD_VECTORS / terms / CONV_TILE * CONV_TILE;
    return channels > CONV_TILE ? channels : CONV_TILE;
}

// Pixels of a chunk of maps of this width, at most `most`: whole rows, or a fraction of one, wherever panels
// fill them; else CONV_FEW_PIXELS. Memory is then read from one end to the other, which the processor's
// prefetcher follows best.
static inline int conv_chunk_pixels(int most, int panel, int width) {
    int rows = 1;
    while (rows < panel && rows * width % panel)
        rows++;
    if (rows * width <= CONV_FEW_PIXELS)
        return CONV_FEW_PIXELS / (rows * width) * (rows * width);
    if (rows * width <= most)
        return rows * width;
    for (int parts = 2; width / parts > CONV_FEW_PIXELS / 2; parts++)
        if (width % (parts * panel) == 0 && width / parts <= most)
            return width / parts;
    return CONV_FEW_PIXELS;
}

// Panels of `panel` pixels in a chunk of at most `pixels`, at least one.
static inline int conv_chunk_panels(int rows, int panel, int pixels, int vectors) {
    int fit = vectors / (rows * panel), most = pixels / panel;
    return fit < 1 ? 1 : fit < most ? fit : most;
}

// Vectors from panel to panel of so many rows: odd, so that panels spread over all sets of a cache.
static inline int conv_panel_vectors(int rows, int panel) {
    return rows * panel | 1;
}

#endif
