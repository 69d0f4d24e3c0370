#!/bin/sh
# emulated.sh PROGRAM NETWORKS PROCESSOR...: costs predicted against emulated processors. 77: no cross compiler or emulator.
set -eu
for tool in arm-none-eabi-gcc qemu-system-arm riscv64-unknown-elf-gcc qemu-system-riscv32; do
    command -v $tool >/dev/null || { echo "skipped: $tool is not installed (tools/setup chip)"; exit 77; }
done
exec "$@"
