// Which table serves which instruction set, and how much scratch its kernels need.
#include "kernel/kernel.h"

#include "kernel/conv_scratch.h"

#define DECLARED(ID, name) extern const stp_kernels stp_kernels_table_##name;
STP_ISA_SETS(DECLARED)

const stp_kernels *stp_kernels_get(stp_isa isa) {
#define LISTED(ID, name) [STP_ISA_##ID] = &stp_kernels_table_##name,
    static const stp_kernels *const table[STP_ISA_COUNT] = {STP_ISA_SETS(LISTED)};
    return stp_isa_runs(isa) ? table[isa] : NULL;
}

static size_t largest(size_t a, size_t b) {
    return a > b ? a : b;
}

// conv_backward: a sum a channel, accumulators of a pass, panels of a chunk, and a vector more from panel to
// panel of dz and of input. (conv_forward needs the panels alone.)
static size_t conv_vectors(size_t channels, size_t k) {
    size_t rows = channels + CONV_TILE, terms = channels * k * k + CONV_TILE, panel = 5;
    return rows + largest(CONV_GRAD_VECTORS, CONV_TILE * terms) +
           largest(CONV_CHUNK_VECTORS, panel * (rows + terms)) + 2 * CONV_CHUNK_PIXELS;
}

// dwpw_backward (the others of its kind need less): two rings of padded rows (of dd, of the input) as deep as
// a window reaches with dilation or stride 2, each moved by up to 8 vectors out of its neighbours' cache
// sets; a row of dz and one of the depthwise result; a copy of the depthwise weights; the accumulators of the
// weights and the bias.
static size_t row_vectors(size_t channels, size_t width, size_t k) {
    size_t reach = 2 * k + 1, padded = width + 2 * reach, row = channels * padded + 8;
    return 2 * reach * row + 2 * row + 2 * channels * k * k + (channels + 1) * channels + reach;
}

size_t stp_kernel_scratch_reals(int lanes, int dense, int channels, int width, int k) {
    size_t c = (size_t)channels;
    return (size_t)lanes * (dense ? conv_vectors(c, (size_t)k) : row_vectors(c, (size_t)width, (size_t)k));
}
