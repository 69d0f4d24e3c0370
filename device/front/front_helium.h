// The steps of a frame with Helium (vectors of four floats), bit for bit what front_core.h computes: the same
// operations in the same order on the same tables, several at once. A complex number is two lanes; vcmul,
// vcadd and vadd round like the scalar products and sums that they stand for, vcmla would not (it is fused).
// The vectors flush denormals, which no result depends on (see core_bands); a zero's sign may differ on the
// way to the power spectrum, where squares lose it.
#ifndef STAPES_FRONT_FRONT_HELIUM_H
#define STAPES_FRONT_FRONT_HELIUM_H

#include "front/front_scalar.h"

#include <arm_mve.h>

// Words `step` apart. Not by vidup, which changes a register that some compilers go on using.
FRONT_INLINE uint32x4_t helium_words(uint32_t step) {
    const uint32x4_t lanes = {0, step, 2 * step, 3 * step};
    return lanes;
}

// --- complex numbers, two a vector ---------------------------------------------------------------------

FRONT_INLINE float32x4_t helium_mul(float32x4_t a, float32x4_t w) {
    return vaddq_f32(vcmulq_f32(a, w), vcmulq_rot90_f32(a, w));
}
FRONT_INLINE float32x4_t helium_sub_i(float32x4_t a, float32x4_t b) { // a - i b
    return vcaddq_rot270_f32(a, b);
}
FRONT_INLINE float32x4_t helium_add_i(float32x4_t a, float32x4_t b) { // a + i b
    return vcaddq_rot90_f32(a, b);
}

// CORE_DFT4.
#define HELIUM_DFT4(x0, x1, x2, x3)                                                                          \
    do {                                                                                                     \
        float32x4_t s02 = vaddq_f32(x0, x2), d02 = vsubq_f32(x0, x2);                                        \
        float32x4_t s13 = vaddq_f32(x1, x3), d13 = vsubq_f32(x1, x3);                                        \
        (x0) = vaddq_f32(s02, s13);                                                                          \
        (x1) = helium_sub_i(d02, d13);                                                                       \
        (x2) = vsubq_f32(s02, s13);                                                                          \
        (x3) = helium_add_i(d02, d13);                                                                       \
    } while (0)

// --- from samples to the first butterflies, two at a time ----------------------------------------------

// Four windowed samples in the window's middle or at its end, zeros after it.
FRONT_CALLED float32x4_t helium_edge_samples(const stapes_front_config *config, const int16_t *samples,
                                             int at) {
    int left = config->window_samples - at;
    if (left <= 0)
        return vdupq_n_f32(0.0f);
    mve_pred16_t within = vctp32q((uint32_t)left);
    uint32x4_t up = vaddq_n_u32(helium_words(1), (uint32_t)at);
    uint32x4_t word = vminq_u32(up, vaddq_n_u32(helium_words((uint32_t)-1), (uint32_t)left));
    return vmulq_f32(vcvtq_f32_s32(vldrhq_z_s32(samples + at, within)),
                     vldrwq_gather_shifted_offset_z_f32(config->window, word, within));
}

// Four windowed samples; the table has the window's rising half.
FRONT_INLINE float32x4_t helium_samples(const stapes_front_config *config, const int16_t *samples, int at) {
    int left = config->window_samples - at;
    if (at + 6 <= left)
        return vmulq_f32(vcvtq_f32_s32(vldrhq_s32(samples + at)), vldrwq_f32(config->window + at));
    if (left > at || left < 4)
        return helium_edge_samples(config, samples, at);
    return vmulq_f32(vcvtq_f32_s32(vldrhq_s32(samples + at)),
                     vldrwq_gather_shifted_offset_f32(config->window + left, helium_words((uint32_t)-1)));
}

// Element e of both butterflies, a half of `x` each. By hand, because some compilers forget to make the
// addresses of a scatter in a loop.
#define HELIUM_STORE(e, x)                                                                                   \
    __asm__ volatile("vstr %e[value], [%[first], %[at]]\n\t"                                                 \
                     "vstr %f[value], [%[second], %[at]]"                                                    \
                     :                                                                                       \
                     : [first] "r"(to0), [second] "r"(to1), [at] "n"(8 * (e)), [value] "w"(x)                \
                     : "memory")

