#!/bin/sh
# bits.sh HOST_PROGRAM FOLDER PROCESSOR [CASES]: random operations, and a detector, give the same bits on the host and on an emulated processor.
# 77: no cross compiler or emulator.
set -eu
host=$1 work=$2 processor=$3 cases=${4:-40}
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$work"
build() { "$root/firmware/build" "$processor" "$work/$1" "$root"/tests/nn/bits.c "$root"/tests/nn/nn_case.c "$root"/device/nn/*.c \
    "$root/device/runtime/detect.c" -std=gnu11 -Werror -I"$root/device" -I"$root/tests/nn" $2; }
compare() {
    "$host" "$cases" >"$work/host.txt"
    "$root/firmware/run" "$processor" "$work/$1" "$cases" >"$work/$1.txt" || exit $?
    diff "$work/host.txt" "$work/$1.txt" >"$work/$1.diff" || {
        echo "$1: $(grep -c '^>' "$work/$1.diff") of $(grep -c . "$work/host.txt") lines differ from the host's; the first:"
        head -4 "$work/$1.diff"
        exit 1
    }
    echo "$1: $(grep -c . "$work/host.txt") lines as on the host"
}
build "$processor" ''
compare "$processor"
