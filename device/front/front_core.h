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
//   FRONT_DCT_ROWS            rows of the DCT taken at once: 1, 2 or 4; no influence on any bit
//   FRONT_INLINE, FRONT_UNROLL  how to inline, and to unroll the loop that follows
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
FRONT_INLINE core_complex core_mul(core_complex a, const float *w) {
    return (core_complex){a.re * w[0] - a.im * w[1], a.re * w[1] + a.im * w[0]};
}
FRONT_INLINE core_complex core_sub_i(core_complex a, core_complex b) { // a - i b
    return (core_complex){a.re + b.im, a.im - b.re};
}
FRONT_INLINE core_complex core_add_i(core_complex a, core_complex b) { // a + i b
    return (core_complex){a.re - b.im, a.im + b.re};
}

// DFT of four, in natural order.
FRONT_INLINE void core_dft4(core_complex x[4]) {
    core_complex s02 = core_add(x[0], x[2]), d02 = core_sub(x[0], x[2]);
    core_complex s13 = core_add(x[1], x[3]), d13 = core_sub(x[1], x[3]);
    x[0] = core_add(s02, s13);
    x[1] = core_sub_i(d02, d13);
    x[2] = core_sub(s02, s13);
    x[3] = core_add_i(d02, d13);
}

// Windowed samples 2i and 2i+1 as one complex number; zeros after the window.
FRONT_INLINE core_complex core_sample(const stapes_front_config *config, FRONT_SAMPLES samples, int i) {
    core_complex x = {(FRONT_VALUE){0}, (FRONT_VALUE){0}};
    int at = 2 * i;
    if (at < config->window_samples)
        x.re = FRONT_SAMPLE(samples, at) * config->window[at];
    if (at + 1 < config->window_samples)
        x.im = FRONT_SAMPLE(samples, at + 1) * config->window[at + 1];
    return x;
}

// The first butterflies, straight from the samples: elements i, i + n/4, i + n/2, i + 3n/4.
FRONT_INLINE void core_head4(const stapes_front_config *config, FRONT_SAMPLES samples, FRONT_VALUE *spectrum,
                             int i) {
    int step = config->fft_samples / 8;
    FRONT_VALUE *out = spectrum + 2 * (int)config->order[i];
    core_complex x[4];
    FRONT_UNROLL
    for (int m = 0; m < 4; m++)
        x[m] = core_sample(config, samples, i + m * step);
    core_dft4(x);
    FRONT_UNROLL
    for (int m = 0; m < 4; m++)
        core_store(out + 2 * m, x[m]);
}

// The same with eight elements n/8 apart, where log2 n is odd.
FRONT_INLINE void core_head8(const stapes_front_config *config, FRONT_SAMPLES samples, FRONT_VALUE *spectrum,
                             int i) {
    const float half_root = 0x1.6a09e6p-1f; // sqrt(1/2)
    int step = config->fft_samples / 16;
    FRONT_VALUE *out = spectrum + 2 * (int)config->order[i];
    core_complex a[4], b[4];
    FRONT_UNROLL
    for (int m = 0; m < 4; m++) {
        a[m] = core_sample(config, samples, i + 2 * m * step);
        b[m] = core_sample(config, samples, i + (2 * m + 1) * step);
    }
    core_dft4(a);
    core_dft4(b);
    core_complex b1 = {(b[1].re + b[1].im) * half_root, (b[1].im - b[1].re) * half_root};
    core_complex b3 = {(b[3].im - b[3].re) * half_root, (b[3].re + b[3].im) * half_root};
    core_store(out, core_add(a[0], b[0]));
    core_store(out + 8, core_sub(a[0], b[0]));
    core_store(out + 2, core_add(a[1], b1));
    core_store(out + 10, core_sub(a[1], b1));
    core_store(out + 4, core_sub_i(a[2], b[2]));
    core_store(out + 12, core_add_i(a[2], b[2]));
    core_store(out + 6, (core_complex){a[3].re + b3.re, a[3].im - b3.im});
    core_store(out + 14, (core_complex){a[3].re - b3.re, a[3].im + b3.im});
}

// One butterfly of a later stage: elements `quarter` apart, the last three times powers 1, 2, 3 of a twiddle
// (NULL: 1).
FRONT_INLINE void core_butterfly(FRONT_VALUE *at, int quarter, const float *twiddle) {
    core_complex x[4];
    FRONT_UNROLL
    for (int m = 0; m < 4; m++) {
        x[m] = core_load(at + 2 * m * quarter);
        if (m > 0 && twiddle)
            x[m] = core_mul(x[m], twiddle + 2 * (m - 1));
    }
    core_dft4(x);
    FRONT_UNROLL
    for (int m = 0; m < 4; m++)
        core_store(at + 2 * m * quarter, x[m]);
}

FRONT_INLINE void core_stage(FRONT_VALUE *block, int elements, int quarter, const float *twiddles) {
    for (int base = 0; base < elements; base += 4 * quarter) {
        FRONT_VALUE *at = block + 2 * base;
        core_butterfly(at, quarter, NULL);
        for (int j = 1; j < quarter; j++)
            core_butterfly(at + 2 * j, quarter, twiddles + 6 * (j - 1));
    }
}

