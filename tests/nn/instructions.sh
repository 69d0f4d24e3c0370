#!/bin/sh
# instructions.sh PROCESSOR MOST: MLPerf Tiny's DS-CNN takes at most so many instructions on an emulated processor. Counts are exact,
# so that this fails only when a kernel has become slower. 77: no cross compiler or emulator, or another compiler.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
case $1 in rv32) compiler=riscv64-unknown-elf-gcc ;; *) compiler=arm-none-eabi-gcc ;; esac
! command -v $compiler >/dev/null || sh "$root/tools/measured-with" $compiler || exit $?
rows=$("$root/bench/nn/run" "$1") || exit $?
count=$(echo "$rows" | awk '$NF == "ds-cnn" { print $1 }')
echo "$1: $count instructions, at most $2"
[ "$count" -le "$2" ]
