// The device's front-end against the definitions in double: FFT, power, mel, logarithm, DCT; its checks at
// init; framing of a stream.
#include "base/arena.h"
#include "base/rng.h"
#include "front/front_scalar.h"
#include "frontend/front_tables.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const double PI = 3.14159265358979323846;

static stp_arena *make(stapes_front_config *config, const char *text, const char *kind) {
    stp_err err = {0};
    stp_front_spec spec;
    stp_arena *arena = stp_arena_create();
    if (stp_front_spec_parse(&spec, text, kind, 16000, 20, 7600, &err) != STP_OK ||
        stp_front_tables_make(config, &spec, arena, &err) != STP_OK)
        fail_msg("%s", err.text);
    return arena;
}

static void make_noise(int16_t *samples, int count, double deviation) {
    stp_rng rng = stp_rng_at(5, STP_RNG_TEST, 0, 0);
    for (int i = 0; i < count; i++)
        samples[i] = (int16_t)fmax(-32768, fmin(32767, deviation * stp_rng_normal(&rng)));
}

// Power of the naive DFT in double, bins 0 .. fft/2.
static void dft_power(const int16_t *samples, int window, int fft, double *power) {
    for (int k = 0; k <= fft / 2; k++) {
        double re = 0, im = 0;
        for (int i = 0; i < window; i++) {
            double x = samples[i] / 32768.0 * (0.5 - 0.5 * cos(2 * PI * i / window));
            re += x * cos(2 * PI * ((long)i * k % fft) / fft);
            im -= x * sin(2 * PI * ((long)i * k % fft) / fft);
        }
        power[k] = re * re + im * im;
    }
}

static void test_fft(void **state) {
    (void)state;
    const char *specs[] = {"16/8/2",    "100/50/8",   "200/100/8",  "400/100/40",
                           "511/100/8", "640/160/40", "2048/512/40"};
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        stapes_front_config config;
        stp_arena *arena = make(&config, specs[s], "mfcc");
        int16_t samples[2048];
        double power[1025], signal = 0, noise = 0;
        float spectrum[2048];
        make_noise(samples, config.window_samples, 3000);
        dft_power(samples, config.window_samples, config.fft_samples, power);
        core_fft(&config, samples, spectrum);
        core_power(&config, spectrum);
        for (int k = 1; k < config.fft_samples / 2; k++) {
            signal += power[k] * power[k];
            noise += (spectrum[2 * k] - power[k]) * (spectrum[2 * k] - power[k]);
        }
        // float has 144 dB; ten stages of rounding leave more than 125
        double snr_db = 10 * log10(signal / noise);
        if (!(snr_db > 125))
            fail_msg("%s: %.1f dB", specs[s], snr_db);
        stp_arena_destroy(arena);
    }
}

static void test_log(void **state) {
    (void)state;
    double worst = 0;
    for (uint32_t exponent = 107; exponent < 155; exponent++)
        for (uint32_t mantissa = 0; mantissa < 1u << 23; mantissa += 1009) {
            float x = front_of_bits(exponent << 23 | mantissa);
            double exact = log((double)x), ulp;
            if (exact == 0) {
                assert_true(core_log(x) == 0);
                continue;
            }
            ulp = ldexp(1, ilogb(exact) - 23);
            worst = fmax(worst, fabs(core_log(x) - exact) / ulp);
        }
    if (!(worst < 1))
        fail_msg("%.2f ulp", worst);
}

// The whole chain against its definition.
static void test_definition(void **state) {
    (void)state;
    const char *specs[] = {"640/320/40:10", "400/100/80", "401/100/41", "2048/512/128", "129/64/2"};
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        stapes_front_config config;
        stp_arena *arena = make(&config, specs[s], "mfcc");
        int16_t samples[2048];
        double power[1025], bands[128];
        int fft = config.fft_samples, filters = config.filters;
        make_noise(samples, config.window_samples, 1000);
        dft_power(samples, config.window_samples, fft, power);
        double low = 2595 * log10(1 + 20 / 700.0), high = 2595 * log10(1 + 7600 / 700.0);
        for (int f = 0; f < filters; f++) {
            double corner[3], energy = 0;
            for (int i = 0; i < 3; i++)
                corner[i] = 700 * (pow(10, (low + (high - low) * (f + i) / (filters + 1)) / 2595) - 1);
            for (int k = 0; k <= fft / 2; k++) {
                double hz = 16000.0 * k / fft;
                double up = (hz - corner[0]) / (corner[1] - corner[0]);
                double down = (corner[2] - hz) / (corner[2] - corner[1]);
                energy += power[k] * fmax(0, fmin(up, down));
            }
            bands[f] = log(energy + 1e-6);
        }
        float memory[2048 + 128 + 1024], row[128];
        stapes_front front;
        assert_int_equal(stapes_front_init(&front, &config, memory, sizeof memory), STAPES_FRONT_OK);
        stapes_front_frame(&front, samples, row);
        for (int i = 0; i < config.coefficients; i++) {
            double sum = 0;
            for (int k = 0; k < filters; k++)
                sum += bands[k] * cos(PI / filters * (k + 0.5) * i);
            sum *= sqrt((i ? 2.0 : 1.0) / filters);
            // values of some ten, out of a hundred rounded sums
            if (!(fabs(row[i] - sum) < 1e-4))
                fail_msg("%s, coefficient %d: %g instead of %g", specs[s], i, row[i], sum);
        }
        stp_arena_destroy(arena);
    }
}

