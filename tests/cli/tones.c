// Small recordings for the command-line tests: tones DIR CLIPS SECONDS WORD:HZ...
// makes DIR/WORD/sNN_nohash_0.wav, CLIPS of them, 16 kHz: a tone of about HZ in noise, every clip another.
// The word _background_noise_ gives one recording of noise, twenty times as long.
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RATE = 16000 };

static uint64_t state;

static double noise(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 33) / 1073741824.0 - 1;
}

static void put(FILE *file, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        fputc((int)(value >> (8 * i) & 255), file);
}

static void write_wav(const char *path, int samples, double hz) {
    FILE *file = fopen(path, "wb");
    if (!file) {
        fprintf(stderr, "tones: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    uint32_t bytes = 2 * (uint32_t)samples;
    fputs("RIFF", file), put(file, 36 + bytes, 4), fputs("WAVEfmt ", file);
    put(file, 16, 4), put(file, 1, 2), put(file, 1, 2), put(file, RATE, 4), put(file, 2 * RATE, 4);
    put(file, 2, 2), put(file, 16, 2), fputs("data", file), put(file, bytes, 4);
    double pitch = hz * (1 + 0.05 * noise()), loud = hz > 0 ? 6000 * (1 + 0.5 * noise()) : 0,
           phase = 3 * noise();
    for (int i = 0; i < samples; i++)
        put(file,
            (uint32_t)(int32_t)lrint(loud * sin(6.283185307 * pitch * i / RATE + phase) + 900 * noise()), 2);
    if (fclose(file) != 0)
        exit(1);
}

int main(int argc, char **argv) {
    char path[4096];
    if (argc < 5)
        return 2;
    int clips = atoi(argv[2]), samples = (int)(atof(argv[3]) * RATE);
    mkdir(argv[1], 0777);
    for (int w = 4; w < argc; w++) {
        int length = (int)strcspn(argv[w], ":");
        double hz = argv[w][length] ? atof(argv[w] + length + 1) : 0;
        int background = strncmp(argv[w], "_background_noise_", (size_t)length) == 0;
        snprintf(path, sizeof path, "%s/%.*s", argv[1], length, argv[w]);
        mkdir(path, 0777);
        for (int i = 0; i < (background ? 1 : clips); i++) {
            state = (uint64_t)w * 1000003 + (uint64_t)i;
            for (int k = 0; k < 8; k++)
                noise();
            snprintf(path, sizeof path, "%s/%.*s/s%02d_nohash_0.wav", argv[1], length, argv[w], i);
            write_wav(path, background ? 20 * samples : samples, hz);
        }
    }
    return 0;
}
