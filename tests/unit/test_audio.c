// Reading recordings: formats, mixing down, resampling, and every kind of file that is no good.
#include "recordings.h"

#include "audio/audio.h"
#include "base/threads.h"

static void tone(float *out, int frames, int channels, double hz, int rate, double amplitude) {
    for (int i = 0; i < frames; i++)
        for (int c = 0; c < channels; c++)
            out[i * channels + c] = (float)(amplitude * sin(6.283185307179586 * hz * i / rate));
}

static void read_bad(const char *path, uint64_t limit, stp_err *err) {
    stp_sound sound;
    *err = (stp_err){0};
    assert_int_not_equal(stp_sound_read(&sound, path, RATE, limit, err), STP_OK);
    assert_null(sound.samples);
}

static void test_bits_are_kept(void **state) {
    (void)state;
    static int16_t in[4000];
    for (int i = 0; i < 4000; i++)
        in[i] = (int16_t)(i * 6151 - 32768);
    static const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                                  SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_WAV | SF_FORMAT_PCM_24,
                                  SF_FORMAT_WAV | SF_FORMAT_FLOAT};
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        SF_INFO info = {.samplerate = RATE, .channels = 1, .format = formats[f]};
        SNDFILE *file = sf_open(in_root("bits"), SFM_WRITE, &info);
        assert_non_null(file);
        sf_command(file, SFC_SET_SCALE_INT_FLOAT_WRITE, NULL, SF_TRUE);
        assert_int_equal(sf_write_short(file, in, 4000), 4000);
        sf_close(file);
        stp_sound sound;
        stp_err err = {0};
        assert_int_equal(stp_sound_read(&sound, in_root("bits"), RATE, 0, &err), STP_OK);
        assert_int_equal(sound.count, 4000);
        assert_memory_equal(sound.samples, in, sizeof in);
        assert_int_equal(sound.rate_hz, RATE);
        stp_sound_free(&sound);
    }
}