FRONT_INLINE void helium_head4(const stapes_front_config *config, const int16_t *samples, int at, int step,
                               float *to0, float *to1) {
    float32x4_t x0 = helium_samples(config, samples, at);
    float32x4_t x1 = helium_samples(config, samples, at + step);
    float32x4_t x2 = helium_samples(config, samples, at + 2 * step);
    float32x4_t x3 = helium_samples(config, samples, at + 3 * step);
    HELIUM_DFT4(x0, x1, x2, x3);
    HELIUM_STORE(0, x0);
    HELIUM_STORE(1, x1);
    HELIUM_STORE(2, x2);
    HELIUM_STORE(3, x3);
}

// core_join8.
FRONT_INLINE void helium_join8(float *to0, float *to1, float32x4_t a0, float32x4_t a1, float32x4_t a2,
                               float32x4_t a3, float32x4_t b0, float32x4_t b1, float32x4_t b2,
                               float32x4_t b3) {
    const float half_root = 0x1.6a09e6p-1f; // sqrt(1/2)
    b1 = vmulq_n_f32(helium_sub_i(b1, b1), half_root);
    b3 = vmulq_n_f32(helium_sub_i(b3, b3), half_root);
    HELIUM_STORE(0, vaddq_f32(a0, b0));
    HELIUM_STORE(4, vsubq_f32(a0, b0));
    HELIUM_STORE(1, vaddq_f32(a1, b1));
    HELIUM_STORE(5, vsubq_f32(a1, b1));
    HELIUM_STORE(2, helium_sub_i(a2, b2));
    HELIUM_STORE(6, helium_add_i(a2, b2));
    HELIUM_STORE(3, helium_sub_i(a3, b3));
    HELIUM_STORE(7, helium_add_i(a3, b3));
}

FRONT_INLINE void helium_head8(const stapes_front_config *config, const int16_t *samples, int at, int step,
                               float *to0, float *to1) {
    float32x4_t a0 = helium_samples(config, samples, at);
    float32x4_t b0 = helium_samples(config, samples, at + step);
    float32x4_t a1 = helium_samples(config, samples, at + 2 * step);
    float32x4_t b1 = helium_samples(config, samples, at + 3 * step);
    float32x4_t a2 = helium_samples(config, samples, at + 4 * step);
    float32x4_t b2 = helium_samples(config, samples, at + 5 * step);
    float32x4_t a3 = helium_samples(config, samples, at + 6 * step);
    float32x4_t b3 = helium_samples(config, samples, at + 7 * step);
    HELIUM_DFT4(a0, a1, a2, a3);
    HELIUM_DFT4(b0, b1, b2, b3);
    helium_join8(to0, to1, a0, a1, a2, a3, b0, b1, b2, b3);
}

// The same where the window fills five at most (core_head5).
FRONT_INLINE void helium_head5(const stapes_front_config *config, const int16_t *samples, int at, int step,
                               float *to0, float *to1) {
    float32x4_t a0 = helium_samples(config, samples, at);
    float32x4_t a1 = helium_samples(config, samples, at + 2 * step);
    float32x4_t a2 = helium_samples(config, samples, at + 4 * step);
    float32x4_t sum = vaddq_f32(a0, a2), difference = vsubq_f32(a0, a2);
    float32x4_t b0 = helium_samples(config, samples, at + step);
    float32x4_t b1 = helium_samples(config, samples, at + 3 * step);
    helium_join8(to0, to1, vaddq_f32(sum, a1), helium_sub_i(difference, a1), vsubq_f32(sum, a1),
                 helium_add_i(difference, a1), vaddq_f32(b0, b1), helium_sub_i(b0, b1), vsubq_f32(b0, b1),
                 helium_add_i(b0, b1));
}