FRONT_INLINE int core_log2_is_odd(int n) { // n = 2^6 .. 2^10
    return (n & (1 << 7 | 1 << 9)) != 0;
}

// FFT of n = fft_samples/2 complex numbers made of the windowed samples, decimation in time, in natural
// order. Quarter by quarter up to the last stage, for the cache's sake.
FRONT_INLINE void core_fft(const stapes_front_config *config, FRONT_SAMPLES samples, FRONT_VALUE *spectrum) {
    int n = config->fft_samples / 2;
    int odd = core_log2_is_odd(n);
    int head = odd ? 8 : 4;
    int block = n / 4;
    const float *twiddles = config->twiddles;
    for (int m = 0; m < 4; m++) {
        for (int i = m; i < n / head; i += 4) {
            if (odd)
                core_head8(config, samples, spectrum, i);
            else
                core_head4(config, samples, spectrum, i);
        }
        twiddles = config->twiddles;
        for (int quarter = head; quarter < block; quarter *= 4) {
            core_stage(spectrum + 2 * m * block, block, quarter, twiddles);
            twiddles += 6 * (quarter - 1);
        }
    }
    core_stage(spectrum, n, block, twiddles);
}

// Splits the complex spectrum into the real one (times 2; the window carries the half) and leaves the power
// of bin k, 0 < k < n, in spectrum[2k]. Bins 0 and n are in no mel filter.
FRONT_INLINE void core_power(const stapes_front_config *config, FRONT_VALUE *spectrum) {
    int n = config->fft_samples / 2;
    const float *split = config->split;
    for (int k = 1; k < n / 2; k++, split += 2) {
        core_complex a = core_load(spectrum + 2 * k), b = core_load(spectrum + 2 * (n - k));
        core_complex even = {a.re + b.re, a.im - b.im};
        core_complex odd = core_mul((core_complex){a.im + b.im, b.re - a.re}, split);
        FRONT_VALUE low_re = even.re + odd.re, low_im = even.im + odd.im;
        FRONT_VALUE high_re = even.re - odd.re, high_im = odd.im - even.im;
        spectrum[2 * k] = low_re * low_re + low_im * low_im;
        spectrum[2 * (n - k)] = high_re * high_re + high_im * high_im;
    }
    core_complex a = core_load(spectrum + n);
    spectrum[n] = (a.re * a.re + a.im * a.im) * 4.0f;
}

// Log mel energies from what core_power left. The floor comes before the log: nothing below 1e-6 is ever
// seen, so a processor that flushes denormals gives the same bits.
FRONT_INLINE void core_bands(const stapes_front_config *config, const FRONT_VALUE *spectrum,
                             FRONT_VALUE *bands) {
    const float *w = config->mel_weights;
    for (int f = 0; f < config->filters; f++) {
        const FRONT_VALUE *p = spectrum + 2 * (int)config->mel_first[f];
        int count = config->mel_count[f], k = 0;
        FRONT_VALUE s0 = (FRONT_VALUE){0}, s1 = s0, s2 = s0, s3 = s0;
        for (; k + 4 <= count; k += 4, p += 8, w += 4) {
            s0 = s0 + p[0] * w[0];
            s1 = s1 + p[2] * w[1];
            s2 = s2 + p[4] * w[2];
            s3 = s3 + p[6] * w[3];
        }
        if (k < count)
            s0 = s0 + p[0] * w[0];
        if (k + 1 < count)
            s1 = s1 + p[2] * w[1];
        if (k + 2 < count)
            s2 = s2 + p[4] * w[2];
        w += count - k;
        bands[f] = core_log(((s0 + s1) + (s2 + s3)) + 1e-6f);
    }
}

// The DCT's rows are even (row 0, 2, ..) or odd about the middle: half the products suffice, of sums or
// differences of the bands from both ends. For an odd number of filters the middle band counts twice in the
// sums, and the table holds half its weight. folded: [2][half].
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
FRONT_INLINE void core_cepstra(const stapes_front_config *config, const FRONT_VALUE *bands,
                               FRONT_VALUE *folded, FRONT_VALUE *out) {
    int half = (config->filters + 1) / 2;
    core_fold(config->filters, bands, folded);
    for (int parity = 0; parity < 2; parity++) {
        const FRONT_VALUE *x = folded + parity * half;
        int row = parity;
        for (; row + 2 * FRONT_DCT_ROWS <= config->coefficients + 1; row += 2 * FRONT_DCT_ROWS)
            core_dct_rows(config->dct + row * half, half, x, out + row, FRONT_DCT_ROWS);
        for (; row < config->coefficients; row += 2)
            core_dct_rows(config->dct + row * half, half, x, out + row, 1);
    }
}

FRONT_INLINE void core_normalise(const FRONT_VALUE *x, const float *mean, const float *inv_deviation,
                                 int count, FRONT_VALUE *out) {
    for (int i = 0; i < count; i++)
        out[i] = (x[i] - mean[i]) * inv_deviation[i];
}
