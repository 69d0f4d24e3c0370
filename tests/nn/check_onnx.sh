#!/bin/bash
# check_onnx.sh STAPES TONES: the onnx package's checker accepts .onnx files of two systems trained here, in int8 and in floats.
# 77: no onnx package for /usr/bin/python3 or $PYTHON.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/lib.sh"
tones=$2
python=${PYTHON:-/usr/bin/python3}
export XDG_CACHE_HOME=$scratch/cache PYTHONDONTWRITEBYTECODE=1
"$python" -c 'import onnx' 2>/dev/null || { echo "the onnx package is not installed for $python: files not checked (Debian: python3-onnx)"; exit 77; }
cd "$scratch" || exit 1

"$tones" rec 20 0.25 low:300 mid:900 high:2700 _background_noise_:0 || fail "no recordings"
expect 0 "$stapes" train --net ds-cnn rec --clip-ms 250 --front 400/200/20 --epochs 1 --batch 32 --bn-group 16 --out net -q
expect 0 "$stapes" search rec --clip-ms 250 --epochs 2 --warmup 1 --batch 16 --bn-group 16 --cells 3 --channels 4 \
    --fronts 256/128/15 --features logmel --out searched -q
expect 0 "$stapes" train searched --epochs 1 --batch 32 --bn-group 16 --out found -q
for system in net found; do
    expect 0 "$stapes" quantize $system -q
    expect 0 "$stapes" export $system --to onnx --out $system.onnx
    expect 0 "$stapes" export $system --to onnx-float --out $system-float.onnx
done
expect 0 "$python" "$here/check_onnx.py" net.onnx net-float.onnx found.onnx found-float.onnx
cat "$out"
finish
