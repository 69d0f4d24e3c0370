#include "audio/audio.h"

#include "audio/sound_file.h"
#include "base/arena.h"

#include <math.h>
#include <soxr.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_SAMPLES = 16384, FIRST_CAPACITY = 65536 };

typedef struct mono {
    float *samples;
    size_t count, capacity;
} mono;

static stp_status mono_grow(mono *m, size_t capacity, stp_err *err) {
    float *larger = stp_alloc(capacity * sizeof *larger);
    if (!larger)
        return stp_err_memory(err, "a recording", capacity * sizeof *larger);
    if (m->count)
        memcpy(larger, m->samples, m->count * sizeof *larger);
    stp_free(m->samples);
    m->samples = larger;
    m->capacity = capacity;
    return STP_OK;
}

// Mean of the channels. A sum of finite floats is finite in double, so one look at it finds NaN and infinity.
static int mix_down(const float *block, size_t frames, int channels, float *out) {
    for (size_t f = 0; f < frames; f++) {
        double sum = 0;
        for (int c = 0; c < channels; c++)
            sum += block[f * (size_t)channels + (size_t)c];
        if (!isfinite(sum))
            return -1;
        out[f] = (float)(sum / channels);
    }
    return 0;
}

static stp_status check_complete(const sound_file *file, size_t frames, stp_err *err) {
    if (frames == 0 && file->info.frames <= 0)
        return stp_sound_file_refuse(file->path, STP_ERR_DATA, err,
                                     "has a length of zero samples; record it again");
    // MP3 tells its length only roughly; a length of SF_COUNT_MAX means unknown.
    int exact = (file->info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_MPEG;
    if (frames == 0 || (exact && file->info.frames < SF_COUNT_MAX && frames < (uint64_t)file->info.frames))
        return stp_sound_file_refuse(
            file->path, STP_ERR_DATA, err,
            "is truncated or damaged: its header promises more samples; copy it again");
    return STP_OK;
}

// Memory grows with what was really read, never with what the header says.
static stp_status read_frames(sound_file *file, float *block, uint64_t max_bytes, mono *m, stp_err *err) {
    size_t channels = (size_t)file->info.channels, block_frames = BLOCK_SAMPLES / channels;
    for (;;) {
        sf_count_t got = sf_readf_float(file->handle, block, (sf_count_t)block_frames);
        if (got <= 0)
            return check_complete(file, m->count, err);
        size_t frames = (size_t)got;
        if (max_bytes && (m->count + frames) * channels * sizeof(int16_t) > max_bytes)
            return stp_sound_file_too_large(file->path, (m->count + frames) * channels * sizeof(int16_t),
                                            max_bytes, err);
        if (m->count + frames > m->capacity)
            STP_TRY(mono_grow(m, m->capacity ? m->capacity * 2 : FIRST_CAPACITY, err));
        if (mix_down(block, frames, file->info.channels, m->samples + m->count) != 0)
            return stp_sound_file_refuse(
                file->path, STP_ERR_DATA, err,
                "holds samples that are no numbers (NaN or infinite); repair or remove it");
        m->count += frames;
    }
}

static stp_status read_mono(sound_file *file, uint64_t max_bytes, mono *m, stp_err *err) {
    if (file->info.channels > BLOCK_SAMPLES)
        return stp_sound_file_refuse(file->path, STP_ERR_DATA, err, "has too many channels; convert it");
    float *block = stp_alloc(BLOCK_SAMPLES * sizeof *block);
    if (!block)
        return stp_err_memory(err, "reading a recording", BLOCK_SAMPLES * sizeof *block);
    stp_status status = read_frames(file, block, max_bytes, m, err);
    stp_free(block);
    return status;
}

static stp_status resample(const sound_file *file, int rate_hz, uint64_t max_bytes, mono *m, stp_err *err) {
    int source_hz = file->info.samplerate;
    if (source_hz == rate_hz)
        return STP_OK;
    size_t room = (m->count * (size_t)rate_hz + (size_t)source_hz - 1) / (size_t)source_hz;
    if (max_bytes && room * sizeof(int16_t) > max_bytes)
        return stp_sound_file_too_large(file->path, room * sizeof(int16_t), max_bytes, err);
    float *out = stp_alloc(room * sizeof *out);
    if (!out)
        return stp_err_memory(err, "resampling a recording", room * sizeof *out);
    soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    size_t done = 0;
    soxr_error_t failed = soxr_oneshot(source_hz, rate_hz, 1, m->samples, m->count, NULL, out, room, &done,
                                       &io, &quality, &runtime);
    if (failed || done == 0) {
        stp_free(out);
        char why[160];
        snprintf(why, sizeof why, "cannot be resampled from %d Hz to %d Hz (%s); convert it", source_hz,
                 rate_hz, failed ? failed : "too short");
        return stp_sound_file_refuse(file->path, STP_ERR_DATA, err, why);
    }
    stp_free(m->samples);
    *m = (mono){out, done, room};
    return STP_OK;
}

static int16_t round_sample(float x) {
    float scaled = x * 32768.0f;
    if (scaled >= 32767.0f)
        return 32767;
    if (!(scaled > -32768.0f)) // a NaN of overflow in the resampler lands here too
        return -32768;
    return (int16_t)lrintf(scaled);
}

static stp_status to_int16(const mono *m, stp_sound *sound, stp_err *err) {
    int16_t *samples = stp_alloc(m->count * sizeof *samples);
    if (!samples)
        return stp_err_memory(err, "a recording", m->count * sizeof *samples);
    for (size_t i = 0; i < m->count; i++)
        samples[i] = round_sample(m->samples[i]);
    sound->samples = samples;
    sound->count = m->count;
    return STP_OK;
}

static void describe(stp_sound *sound, const sound_file *file, int rate_hz) {
    sf_count_t frames = file->info.frames;
    *sound = (stp_sound){.rate_hz = rate_hz,
                         .source_rate_hz = file->info.samplerate,
                         .source_channels = file->info.channels,
                         .source_frames = frames > 0 && frames < SF_COUNT_MAX ? (size_t)frames : 0};
}

stp_status stp_sound_read(stp_sound *sound, const char *path, int rate_hz, uint64_t max_bytes, stp_err *err) {
    *sound = (stp_sound){0};
    sound_file file;
    STP_TRY(stp_sound_file_open(&file, path, max_bytes, err));
    describe(sound, &file, rate_hz);
    mono m = {0};
    stp_status status = read_mono(&file, max_bytes, &m, err);
    sound->source_frames = m.count;
    if (status == STP_OK)
        status = resample(&file, rate_hz, max_bytes, &m, err);
    if (status == STP_OK)
        status = to_int16(&m, sound, err);
    stp_free(m.samples);
    stp_sound_file_close(&file);
    return status;
}

stp_status stp_sound_probe(stp_sound *sound, const char *path, stp_err *err) {
    *sound = (stp_sound){0};
    sound_file file;
    STP_TRY(stp_sound_file_open(&file, path, 0, err));
    describe(sound, &file, file.info.samplerate);
    stp_sound_file_close(&file);
    return STP_OK;
}

void stp_sound_free(stp_sound *sound) {
    stp_free(sound->samples);
    *sound = (stp_sound){0};
}