static void test_channels_are_averaged_and_saturated(void **state) {
    (void)state;
    static float in[300];
    for (int i = 0; i < 100; i++) {
        in[3 * i] = 0.5f;
        in[3 * i + 1] = -0.25f;
        in[3 * i + 2] = i < 50 ? 0.125f : 90.0f;
    }
    write_sound("three.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, RATE, 3, in, 100);
    stp_sound sound;
    stp_err err = {0};
    assert_int_equal(stp_sound_read(&sound, in_root("three.wav"), RATE, 0, &err), STP_OK);
    assert_int_equal(sound.source_channels, 3);
    assert_int_equal(sound.samples[0], 4096);
    assert_int_equal(sound.samples[99], 32767);
    stp_sound_free(&sound);
}

// A tone below half the lower rate must come out as the same tone, at the same level.
static void test_resampling_keeps_a_tone(void **state) {
    (void)state;
    static const int rates[] = {8000, 11025, 22050, 44100, 48000};
    static float in[48000];
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        tone(in, rates[r], 1, 1000, rates[r], 0.5);
        write_sound("tone.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, rates[r], 1, in, rates[r]);
        stp_sound sound;
        stp_err err = {0};
        assert_int_equal(stp_sound_read(&sound, in_root("tone.wav"), RATE, 0, &err), STP_OK);
        assert_int_equal(sound.count, RATE);
        assert_int_equal(sound.source_rate_hz, rates[r]);
        assert_int_equal(sound.source_frames, rates[r]);
        // the edges ring; inside, a resampler of 100 dB and the rounding to int16 leave an error of about a
        // step
        for (int i = 2000; i < 14000; i++) {
            double want = 16384 * sin(6.283185307179586 * 1000 * i / RATE);
            if (fabs(sound.samples[i] - want) > 2)
                fail_msg("%d Hz, sample %d: %d instead of %.1f", rates[r], i, sound.samples[i], want);
        }
        stp_sound_free(&sound);
    }
}

static void test_probe_reads_the_header_only(void **state) {
    (void)state;
    static float in[2 * 441];
    write_sound("probe.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2, in, 441);
    stp_sound sound;
    stp_err err = {0};
    assert_int_equal(stp_sound_probe(&sound, in_root("probe.wav"), &err), STP_OK);
    assert_null(sound.samples);
    assert_int_equal(sound.source_rate_hz, 44100);
    assert_int_equal(sound.source_channels, 2);
    assert_int_equal(sound.source_frames, 441);
    assert_int_not_equal(stp_sound_probe(&sound, in_root("absent.wav"), &err), STP_OK);
    assert_error(&err, STP_ERR_IO, "absent.wav", "No such file", NULL);
}

static void test_files_that_are_no_recordings(void **state) {
    (void)state;
    stp_err err;
    read_bad(in_root("nowhere/at-all.wav"), 0, &err);
    assert_error(&err, STP_ERR_IO, "nowhere/at-all.wav", "cannot be opened", NULL);
    write_text("text.wav", "this is no audio at all\n");
    read_bad(in_root("text.wav"), 0, &err);
    assert_error(&err, STP_ERR_DATA, "text.wav", "no audio", NULL);
    write_text("nothing.wav", "");
    read_bad(in_root("nothing.wav"), 0, &err);
    assert_error(&err, STP_ERR_DATA, "nothing.wav", "empty", NULL);
    read_bad(root, 0, &err);
    assert_error(&err, STP_ERR_DATA, root, "folder", NULL);
    assert_int_equal(symlink("loop.wav", in_root("loop.wav")), 0);
    read_bad(in_root("loop.wav"), 0, &err);
    assert_error(&err, STP_ERR_IO, "loop.wav", NULL);
}

static void test_pipes_and_devices_do_not_block(void **state) {
    (void)state;
    stp_err err;
    assert_int_equal(mkfifo(in_root("pipe.wav"), 0600), 0);
    alarm(20); // a reader that waits for a writer would wait for ever
    read_bad(in_root("pipe.wav"), 0, &err);
    assert_error(&err, STP_ERR_DATA, "pipe.wav", "pipe", NULL);
    read_bad("/dev/zero", 0, &err);
    assert_error(&err, STP_ERR_DATA, "/dev/zero", "device", NULL);
    alarm(0);
}

static void test_zero_length(void **state) {
    (void)state;
    stp_err err;
    write_sound("zero.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, NULL, 0);
    read_bad(in_root("zero.wav"), 0, &err);
    assert_error(&err, STP_ERR_DATA, "zero.wav", "zero", NULL);
}

// Any cut of a file either is an error or, for no cut at all, the sound; never a shorter sound.
static void test_truncated(void **state) {
    (void)state;
    static float in[20000];
    tone(in, 20000, 1, 333, RATE, 0.4);
    static const struct {
        const char *name;
        int format;
    } kind[] = {{"cut.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16},
                {"cut.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16}};
    for (int k = 0; k < 2; k++) {
        write_sound(kind[k].name, kind[k].format, RATE, 1, in, 20000);
        struct stat info;
        assert_int_equal(stat(in_root(kind[k].name), &info), 0);
        for (off_t left = info.st_size - 1; left > 0; left = left * 4 / 5) {
            assert_int_equal(truncate(in_root(kind[k].name), left), 0);
            stp_err err;
            read_bad(in_root(kind[k].name), 0, &err);
            assert_error(&err, STP_ERR_DATA, kind[k].name, NULL);
            if (left > 200)
                assert_error(&err, STP_ERR_DATA, "truncated", NULL);
        }
    }
}

// A program that writes WAV into a pipe cannot know the length and says 0xffffffff: such files are whole.
static void test_streamed_wav_is_whole(void **state) {
    (void)state;
    write_clip("streamed.wav", 3, 1000);
    FILE *file = fopen(in_root("streamed.wav"), "r+b");
    assert_non_null(file);
    static const unsigned char unknown[4] = {0xff, 0xff, 0xff, 0xff};
    fseek(file, 40, SEEK_SET);
    assert_int_equal(fwrite(unknown, 1, 4, file), 4);
    fclose(file);
    stp_sound sound;
    stp_err err = {0};
    assert_int_equal(stp_sound_read(&sound, in_root("streamed.wav"), RATE, 0, &err), STP_OK);
    assert_int_equal(sound.count, 1000);
    stp_sound_free(&sound);
}

// Headers that promise gigabytes, a rate of 1 Hz, or a thousand channels cost no memory.
static void test_lying_headers(void **state) {
    (void)state;
    static const struct {
        int at;
        unsigned char bytes[4];
    } lie[] = {{40, {0xff, 0xff, 0xff, 0x7e}}, {24, {1, 0, 0, 0}}, {24, {0xff, 0xff, 0xff, 0x7f}}};
    for (size_t i = 0; i < sizeof lie / sizeof *lie; i++) {
        write_clip("lie.wav", 5, 1000);
        FILE *file = fopen(in_root("lie.wav"), "r+b");
        assert_non_null(file);
        fseek(file, lie[i].at, SEEK_SET);
        assert_int_equal(fwrite(lie[i].bytes, 1, 4, file), 4);
        fclose(file);
        stp_err err;
        read_bad(in_root("lie.wav"), 0, &err);
        assert_error(&err, STP_ERR_DATA, "lie.wav", NULL);
    }
}

static void test_nan_and_infinity(void **state) {
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        static float in[40000];
        memset(in, 0, sizeof in);
        in[i * 19999] = bad[i];
        write_sound("nan.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, RATE, 1, in, 40000);
        stp_err err;
        read_bad(in_root("nan.wav"), 0, &err);
        assert_error(&err, STP_ERR_DATA, "nan.wav", "NaN", NULL);
    }
}

static void test_size_limit(void **state) {
    (void)state;
    stp_err err;
    write_clip("large.wav", 1, 50000);
    read_bad(in_root("large.wav"), 99999, &err);
    assert_error(&err, STP_ERR_DATA, "large.wav", "--max-clip-mb", NULL);
    // a small file of much silence: what it unpacks to counts
    static float silence[200000];
    write_sound("bomb.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, RATE, 1, silence, 200000);
    read_bad(in_root("bomb.flac"), 100000, &err);
    assert_error(&err, STP_ERR_DATA, "bomb.flac", "--max-clip-mb", NULL);
    stp_sound sound;
    assert_int_equal(stp_sound_read(&sound, in_root("large.wav"), RATE, 100044, &err), STP_OK);
    stp_sound_free(&sound);
}

static void test_long_paths_keep_the_line_short(void **state) {
    (void)state;
    char path[6000];
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = 0;
    stp_err err;
    read_bad(path, 0, &err);
    assert_error(&err, STP_ERR_IO, "...", "too long", "check the path", NULL);
}

static void test_loudest_stretch(void **state) {
    (void)state;
    int16_t in[100] = {0}, clip[10];
    in[40] = 100;
    in[49] = -100;
    in[70] = 120;
    assert_int_equal(stp_sound_clip(in, 100, 10, clip), 40);
    assert_int_equal(clip[0], 100);
    assert_int_equal(clip[9], -100);
    int16_t even[30];
    for (int i = 0; i < 30; i++)
        even[i] = INT16_MIN;
    assert_int_equal(stp_sound_clip(even, 30, 10, clip), 0); // the earliest of equals
    assert_int_equal(stp_sound_clip(even, 10, 10, clip), 0);
    assert_int_equal(stp_sound_clip(even, 5, 10, clip), -2); // 2 zeros, the sound, 3 zeros
    assert_int_equal(clip[1], 0);
    assert_int_equal(clip[2], INT16_MIN);
    assert_int_equal(clip[6], INT16_MIN);
    assert_int_equal(clip[7], 0);
}

typedef struct reading {
    stp_status status[512];
} reading;

static void read_item(void *context, int item, int thread) {
    (void)thread;
    stp_sound sound;
    const char *name = item % 2 ? "good.wav" : "bad.wav";
    char path[PATH_ROOM + 64];
    snprintf(path, sizeof path, "%s/%s", root, name);
    ((reading *)context)->status[item] = stp_sound_read(&sound, path, RATE, 0, NULL);
    stp_sound_free(&sound);
}

// libsndfile closes the descriptor of a file it cannot open; closing it twice took away files that other
// threads had just opened.
static void test_bad_files_do_not_disturb_other_threads(void **state) {
    (void)state;
    write_clip("good.wav", 3, 100);
    write_text("bad.wav", "no recording");
    int before = dup(0);
    stp_pool *pool;
    stp_err err = {0};
    assert_int_equal(stp_pool_create(&pool, 4, &err), STP_OK);
    for (int round = 0; round < 20; round++) {
        reading all;
        stp_pool_run(pool, read_item, &all, 512);
        for (int i = 0; i < 512; i++)
            assert_int_equal(all.status[i], i % 2 ? STP_OK : STP_ERR_DATA);
    }
    stp_pool_destroy(pool);
    close(before);
    assert_int_equal(dup(0), before); // none stayed open
    close(before);
}

static void test_allocation_failures(void **state) {
    (void)state;
    static float in[8000];
    tone(in, 8000, 1, 200, 8000, 0.5);
    write_sound("memory.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, in, 8000);
    int failures = 0;
    for (long n = 0;; n++) {
        stp_sound sound;
        stp_err err = {0};
        stp_alloc_fail_after(n);
        stp_status status = stp_sound_read(&sound, in_root("memory.wav"), RATE, 0, &err);
        stp_alloc_fail_after(-1);
        if (status == STP_OK) {
            stp_sound_free(&sound);
            break;
        }
        assert_error(&err, STP_ERR_MEMORY, "memory", NULL);
        failures++;
    }
    assert_true(failures >= 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits_are_kept),
        cmocka_unit_test(test_channels_are_averaged_and_saturated),
        cmocka_unit_test(test_resampling_keeps_a_tone),
        cmocka_unit_test(test_probe_reads_the_header_only),
        cmocka_unit_test(test_files_that_are_no_recordings),
        cmocka_unit_test(test_pipes_and_devices_do_not_block),
        cmocka_unit_test(test_zero_length),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_streamed_wav_is_whole),
        cmocka_unit_test(test_lying_headers),
        cmocka_unit_test(test_nan_and_infinity),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_long_paths_keep_the_line_short),
        cmocka_unit_test(test_loudest_stretch),
        cmocka_unit_test(test_bad_files_do_not_disturb_other_threads),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