FRONT_INLINE void helium_heads(const stapes_front_config *config, const int16_t *samples, float *spectrum,
                               int head) {
    int step = config->fft_samples / head;
    const uint16_t *order = config->order;
    for (int next = 0; next < step; next += 4, order += 2) {
        int at = next;
        __asm__("" : "+r"(at)); // or the compiler keeps more pointers than there are registers
        float *to0 = spectrum + 2 * (int)order[0], *to1 = spectrum + 2 * (int)order[1];
        if (head == 4)
            helium_head4(config, samples, at, step, to0, to1);
        else if (config->window_samples <= 5 * step)
            helium_head5(config, samples, at, step, to0, to1);
        else
            helium_head8(config, samples, at, step, to0, to1);
    }
}

// --- the other stages ----------------------------------------------------------------------------------

// Roots k and k + step: which words of the table they are, counted from word 2 k, and with which signs
// (core_root_of). They serve every later k as long as none of the two comes into another quarter turn.
typedef struct helium_roots {
    uint32_t words[4], signs[4];
    int until; // the k + step that needs others
} helium_roots;

FRONT_CALLED void helium_find_roots(helium_roots *roots, int k, int step, int n) {
    const uint32_t negative = 0x80000000u;
    int quarter = 0, turned = 0; // quarter turns before root k, and n times them
    roots->until = 0;
    for (int i = 0; i < 4; i += 2, k += step) {
        int before = turned;
        for (; 2 * k >= turned + n; turned += n)
            quarter++;
        int word = i * step - turned;
        roots->words[i] = (uint32_t)(word + (quarter == 1));
        roots->words[i + 1] = (uint32_t)(word + (quarter != 1));
        roots->signs[i] = quarter == 2 ? negative : 0;
        roots->signs[i + 1] = quarter > 0 ? negative : 0;
        if (i > 0 && turned == before)
            roots->until = (turned + n) / 2;
    }
}

FRONT_INLINE float32x4_t helium_root(const helium_roots *roots, const float *at) {
    float32x4_t root = vldrwq_gather_shifted_offset_f32(at, vldrwq_u32(roots->words));
    return vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(root), vldrwq_u32(roots->signs)));
}

// core_stage. roots: [3], memory of the caller's.
FRONT_CALLED void helium_stage(float *block, int elements, int quarter, const float *table, int n,
                               helium_roots *roots) {
    const float *end = block + 2 * elements;
    int step = n / (2 * quarter);
    helium_find_roots(&roots[0], 0, step, n); // of which no multiple is a quarter turn away
    roots[1].until = roots[2].until = 0;
    for (int k = 0; 2 * k < n; k += 2 * step, block += 4) {
        if (2 * (k + step) >= roots[1].until)
            helium_find_roots(&roots[1], 2 * k, 2 * step, n);
        if (3 * (k + step) >= roots[2].until)
            helium_find_roots(&roots[2], 3 * k, 3 * step, n);
        float32x4_t w1 = vldrwq_gather_shifted_offset_f32(table + 2 * k, vldrwq_u32(roots[0].words));
        float32x4_t w2 = helium_root(&roots[1], table + 4 * k), w3 = helium_root(&roots[2], table + 6 * k);
        float *at0 = block, *at1 = at0 + 2 * quarter, *at2 = at1 + 2 * quarter, *at3 = at2 + 2 * quarter;
        do {
            float32x4_t x1 = helium_mul(vldrwq_f32(at1), w1);
            float32x4_t x2 = helium_mul(vldrwq_f32(at2), w2), x3 = helium_mul(vldrwq_f32(at3), w3);
            float32x4_t x0 = vldrwq_f32(at0);
            HELIUM_DFT4(x0, x1, x2, x3);
            vstrwq_f32(at0, x0);
            vstrwq_f32(at1, x1);
            vstrwq_f32(at2, x2);
            vstrwq_f32(at3, x3);
            at0 += 8 * quarter, at1 += 8 * quarter, at2 += 8 * quarter, at3 += 8 * quarter;
        } while (at0 < end);
    }
}

