#!/bin/bash
# export_onnx.sh STAPES TONES COMPARE FOLDER: stapes export --to onnx and --to onnx-float of two systems trained here:
# decisions in onnxruntime, which is fetched into FOLDER, are the host's. What is said, and what is refused.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/lib.sh"
tones=$2
compare=$3
package=$(sh "$here/../../tools/fetch-onnxruntime" "$4") || exit $?
export XDG_CACHE_HOME=$scratch/cache
cd "$scratch" || exit 1

"$tones" rec 120 0.25 low:300 mid:900 high:2700 _background_noise_:0 || fail "no recordings"
"$tones" more 400 0.25 low:330 mid:850 high:2500 _background_noise_:0 || fail "no recordings"
expect 0 "$stapes" train --net ds-cnn rec --clip-ms 250 --front 400/200/20 --epochs 6 --batch 32 --bn-group 16 --out net -q
expect 0 "$stapes" search rec --clip-ms 250 --epochs 2 --warmup 1 --batch 32 --bn-group 16 --cells 3 --channels 4 \
    --fronts 256/128/16 --features logmel --out searched -q
expect 0 "$stapes" train searched --epochs 15 --batch 32 --bn-group 16 --out found -q

# --- before it is quantised there are only floats
expect 2 "$stapes" export net --to onnx --out net.onnx
one_line "$errors"
says "$errors" '^stapes export: net has no int8 form yet; make it: stapes quantize net$'
[ -e net.onnx ] && fail "a refused export leaves a file"
expect 0 "$stapes" export net --to onnx-float --out net-float.onnx
says "$out" '^written      net-float.onnx$'

for system in net found; do
    expect 0 "$stapes" quantize $system -q
    expect 0 "$stapes" export $system --to onnx --out $system.onnx
    says "$out" 'metadata, stapes.json$'
    expect 0 "$stapes" export $system --to onnx-float --out $system-float.onnx
    expect 0 "$compare" "$package" $system $system.onnx $system-float.onnx more
    cat "$out"
done

# --- twice the same, over the old one; a failed export leaves it
cp net.onnx first
expect 0 "$stapes" export net --to onnx --out net.onnx --json
says "$out" '"to": "onnx"'
cmp -s first net.onnx || fail "twice exported is not the same"
expect 1 "$stapes" export net --to onnx --out nowhere/net.onnx
one_line "$errors"
says "$errors" 'nowhere/net.onnx'
for form in onnx onnx-float; do
    expect 2 "$stapes" export net --to $form --out net.tflite
    one_line "$errors"
    says "$errors" '^stapes export: --out net.tflite: give a name that ends in .onnx$'
done
head -c 5000 net/int8.bin >cut && cp cut net/int8.bin
expect 1 "$stapes" export net --to onnx --out net.onnx
says "$errors" 'make it again: stapes quantize net$'
cmp -s first net.onnx || fail "a failed export spoils the old file"
finish
