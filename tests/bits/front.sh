#!/bin/sh
# front.sh VECTORS FIRMWARE DEVICE PROCESSOR FOLDER SPEC KIND [MOST]: the front-end on an emulated processor gives the host's
# bits, and a frame takes MOST instructions at most.
set -eu
vectors=$1 firmware=$2 device=$3 processor=$4 spec=$6 kind=$7 most=${8-}
folder=$5/front-$processor-$(echo "$kind-$spec" | tr '/:' '--')
mkdir -p "$folder"
"$vectors" "$spec" "$kind" "$folder"
elf=$folder/front.elf
"$firmware/build" "$processor" "$elf" -I"$device" "$(dirname "$0")/front_device.c" "$folder/tables.c" "$device"/front/*.c
"$firmware/run" --count "$elf.counts" "$processor" "$elf" "$folder/clips.i16" "$folder/features.f32" 16000
cat "$elf.counts"
[ -n "$most" ] || exit 0
count=$(cut -d' ' -f2 "$elf.counts")
[ "$count" -le "$most" ] || { echo "a frame takes $count instructions, more than $most"; exit 1; }
