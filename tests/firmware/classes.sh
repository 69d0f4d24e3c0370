#!/bin/sh
# classes.sh FIRMWARE PROCESSOR FOLDER: counts of known instructions by class (classes.c).
set -eu
elf=$3/classes-$2.elf
mkdir -p "$3"
here=$(dirname "$0")
"$1/build" "$2" "$elf" "$here/classes.c"
"$1/run" --count "$elf.counts" "$2" "$elf" >"$elf.expected"
diff "$elf.expected" "$elf.counts" || { echo "what was counted (>) is not what was run (<)"; exit 1; }