static void test_init_refuses(void **state) {
    (void)state;
    stapes_front_config config, bad;
    stp_arena *arena = make(&config, "400/100/40", "mfcc");
    float memory[1024];
    stapes_front front;
    size_t bytes = stapes_front_memory_bytes(&config);
    assert_int_equal(bytes, 4 * (512 + 40) + 2 * 400);
    assert_int_equal(stapes_front_init(&front, &config, memory, bytes), STAPES_FRONT_OK);
    assert_int_equal(stapes_front_init(&front, &config, memory, bytes - 1), STAPES_FRONT_ERR_MEMORY);
    assert_int_equal(stapes_front_init(&front, &config, (char *)memory + 2, bytes), STAPES_FRONT_ERR_MEMORY);
    assert_int_equal(stapes_front_init(&front, &config, NULL, bytes), STAPES_FRONT_ERR_MEMORY);
    assert_int_equal(stapes_front_init(&front, NULL, memory, bytes), STAPES_FRONT_ERR_CONFIG);
    assert_int_equal(stapes_front_init(NULL, &config, memory, bytes), STAPES_FRONT_ERR_CONFIG);
#define REFUSED(change, status)                                                                              \
    do {                                                                                                     \
        bad = config;                                                                                        \
        change;                                                                                              \
        assert_int_equal(stapes_front_init(&front, &bad, memory, bytes), status);                            \
    } while (0)
    REFUSED(bad.window = NULL, STAPES_FRONT_ERR_CONFIG);
    REFUSED(bad.dct = NULL, STAPES_FRONT_ERR_CONFIG);
    REFUSED(bad.mean = NULL, STAPES_FRONT_ERR_CONFIG);
    REFUSED(bad.fft_samples = 500, STAPES_FRONT_ERR_CONFIG);
    REFUSED(bad.fft_samples = 256, STAPES_FRONT_ERR_CONFIG);
    REFUSED(bad.fft_samples = 64, STAPES_FRONT_ERR_CONFIG);
    REFUSED(bad.hop_samples = 0, STAPES_FRONT_ERR_CONFIG);
    REFUSED(bad.filters = 129, STAPES_FRONT_ERR_CONFIG);
    REFUSED(bad.coefficients = 41, STAPES_FRONT_ERR_CONFIG);
    REFUSED((bad.cepstra = 0, bad.coefficients = 39), STAPES_FRONT_ERR_CONFIG);
    REFUSED(bad.check ^= 1, STAPES_FRONT_ERR_CHECK);
    uint16_t counts[40];
    memcpy(counts, config.mel_count, sizeof counts);
    counts[39] = 200; // bins beyond the spectrum
    REFUSED(bad.mel_count = counts, STAPES_FRONT_ERR_CONFIG);
    // a wrong bit in the tables is found
    float window[400];
    memcpy(window, config.window, sizeof window);
    window[200] = nextafterf(window[200], 1);
    REFUSED(bad.window = window, STAPES_FRONT_ERR_CHECK);
    stp_arena_destroy(arena);
}

// Rows of a stream, taken in pieces, are those of windows a hop apart.
static void check_stream(const char *text, const char *kind) {
    enum { SAMPLES = 9000 };
    stapes_front_config config;
    stp_arena *arena = make(&config, text, kind);
    int16_t *samples = stp_arena_alloc(arena, sizeof(int16_t) * SAMPLES);
    make_noise(samples, SAMPLES, 2000);
    size_t bytes = stapes_front_memory_bytes(&config);
    stapes_front stream, whole;
    assert_int_equal(stapes_front_init(&stream, &config, stp_arena_alloc(arena, bytes), bytes),
                     STAPES_FRONT_OK);
    assert_int_equal(stapes_front_init(&whole, &config, stp_arena_alloc(arena, bytes), bytes),
                     STAPES_FRONT_OK);
    for (int round = 0; round < 2; round++) {
        stp_rng rng = stp_rng_at(1, STP_RNG_TEST, (uint64_t)round, 0);
        int frames = 0;
        for (size_t at = 0; at < SAMPLES;) {
            size_t count = 1 + (size_t)stp_rng_below(&rng, 700);
            if (count > SAMPLES - at)
                count = SAMPLES - at;
            const int16_t *p = samples + at;
            at += count;
            float row[128], expected[128];
            while (stapes_front_push(&stream, &p, &count, row)) {
                stapes_front_frame(&whole, samples + frames * config.hop_samples, expected);
                assert_memory_equal(row, expected, sizeof(float) * (size_t)config.coefficients);
                frames++;
            }
        }
        assert_int_equal(frames, 1 + (SAMPLES - config.window_samples) / config.hop_samples);
        stapes_front_reset(&stream);
    }
    stp_arena_destroy(arena);
}

static void test_stream(void **state) {
    (void)state;
    check_stream("640/320/40:10", "mfcc");
    check_stream("401/133/13", "logmel");
    check_stream("64/200/3", "mfcc");
    check_stream("256/256/20", "mfcc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fft),          cmocka_unit_test(test_log),    cmocka_unit_test(test_definition),
        cmocka_unit_test(test_init_refuses), cmocka_unit_test(test_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
