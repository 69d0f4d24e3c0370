#!/bin/sh
# kit.sh FIRMWARE PROCESSOR FOLDER: start-up, printing, files, stack and exit status of the emulator kit (kit.c).
set -eu
elf=$3/kit-$2.elf
mkdir -p "$3"
"$1/build" "$2" "$elf" "$(dirname "$0")/kit.c"
run() {
    status=0
    "$1/run" "$2" "$elf" "$elf.file" "$3" >"$elf.out" 2>&1 || status=$?
    [ $status = "$4" ] || { cat "$elf.out"; echo "exit status $status instead of $4"; exit 1; }
}
run "$1" "$2" 7 7
printf '[  -42] [4000000000] [-0042] [  ab] [0000beef] [x] %%\nmemory files stack\n' >"$elf.expected"
diff "$elf.expected" "$elf.out"
run "$1" "$2" f 99
grep -q '^fault: ' "$elf.out"
# an overflow of the stack never passes for success: it is found at the end, or meets no memory
status=0
"$1/run" "$2" "$elf" "$elf.file" o >"$elf.out" 2>&1 || status=$?
[ $status -ge 98 ] || { cat "$elf.out"; echo "a stack overflow went unnoticed: exit status $status"; exit 1; }