FRONT_CALLED void helium_fft(const stapes_front_config *config, const int16_t *samples, float *spectrum) {
    helium_roots roots[3];
    int n = config->fft_samples / 2, head = core_log2_is_odd(n) ? 8 : 4;
    if (head == 8)
        helium_heads(config, samples, spectrum, 8);
    else
        helium_heads(config, samples, spectrum, 4);
    for (int quarter = head; quarter < n; quarter *= 4)
        helium_stage(spectrum, n, quarter, config->roots, n, roots);
}

// --- powers, bands, cepstra: four values a vector --------------------------------------------------------

// core_power. The first three bins one by one, so that what follows is whole vectors: bins k .. k + 3 and
// their mirror images n - k ..
FRONT_CALLED void helium_power(const stapes_front_config *config, float *spectrum) {
    int n = config->fft_samples / 2;
    const uint32x4_t up = helium_words(2), down = vsubq_u32(vdupq_n_u32(6), up);
    core_power_bins(config, spectrum, 1, 4);
    float *low = spectrum + 8, *high = spectrum + 2 * (n - 7);
    for (const float *root = config->roots + 8; low < high; low += 8, high -= 8, root += 8) {
        float32x4x2_t a = vld2q_f32(low), w = vld2q_f32(root);
        float32x4_t b_re = vldrwq_gather_shifted_offset_f32(high, down);
        float32x4_t b_im = vldrwq_gather_shifted_offset_f32(high + 1, down);
        float32x4_t even_re = vaddq_f32(a.val[0], b_re), even_im = vsubq_f32(a.val[1], b_im);
        float32x4_t re = vaddq_f32(a.val[1], b_im), im = vsubq_f32(b_re, a.val[0]);
        float32x4_t odd_re = vsubq_f32(vmulq_f32(re, w.val[0]), vmulq_f32(im, w.val[1]));
        float32x4_t odd_im = vaddq_f32(vmulq_f32(re, w.val[1]), vmulq_f32(im, w.val[0]));
        float32x4_t low_re = vaddq_f32(even_re, odd_re), low_im = vaddq_f32(even_im, odd_im);
        float32x4_t high_re = vsubq_f32(even_re, odd_re), high_im = vsubq_f32(odd_im, even_im);
        vstrwq_scatter_shifted_offset_f32(low, up,
                                          vaddq_f32(vmulq_f32(low_re, low_re), vmulq_f32(low_im, low_im)));
        vstrwq_scatter_shifted_offset_f32(
            high, down, vaddq_f32(vmulq_f32(high_re, high_re), vmulq_f32(high_im, high_im)));
    }
    core_power_middle(spectrum + n);
}

// Sum of x[word] w, words and then four more every time, in the four parts of core_bands and core_dct_rows.
// By hand, because the compiler knows no loops that predicate their own tail.
FRONT_INLINE float helium_dot(const float *x, uint32x4_t words, int step_bytes, const float *w, int count) {
    float32x4_t sums = vdupq_n_f32(0.0f), a, b;
    __asm__ volatile("wlstp.32 lr, %[count], 2f\n\t"
                     "1:\n\t"
                     "vldrw.32 %q[a], [%[w]], #16\n\t"
                     "vldrw.32 %q[b], [%[x], %q[words], uxtw #2]\n\t"
                     "vmul.f32 %q[a], %q[a], %q[b]\n\t"
                     "add %[x], %[x], %[step]\n\t"
                     "vadd.f32 %q[sums], %q[sums], %q[a]\n\t"
                     "letp lr, 1b\n\t"
                     "2:"
                     : [x] "+r"(x), [w] "+r"(w), [sums] "+w"(sums), [a] "=&w"(a), [b] "=&w"(b)
                     : [count] "r"(count), [words] "w"(words), [step] "r"(step_bytes)
                     : "lr", "cc", "memory");
    sums = vaddq_f32(sums, vrev64q_f32(sums));
    return vgetq_lane_f32(sums, 0) + vgetq_lane_f32(sums, 2);
}

