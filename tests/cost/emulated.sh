#!/bin/sh
# emulated.sh PROGRAM NETWORKS PROCESSOR...: costs predicted against emulated processors. 77: no cross compiler or emulator, or
# other compilers than those that the table of costs is of (its first lines name them).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
for tool in arm-none-eabi-gcc qemu-system-arm riscv64-unknown-elf-gcc qemu-system-riscv32; do
    command -v $tool >/dev/null || { echo "skipped: $tool is not installed (tools/setup chip)"; exit 77; }
done
sh "$root/tools/measured-with" arm-none-eabi-gcc riscv64-unknown-elf-gcc || exit $?
exec "$@"
