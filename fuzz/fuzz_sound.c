// Broken recordings: headers that promise what is not there, and samples of any kind.
#include "fuzz.h"

#include "audio/audio.h"
#include "broken_file.h"

enum { RATE_HZ = 16000, MOST_BYTES = 1 << 18 };

static fuzz_file good[2], broken; // 16-bit mono; 32-bit float stereo
static char path[96];

static void put(fuzz_file *f, const void *data, size_t bytes) {
    memcpy(f->data + f->bytes, data, bytes);
    f->bytes += bytes;
}

static void make_wave(fuzz_file *f, uint16_t format, uint16_t channels, uint16_t bytes, uint32_t rate_hz) {
    uint32_t body = 256u * bytes, riff = 36 + body, head = 16, second = rate_hz * channels * bytes;
    uint16_t align = (uint16_t)(channels * bytes), bits = (uint16_t)(8 * bytes);
    put(f, "RIFF", 4), put(f, &riff, 4), put(f, "WAVEfmt ", 8), put(f, &head, 4);
    put(f, &format, 2), put(f, &channels, 2), put(f, &rate_hz, 4), put(f, &second, 4);
    put(f, &align, 2), put(f, &bits, 2), put(f, "data", 4), put(f, &body, 4);
    for (int i = 0; i < 256; i++) {
        int16_t whole = (int16_t)(i * 397);
        float real = (float)whole / 32768;
        put(f, format == 1 ? (void *)&whole : (void *)&real, bytes);
    }
}

static void prepare(void) {
    make_wave(&good[0], 1, 1, 2, 16000);
    make_wave(&good[1], 3, 2, 4, 44100);
    snprintf(path, sizeof path, "%s/sound.wav", fuzz_folder());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, size};
    stp_sound sound;
    stp_err err;
    if (!path[0])
        prepare();
    fuzz_break(&broken, &good[fuzz_take(&in, 1) % 2], &in);
    fuzz_write(path, broken.data, broken.bytes);
    stp_status status = stp_sound_probe(&sound, path, &err);
    fuzz_require_line(status, &err);
    if (status == STP_OK)
        stp_sound_free(&sound);
    status = stp_sound_read(&sound, path, RATE_HZ, MOST_BYTES, &err);
    fuzz_require_line(status, &err);
    if (status != STP_OK)
        return 0;
    int16_t clip[4000];
    fuzz_require(sound.count > 0 && sound.rate_hz == RATE_HZ, "a recording without samples");
    stp_sound_clip(sound.samples, sound.count, 4000, clip);
    stp_sound_free(&sound);
    return 0;
}
