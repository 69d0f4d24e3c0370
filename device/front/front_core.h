// The arithmetic of the front-end, written once over a type of value and compiled twice: with float for the
// device (front.c), and on the host with vectors that hold one clip a lane. So a lane is the device bit for
// bit, by construction. Before including it, define
//   FRONT_VALUE               float, or a vector of them
//   FRONT_WORD                uint32_t, or a vector of as many
//   FRONT_BITS(x)             the bits of a value as a word
//   FRONT_OF_BITS(w)          the value with these bits
//   FRONT_OF_COUNT(w)         a word below 2^31 as a value
//   FRONT_SAMPLES             type of the pointer to samples
//   FRONT_SAMPLE(p, i)        sample i as a value, -32768 .. 32767
//   FRONT_PARTS               parts of the FFT: 1 or 4; no influence on any bit
//   FRONT_DCT_ROWS            rows of the DCT taken at once: 1, 2 or 4; no influence on any bit
//   FRONT_INLINE, FRONT_UNROLL  how to inline, and to unroll the loop that follows
//   FRONT_TWICE               the same, two rounds at a time
//   FRONT_CALLED              how to declare what is large and called in few places
// Nothing here may be contracted to fused multiply-adds or reordered. Sums (mel filters, DCT) are taken in
// four interleaved parts, (s0 + s1) + (s2 + s3), so that a vector of four can do one clip with the same bits.
#ifdef __FAST_MATH__
#error "the front-end must be compiled without -ffast-math: its bits are a promise"
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

#include "front/front.h"

typedef struct core_complex {
    FRONT_VALUE re, im;
} core_complex;

typedef struct core_root { // of unity: the same in all lanes
    float re, im;
} core_root;