// core_log.
FRONT_INLINE float32x4_t helium_log(float32x4_t x) {
    uint32x4_t bits = vaddq_n_u32(vreinterpretq_u32_f32(x), 0x004afb0du);
    float32x4_t e = vsubq_n_f32(vcvtq_f32_s32(vreinterpretq_s32_u32(vshrq_n_u32(bits, 23))), 127.0f);
    uint32x4_t fraction = vaddq_n_u32(vandq_u32(bits, vdupq_n_u32(0x007fffffu)), 0x3f3504f3u);
    float32x4_t f = vsubq_n_f32(vreinterpretq_f32_u32(fraction), 1.0f), square = vmulq_f32(f, f);
    float32x4_t p = vsubq_n_f32(vmulq_n_f32(f, 0x1.14579p-4f), 0x1.de3c0ep-4f);
    p = vaddq_n_f32(vmulq_f32(p, f), 0x1.e6f072p-4f);
    p = vsubq_n_f32(vmulq_f32(p, f), 0x1.fc2208p-4f);
    p = vaddq_n_f32(vmulq_f32(p, f), 0x1.233768p-3f);
    p = vsubq_n_f32(vmulq_f32(p, f), 0x1.555c4ep-3f);
    p = vaddq_n_f32(vmulq_f32(p, f), 0x1.99a4b6p-3f);
    p = vsubq_n_f32(vmulq_f32(p, f), 0x1.000006p-2f);
    p = vaddq_n_f32(vmulq_f32(p, f), 0x1.555548p-2f);
    float32x4_t tail = vmulq_f32(vmulq_f32(f, square), p);
    tail = vaddq_f32(tail, vmulq_n_f32(e, -0x1.bd0106p-13f));
    tail = vsubq_f32(tail, vmulq_n_f32(square, 0.5f));
    return vaddq_f32(vaddq_f32(f, tail), vmulq_n_f32(e, 0.693359375f));
}

// core_bands.
FRONT_CALLED void helium_bands(const stapes_front_config *config, const float *spectrum, float *bands) {
    const uint32x4_t up = helium_words(2);
    const float *w = config->mel_weights;
    int filters = config->filters;
    for (int f = 0; f < filters; f++) {
        int count = config->mel_count[f];
        bands[f] = helium_dot(spectrum + 2 * (int)config->mel_first[f], up, 32, w, count) + 1e-6f;
        w += count;
    }
    for (int f = 0; f < filters; f += 4) {
        mve_pred16_t here = vctp32q((uint32_t)(filters - f));
        vstrwq_p_f32(bands + f, helium_log(vldrwq_z_f32(bands + f, here)), here);
    }
}

// core_cepstra.
FRONT_CALLED void helium_cepstra(const stapes_front_config *config, const float *bands, float *folded,
                                 float *out) {
    int filters = config->filters, half = (filters + 1) / 2;
    const uint32x4_t up = helium_words(1), down = helium_words((uint32_t)-1);
    const float *dct = config->dct;
    for (int k = 0; k < half; k += 4) {
        mve_pred16_t here = vctp32q((uint32_t)(half - k));
        float32x4_t a = vldrwq_z_f32(bands + k, here);
        float32x4_t b = vldrwq_gather_shifted_offset_z_f32(bands + filters - 1 - k, down, here);
        vstrwq_p_f32(folded + k, vaddq_f32(a, b), here);
        vstrwq_p_f32(folded + half + k, vsubq_f32(a, b), here);
    }
    for (int row = 0; row < config->coefficients; row++, dct += half)
        out[row] = helium_dot(folded + (row & 1) * half, up, 16, dct, half);
}

// core_normalise.
FRONT_CALLED void helium_normalise(const float *x, const float *mean, const float *inv_deviation, int count,
                                   float *out) {
    for (int i = 0; i < count; i += 4) {
        mve_pred16_t here = vctp32q((uint32_t)(count - i));
        float32x4_t y = vsubq_f32(vldrwq_z_f32(x + i, here), vldrwq_z_f32(mean + i, here));
        vstrwq_p_f32(out + i, vmulq_f32(y, vldrwq_z_f32(inv_deviation + i, here)), here);
    }
}

#endif
