#!/bin/sh
# instructions.sh PROCESSOR MOST: MLPerf Tiny's DS-CNN takes at most so many instructions on an emulated processor. Counts are exact,
# so that this fails only when a kernel has become slower. 77: no cross compiler or emulator.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
rows=$("$root/bench/nn/run" "$1") || exit $?
count=$(echo "$rows" | awk '$NF == "ds-cnn" { print $1 }')
echo "$1: $count instructions, at most $2"
[ "$count" -le "$2" ]