// ln x for x of at least 1e-6 (no denormals, no infinities), within 1 ulp: x = 2^e (1 + f), 1 + f from
// sqrt(1/2) to sqrt 2, ln(1 + f) = f - f^2/2 + f^3 p(f), ln 2 in two parts of which the first times e is
// exact. p is the minimax polynomial for relative error (7.5e-10 before rounding).
FRONT_INLINE FRONT_VALUE core_log(FRONT_VALUE x) {
    FRONT_WORD bits = FRONT_BITS(x) + 0x004afb0du; // 1.0 - sqrt(1/2), as bits
    FRONT_VALUE e = FRONT_OF_COUNT(bits >> 23) - 127.0f;
    FRONT_VALUE f = FRONT_OF_BITS((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    FRONT_VALUE square = f * f;
    FRONT_VALUE p = f * 0x1.14579p-4f - 0x1.de3c0ep-4f;
    p = p * f + 0x1.e6f072p-4f;
    p = p * f - 0x1.fc2208p-4f;
    p = p * f + 0x1.233768p-3f;
    p = p * f - 0x1.555c4ep-3f;
    p = p * f + 0x1.99a4b6p-3f;
    p = p * f - 0x1.000006p-2f;
    p = p * f + 0x1.555548p-2f;
    FRONT_VALUE tail = f * square * p;
    tail = tail + e * -0x1.bd0106p-13f; // ln 2 - 0.693359375
    tail = tail - square * 0.5f;
    return (f + tail) + e * 0.693359375f;
}

FRONT_INLINE core_complex core_load(const FRONT_VALUE *at) {
    return (core_complex){at[0], at[1]};
}
FRONT_INLINE void core_store(FRONT_VALUE *at, core_complex x) {
    at[0] = x.re;
    at[1] = x.im;
}
FRONT_INLINE core_complex core_add(core_complex a, core_complex b) {
    return (core_complex){a.re + b.re, a.im + b.im};
}
FRONT_INLINE core_complex core_sub(core_complex a, core_complex b) {
    return (core_complex){a.re - b.re, a.im - b.im};
}
FRONT_INLINE core_complex core_mul(core_complex a, core_root w) {
    return (core_complex){a.re * w.re - a.im * w.im, a.re * w.im + a.im * w.re};
}
FRONT_INLINE core_complex core_sub_i(core_complex a, core_complex b) { // a - i b
    return (core_complex){a.re + b.im, a.im - b.re};
}
FRONT_INLINE core_complex core_add_i(core_complex a, core_complex b) { // a + i b
    return (core_complex){a.re - b.im, a.im + b.re};
}

// DFT of four, in natural order. Each value by itself and no array, so that all of them stay in registers.
#define CORE_DFT4(x0, x1, x2, x3)                                                                            \
    do {                                                                                                     \
        core_complex s02 = core_add(x0, x2), d02 = core_sub(x0, x2);                                         \
        core_complex s13 = core_add(x1, x3), d13 = core_sub(x1, x3);                                         \
        (x0) = core_add(s02, s13);                                                                           \
        (x1) = core_sub_i(d02, d13);                                                                         \
        (x2) = core_sub(s02, s13);                                                                           \
        (x3) = core_add_i(d02, d13);                                                                         \
    } while (0)

// Two samples times the window, of which the table has the rising half.
FRONT_INLINE core_complex core_rising(FRONT_SAMPLES samples, const float *window) {
    return (core_complex){FRONT_SAMPLE(samples, 0) * window[0], FRONT_SAMPLE(samples, 1) * window[1]};
}
FRONT_INLINE core_complex core_falling(FRONT_SAMPLES samples, const float *window) {
    return (core_complex){FRONT_SAMPLE(samples, 0) * window[0], FRONT_SAMPLE(samples, 1) * window[-1]};
}

// Windowed samples `at` and at + 1 as one complex number; zeros after the window.
FRONT_INLINE core_complex core_sample(const stapes_front_config *config, FRONT_SAMPLES samples, int at) {
    int left = config->window_samples - at;
    if (at + 1 < left)
        return core_rising(samples + at, config->window + at);
    if (left > 1 && left <= at)
        return core_falling(samples + at, config->window + left);
    core_complex x = {(FRONT_VALUE){0}, (FRONT_VALUE){0}};
    if (left > 0) // the middle of an odd window, or its last sample
        x.re = FRONT_SAMPLE(samples, at) * config->window[at < left ? at : left];
    if (left > 1)
        x.im = FRONT_SAMPLE(samples, at + 1) * config->window[at + 1 < left - 1 ? at + 1 : left - 1];
    return x;
}

// Elements i, i + apart, i + 2 apart ..
FRONT_INLINE void core_gather(const stapes_front_config *config, FRONT_SAMPLES samples, int i, int apart,
                              int count, FRONT_VALUE *out) {
    for (int at = 2 * i; count > 0; at += 2 * apart, out += 2, count--)
        core_store(out, core_sample(config, samples, at));
}

// The first butterfly of each element i, i + n/4, i + n/2, i + 3n/4.
FRONT_INLINE void core_head4(FRONT_VALUE *at) {
    core_complex x0 = core_load(at), x1 = core_load(at + 2), x2 = core_load(at + 4), x3 = core_load(at + 6);
    CORE_DFT4(x0, x1, x2, x3);
    core_store(at, x0);
    core_store(at + 2, x1);
    core_store(at + 4, x2);
    core_store(at + 6, x3);
}

// The second half of eight elements: DFTs of four, of those with even and of those with odd index, to one.
FRONT_INLINE void core_join8(FRONT_VALUE *at, core_complex a0, core_complex a1, core_complex a2,
                             core_complex a3, core_complex b0, core_complex b1, core_complex b2,
                             core_complex b3) {
    const float half_root = 0x1.6a09e6p-1f; // sqrt(1/2)
    b1 = (core_complex){(b1.re + b1.im) * half_root, (b1.im - b1.re) * half_root};
    b3 = (core_complex){(b3.im - b3.re) * half_root, (b3.re + b3.im) * half_root};
    core_store(at, core_add(a0, b0));
    core_store(at + 8, core_sub(a0, b0));
    core_store(at + 2, core_add(a1, b1));
    core_store(at + 10, core_sub(a1, b1));
    core_store(at + 4, core_sub_i(a2, b2));
    core_store(at + 12, core_add_i(a2, b2));
    core_store(at + 6, (core_complex){a3.re + b3.re, a3.im - b3.im});
    core_store(at + 14, (core_complex){a3.re - b3.re, a3.im + b3.im});
}

// The same with eight elements n/8 apart, where log2 n is odd.
FRONT_INLINE void core_head8(FRONT_VALUE *at) {
    core_complex a0 = core_load(at), a1 = core_load(at + 4), a2 = core_load(at + 8), a3 = core_load(at + 12);
    core_complex b0 = core_load(at + 2), b1 = core_load(at + 6), b2 = core_load(at + 10),
                 b3 = core_load(at + 14);
    CORE_DFT4(a0, a1, a2, a3);
    CORE_DFT4(b0, b1, b2, b3);
    core_join8(at, a0, a1, a2, a3, b0, b1, b2, b3);
}

// The same straight from the samples where the window fills the first five and ends there, as 40 ms do at 16
// kHz: the rest is zero. The window's middle is in the third.
FRONT_INLINE void core_head5(const stapes_front_config *config, FRONT_SAMPLES samples, int i, int apart,
                             FRONT_VALUE *at) {
    int step = 2 * apart;
    const float *up = config->window + 2 * i, *down = config->window + config->window_samples - 2 * i;
    samples += 2 * i;
    core_complex a0 = core_rising(samples, up), b0 = core_rising(samples + step, up + step);
    core_complex b1 = core_falling(samples + 3 * step, down - 3 * step);
    core_complex a2 = core_falling(samples + 4 * step, down - 4 * step);
    samples += 2 * step;
    core_complex a1 =
        2 * i < apart ? core_rising(samples, up + 2 * step) : core_falling(samples, down - 2 * step);
    core_complex sum = core_add(a0, a2), difference = core_sub(a0, a2);
    core_join8(at, core_add(sum, a1), core_sub_i(difference, a1), core_sub(sum, a1),
               core_add_i(difference, a1), core_add(b0, b1), core_sub_i(b0, b1), core_sub(b0, b1),
               core_add_i(b0, b1));
}

// The first butterflies, straight from the samples, for i, i + FRONT_PARTS ..
FRONT_CALLED void core_heads(const stapes_front_config *config, FRONT_SAMPLES samples, FRONT_VALUE *spectrum,
                             int i, int head) {
    int apart = config->fft_samples / 2 / head;
    int five = head == 8 && config->window_samples == 10 * apart;
    for (; i < apart; i += FRONT_PARTS) {
        FRONT_VALUE *at = spectrum + 2 * (int)config->order[i];
        if (five) {
            core_head5(config, samples, i, apart, at);
            continue;
        }
        core_gather(config, samples, i, apart, head, at);
        if (head == 8)
            core_head8(at);
        else
            core_head4(at);
    }
}

// exp(-2 pi i k / 2n), k from 0 to below 3n/2. The table ends after a quarter turn; from there on it begins
// anew.
FRONT_INLINE core_root core_root_of(const float *roots, int k, int n) {
    if (k >= n)
        return (core_root){-roots[2 * (k - n)], -roots[2 * (k - n) + 1]};
    if (2 * k >= n)
        return (core_root){roots[2 * k - n + 1], -roots[2 * k - n]};
    return (core_root){roots[2 * k], roots[2 * k + 1]};
}

// One stage over `elements` values: butterflies of elements `quarter` apart, the last three times powers 1,
// 2, 3 of exp(-2 pi i j / (4 quarter)). All butterflies with the same powers, one after the other.
FRONT_CALLED void core_stage(FRONT_VALUE *block, int elements, int quarter, const float *roots, int n) {
    const FRONT_VALUE *end = block + 2 * elements;
    for (int j = 0, k = 0; j < quarter; j++, k += n / (2 * quarter), block += 2) {
        core_root w1 = {roots[2 * k], roots[2 * k + 1]};
        core_root w2 = core_root_of(roots, 2 * k, n), w3 = core_root_of(roots, 3 * k, n);
        for (FRONT_VALUE *at = block; at < end; at += 8 * quarter) {
            core_complex x0 = core_load(at), x1 = core_mul(core_load(at + 2 * quarter), w1);
            core_complex x2 = core_mul(core_load(at + 4 * quarter), w2);
            core_complex x3 = core_mul(core_load(at + 6 * quarter), w3);
            CORE_DFT4(x0, x1, x2, x3);
            core_store(at, x0);
            core_store(at + 2 * quarter, x1);
            core_store(at + 4 * quarter, x2);
            core_store(at + 6 * quarter, x3);
        }
    }
}

FRONT_INLINE int core_log2_is_odd(int n) { // n = 2^6 .. 2^10
    return (n & (1 << 7 | 1 << 9)) != 0;
}

// FFT of n = fft_samples/2 complex numbers made of the windowed samples, decimation in time, in natural
// order. In FRONT_PARTS parts up to the last stage, for the cache's sake.
FRONT_CALLED void core_fft(const stapes_front_config *config, FRONT_SAMPLES samples, FRONT_VALUE *spectrum) {
    int n = config->fft_samples / 2, part = n / FRONT_PARTS;
    int head = core_log2_is_odd(n) ? 8 : 4;
    for (int m = 0; m < FRONT_PARTS; m++) {
        core_heads(config, samples, spectrum, m, head);
        for (int quarter = head; quarter < part; quarter *= 4)
            core_stage(spectrum + 2 * m * part, part, quarter, config->roots, n);
    }
    if (part < n)
        core_stage(spectrum, n, part, config->roots, n);
}

// Bins from .. to - 1, n / 2 at most, and their mirror images n - from ..
FRONT_INLINE void core_power_bins(const stapes_front_config *config, FRONT_VALUE *spectrum, int from,
                                  int to) {
    const float *root = config->roots + 2 * from;
    FRONT_VALUE *low = spectrum + 2 * from, *high = spectrum + config->fft_samples - 2 * from;
    const FRONT_VALUE *end = spectrum + 2 * to;
    FRONT_TWICE
    for (; low < end; low += 2, high -= 2, root += 2) {
        core_complex a = core_load(low), b = core_load(high);
        core_complex even = {a.re + b.re, a.im - b.im};
        core_complex odd = core_mul((core_complex){a.im + b.im, b.re - a.re}, (core_root){root[0], root[1]});
        FRONT_VALUE low_re = even.re + odd.re, low_im = even.im + odd.im;
        FRONT_VALUE high_re = even.re - odd.re, high_im = odd.im - even.im;
        low[0] = low_re * low_re + low_im * low_im;
        high[0] = high_re * high_re + high_im * high_im;
    }
}

// Bin n / 2, which is its own mirror image.
FRONT_INLINE void core_power_middle(FRONT_VALUE *bin) {
    core_complex a = core_load(bin);
    bin[0] = (a.re * a.re + a.im * a.im) * 4.0f;
}

// Splits the complex spectrum into the real one (times 2; the window carries the half) and leaves the
// power of bin k, 0 < k < n, in spectrum[2k]. Bins 0 and n are in no mel filter.
FRONT_CALLED void core_power(const stapes_front_config *config, FRONT_VALUE *spectrum) {
    int n = config->fft_samples / 2;
    core_power_bins(config, spectrum, 1, n / 2);
    core_power_middle(spectrum + n);
}

// Log mel energies from what core_power left. The floor comes before the log: nothing below 1e-6 is ever
// seen, so a processor that flushes denormals gives the same bits.
FRONT_CALLED void core_bands(const stapes_front_config *config, const FRONT_VALUE *spectrum,
                             FRONT_VALUE *bands) {
    const float *w = config->mel_weights;
    for (int f = 0; f < config->filters; f++) {
        const FRONT_VALUE *p = spectrum + 2 * (int)config->mel_first[f];
        int count = config->mel_count[f], left = count & 3;
        FRONT_VALUE s0 = (FRONT_VALUE){0}, s1 = s0, s2 = s0, s3 = s0;
        FRONT_TWICE
        for (int fours = count >> 2; fours > 0; fours--, p += 8, w += 4) {
            s0 = s0 + p[0] * w[0];
            s1 = s1 + p[2] * w[1];
            s2 = s2 + p[4] * w[2];
            s3 = s3 + p[6] * w[3];
        }
        if (left > 0) {
            s0 = s0 + p[0] * w[0];
            if (left > 1)
                s1 = s1 + p[2] * w[1];
            if (left > 2)
                s2 = s2 + p[4] * w[2];
            w += left;
        }
        bands[f] = core_log(((s0 + s1) + (s2 + s3)) + 1e-6f);
    }
}

// The DCT's rows are even (row 0, 2, ..) or odd about the middle: half the products suffice, of sums or
// differences of the bands from both ends. For an odd number of filters the middle band counts twice in
// the sums, and the table holds half its weight. folded: [2][half].
FRONT_INLINE void core_fold(int filters, const FRONT_VALUE *bands, FRONT_VALUE *folded) {
    int half = (filters + 1) / 2;
    for (int k = 0; k < half; k++) {
        FRONT_VALUE a = bands[k], b = bands[filters - 1 - k];
        folded[k] = a + b;
        folded[half + k] = a - b;
    }
}

// `rows` rows of the DCT, two apart, at once; `rows` is a constant wherever this is called.
FRONT_INLINE void core_dct_rows(const float *dct, int half, const FRONT_VALUE *x, FRONT_VALUE *out,
                                const int rows) {
    FRONT_VALUE s[4 * FRONT_DCT_ROWS];
    int k = 0;
    FRONT_UNROLL
    for (int i = 0; i < 4 * rows; i++)
        s[i] = (FRONT_VALUE){0};
    for (; k + 4 <= half; k += 4) {
        FRONT_UNROLL
        for (int part = 0; part < 4; part++) {
            FRONT_VALUE value = x[k + part];
            FRONT_UNROLL
            for (int r = 0; r < rows; r++)
                s[4 * r + part] = s[4 * r + part] + value * dct[2 * r * half + k + part];
        }
    }
    FRONT_UNROLL
    for (int part = 0; part < 3; part++) {
        if (k + part >= half)
            break;
        FRONT_UNROLL
        for (int r = 0; r < rows; r++)
            s[4 * r + part] = s[4 * r + part] + x[k + part] * dct[2 * r * half + k + part];
    }
    FRONT_UNROLL
    for (int r = 0; r < rows; r++)
        out[2 * r] = (s[4 * r] + s[4 * r + 1]) + (s[4 * r + 2] + s[4 * r + 3]);
}

// Orthonormal DCT-II of the log mel energies. folded: working memory, [2][(filters + 1) / 2].
FRONT_CALLED void core_cepstra(const stapes_front_config *config, const FRONT_VALUE *bands,
                               FRONT_VALUE *folded, FRONT_VALUE *out) {
    int half = (config->filters + 1) / 2;
    core_fold(config->filters, bands, folded);
    for (int parity = 0; parity < 2; parity++) {
        const FRONT_VALUE *x = folded + parity * half;
        int row = parity;
        for (; row + 2 * FRONT_DCT_ROWS <= config->coefficients + 1; row += 2 * FRONT_DCT_ROWS)
            core_dct_rows(config->dct + row * half, half, x, out + row, FRONT_DCT_ROWS);
        for (; FRONT_DCT_ROWS > 1 && row < config->coefficients; row += 2)
            core_dct_rows(config->dct + row * half, half, x, out + row, 1);
    }
}

FRONT_INLINE void core_normalise(const FRONT_VALUE *x, const float *mean, const float *inv_deviation,
                                 int count, FRONT_VALUE *out) {
    for (int i = 0; i < count; i++)
        out[i] = (x[i] - mean[i]) * inv_deviation[i];
}
