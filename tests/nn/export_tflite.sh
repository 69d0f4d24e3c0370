#!/bin/bash
# export_tflite.sh STAPES TONES COMPARE FOLDER: stapes export --to tflite and --to tflite-float of two systems trained here, run by
# TensorFlow Lite's library, which is fetched into FOLDER: the device's bits. What is said, and what is refused.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cli/lib.sh"
tones=$2
compare=$3
library=$(sh "$here/../../tools/fetch-tflite" "$4") || exit $?
export XDG_CACHE_HOME=$scratch/cache
cd "$scratch" || exit 1

"$tones" rec 40 0.25 low:300 mid:900 high:2700 _background_noise_ || fail "no recordings"
expect 0 "$stapes" train --net ds-cnn rec --clip-ms 250 --front 400/200/20 --epochs 4 --batch 32 --bn-group 16 --out net -q
expect 0 "$stapes" search rec --clip-ms 250 --epochs 2 --warmup 1 --batch 32 --bn-group 16 --cells 3 --channels 4 \
    --fronts 256/128/16 --features logmel --out searched -q
expect 0 "$stapes" train searched --epochs 4 --batch 32 --bn-group 16 --out found -q

# --- before it is quantised there are only floats
expect 2 "$stapes" export net --to tflite --out net.tflite
one_line "$errors"
says "$errors" '^stapes export: net has no int8 form yet; make it: stapes quantize net$'
[ -e net.tflite ] && fail "a refused export leaves a file"
expect 0 "$stapes" export net --to tflite-float --out net-float.tflite
says "$out" '^written      net-float.tflite$'

for system in net found; do
    expect 0 "$stapes" quantize $system -q
    expect 0 "$stapes" export $system --to tflite --out $system.tflite
    says "$out" 'metadata, stapes.json$'
    expect 0 "$stapes" export $system --to tflite-float --out $system-float.tflite
    expect 0 "$compare" "$library" $system $system.tflite $system-float.tflite
    cat "$out"
    grep -aq '"labels": \[' $system.tflite || fail "no labels in the metadata"
done

# --- twice the same, over the old one; nothing else is touched
cp net.tflite first
expect 0 "$stapes" export net --to tflite --out net.tflite --json
says "$out" '"to": "tflite"'
cmp -s first net.tflite || fail "twice exported is not the same"
expect 1 "$stapes" export net --to tflite --out nowhere/net.tflite
one_line "$errors"
says "$errors" 'nowhere/net.tflite'
mkdir wall.tflite
expect 1 "$stapes" export net --to tflite --out wall.tflite
one_line "$errors"
expect 2 "$stapes" export net --to tflite --out net/weights.bin
one_line "$errors"
says "$errors" '^stapes export: --out net/weights.bin: give a name that ends in .tflite$'
expect 2 "$stapes" export searched --to tflite-float --out never.tflite
one_line "$errors"
head -c 5000 net/int8.bin >cut && cp cut net/int8.bin
expect 1 "$stapes" export net --to tflite --out net.tflite
says "$errors" 'make it again: stapes quantize net$'
cmp -s first net.tflite || fail "a failed export spoils the old file"
finish
