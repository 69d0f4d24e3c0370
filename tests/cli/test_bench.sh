# stapes bench: what it prints, and what it refuses.
. ./lib.sh

expect 2 "$stapes" bench
one_line "$errors"
says "$errors" 'say what to time: stapes bench search, or stapes bench machine$'
expect 2 "$stapes" bench searches

expect 0 "$stapes" bench machine --threads 1
for row in 'multiply-adds .* GFLOP/s' 'first-level cache .* GB/s' 'second-level cache' 'third-level cache' 'main memory'; do
    says "$out" "^$row"
done
expect 0 "$stapes" bench machine --threads 1 --isa plain --json
says "$out" '"isa": "plain"'
says "$out" '"gflops": [1-9]'

small="--cells 3 --channels 4 --batch 16 --bn-group 16 --threads 1"
# shellcheck disable=SC2086 # a list of options
expect 0 "$stapes" bench search $small --json
says "$out" '"pairs_per_s": [0-9.]+'
says "$out" '"pairs_per_s_audio": [0-9.]+'
bytes() { sed -n 's/.*"bytes": \([0-9]*\).*/\1/p' "$out"; }
kept=$(bytes)
# shellcheck disable=SC2086
expect 0 "$stapes" bench search $small --recompute --json
[ "$(bytes)" -lt "$kept" ] || fail "--recompute takes as much memory: $(bytes) bytes"
# shellcheck disable=SC2086
expect 2 "$stapes" bench search $small --batch 24
one_line "$errors"
says "$errors" '^stapes bench: --batch 24: give a multiple'

finish
