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
# inputs are the same in all.
folders=
for seed in 11 12 13 14 15 16 17 18; do
    mkdir "$scratch/$seed.double"
    "$dump_double" "$network" plain "$seed" "$scratch/$seed.double"
    folders="$folders $scratch/$seed.double"
    for isa in plain neon avx2 avx512; do
        mkdir "$scratch/$seed.$isa"
        if "$dump" "$network" "$isa" "$seed" "$scratch/$seed.$isa" 2>"$scratch/said"; then
            folders="$folders $scratch/$seed.$isa"
        else
            status=$?
            cat "$scratch/said"
            [ "$status" -eq 77 ] || exit "$status" # 77: this processor lacks it
        fi
    done
done
# shellcheck disable=SC2086 # a list
PYTHONDONTWRITEBYTECODE=1 "$python" "$here/compare.py" $folders
