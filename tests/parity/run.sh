#!/bin/sh
# Parity of a network's training step with PyTorch: run.sh NETWORK DUMP_FLOAT DUMP_DOUBLE
# NETWORK is supernet, network or ds_cnn. PyTorch comes with /usr/bin/python3 or $PYTHON. Exit 77: skipped.
set -eu
network=$1 dump=$2 dump_double=$3
python=${PYTHON:-/usr/bin/python3}
here=$(cd "$(dirname "$0")" && pwd)
"$python" -c 'import torch' 2>/dev/null || {
    echo "PyTorch is not installed for $python: parity not checked (Debian: apt-get install python3-torch)"
    exit 77
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# In double on the plain lanes, then the product's floats on every instruction set that this processor has; weights and
# inputs are the same in all. (In float, a relu or a maximum that rounding turns the other way would show as 1e-3 to
# 1e-2, with the double at 1e-12 still; the seed in dump.c is one with no value that near to a kink.)
mkdir "$scratch/double"
"$dump_double" "$network" plain "$scratch/double"
folders=$scratch/double
for isa in plain avx2 avx512; do
    mkdir "$scratch/$isa"
    if "$dump" "$network" "$isa" "$scratch/$isa" 2>"$scratch/said"; then
        folders="$folders $scratch/$isa"
    else
        status=$?
        cat "$scratch/said"
        [ "$status" -eq 77 ] || exit "$status" # 77: this processor lacks it
    fi
done
# shellcheck disable=SC2086 # a list
PYTHONDONTWRITEBYTECODE=1 "$python" "$here/compare.py" $folders
