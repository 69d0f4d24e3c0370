#!/usr/bin/env python3
"""Writes front.bin: features of synthetic clips by torchaudio, which test_front.c compares with ours.

Needs torch and torchaudio; run it in this folder. The clips are made of integers alone, so that the test makes the
same ones in C. Contents: for each front-end and clip, every STEP-th frame from frame 0, [coefficients] float32 each.
"""
import torch
import torchaudio

RATE, SAMPLES, STEP = 16000, 16000, 12
FRONTS = [(w, h, m) for w, h in ((400, 100), (400, 200), (640, 160), (640, 320)) for m in (40, 80)]


def noise(state):
    """A linear congruential generator; the upper 16 bits, -32768 .. 32767."""
    while True:
        state = (state * 1664525 + 1013904223) % 2**32
        yield (state >> 16) - 32768


def chirp():
    """A tone from 0 Hz to 7 kHz, its sine of parabolas, fading in and out four times, on some noise."""
    samples, phase, hiss = [], 0, noise(7)
    for i in range(SAMPLES):
        phase = (phase + i * 117440) % 2**32
        x = (phase >> 16) - 32768
        wave = x * (32768 - abs(x)) >> 13  # -32768 .. 32768
        loudness = abs(i % 4000 - 2000)  # 0 .. 2000
        samples.append((wave * loudness >> 12) + (next(hiss) >> 8))
    return samples


def clips():
    full = noise(1)
    yield [next(full) for _ in range(SAMPLES)]
    yield chirp()
    yield [32767 if i // 18 % 2 else -32768 for i in range(SAMPLES)]
    yield [0] * SAMPLES


def features(samples, window, hop, filters):
    fft = 512 if window <= 512 else 1024
    mfcc = torchaudio.transforms.MFCC(
        sample_rate=RATE, n_mfcc=filters, log_mels=True,
        melkwargs=dict(n_fft=fft, win_length=window, hop_length=hop, f_min=20.0, f_max=7600.0, n_mels=filters,
                       power=2.0, center=False, norm=None, mel_scale="htk"))
    # torch frames by the length of the FFT, with the window in its middle: ours frames by the window
    side = (fft - window) // 2
    x = torch.nn.functional.pad(torch.tensor(samples, dtype=torch.float32) / 32768, (side, side))
    return mfcc(x).T.numpy()


def main():
    torch.set_num_threads(1)
    with open("front.bin", "wb") as out:
        for front in FRONTS:
            for samples in clips():
                assert max(samples) <= 32767 and min(samples) >= -32768
                out.write(features(samples, *front)[::STEP].astype("<f4").tobytes())


if __name__ == "__main__":
    main()
