"""Largest difference between our features and torchaudio's over 50 recordings; fails above 1e-4 of the range."""
import pathlib
import subprocess
import sys

import numpy
import torch
import torchaudio

from make_front_golden import FRONTS, features

TOLERANCE = 1e-4  # of the range; both are float, with sums in different orders


def recordings(folder):
    """Every n-th recording, over all words, in the order of their names."""
    found = sorted(p for p in folder.glob("[!_]*/*") if p.suffix in (".wav", ".flac"))
    return found[:: max(1, len(found) // 50)][:50]


def main():
    stapes, speech = sys.argv[1], pathlib.Path(sys.argv[2])
    torch.set_num_threads(1)
    paths = recordings(speech)
    if len(paths) < 50:
        sys.exit(f"only {len(paths)} recordings in {speech}")
    failed = False
    for window, hop, filters in FRONTS:
        largest, low, high = 0.0, numpy.inf, -numpy.inf
        for path in paths:
            sound, rate = torchaudio.load(str(path))
            assert rate == 16000 and sound.shape[0] == 1
            theirs = features((sound[0] * 32768).round().tolist(), window, hop, filters)
            text = subprocess.run([stapes, "features", str(path), "--raw", "--front", f"{window}/{hop}/{filters}"],
                                  check=True, capture_output=True, text=True).stdout
            ours = numpy.array([[float(x) for x in line.split(",")] for line in text.splitlines()])
            assert ours.shape == theirs.shape, (path, ours.shape, theirs.shape)
            largest = max(largest, numpy.abs(ours - theirs).max())
            low, high = min(low, theirs.min()), max(high, theirs.max())
        print(f"{window}/{hop}/{filters}: largest difference {largest:.2g} of a range of {high - low:.3g}")
        failed |= bool(largest > TOLERANCE * (high - low))
    sys.exit("more than the tolerance" if failed else 0)


if __name__ == "__main__":
    main()
