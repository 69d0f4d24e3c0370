# stapes bench: what it prints, and what it refuses.
. ./lib.sh

expect 2 "$stapes" bench
one_line "$errors"
says "$errors" 'say what to time: stapes bench search, train, front, kernel or machine$'
expect 2 "$stapes" bench searches
expect 2 "$stapes" bench machine twice
says "$errors" "^stapes bench: 'twice' is one argument too many"

expect 0 "$stapes" bench machine --threads 1
for row in 'multiply-adds .* GFLOP/s' 'first-level cache .* GB/s' 'second-level cache' 'third-level cache' 'main memory'; do
    says "$out" "^$row"
done
expect 0 "$stapes" bench machine --threads 1 --isa plain --json
says "$out" '"isa": "plain"'
says "$out" '"gflops": [1-9]'

# --- the search step
small="--cells 3 --channels 4 --batch 16 --bn-group 16 --threads 1"
# shellcheck disable=SC2086 # a list of options
expect 0 "$stapes" bench search $small --json
says "$out" '"pairs_per_s": [0-9.]+'
says "$out" '"pairs_per_s_audio": [0-9.]+'
says "$out" '"frames": 48,'
says "$out" '"operation": "dwpw"'
number() { sed -n 's/.*"'"$1"'": \([0-9]*\).*/\1/p' "$out"; }
plan=$(number bytes) peak=$(number peak_bytes)
[ "$peak" -gt "$plan" ] || fail "the process has $peak bytes, its tensors alone $plan"
# shellcheck disable=SC2086
expect 0 "$stapes" bench search $small --no-recompute --json
[ "$(number bytes)" -gt "$plan" ] || fail "--no-recompute takes no more memory: $(number bytes) bytes"
# 1,744 clips more, of a second and 16-bit samples: 55.8 MB
# shellcheck disable=SC2086
expect 0 "$stapes" bench search $small --json --clips 2000
[ $(($(number peak_bytes) - peak)) -gt 50000000 ] || fail "2000 clips take $(number peak_bytes) bytes, 256 $peak"
# shellcheck disable=SC2086
expect 0 "$stapes" bench search $small --fronts 640/320/20
says "$out" '^search step  3 cells, 4 channels, batch 16, 35 classes, 49x20, '
says "$out" '^ready features  *[1-9][0-9.]* pairs/s,  *[1-9][0-9.]* in the fastest pair of steps$'
says "$out" '^memory of the process  *[0-9.]* GB at most$'
says "$out" '^operation  *ms  *%  *GFLOP  *GB  *GFLOP/s  *GB/s$'
for row in 'conv forward' 'dwpw again' 'pool backward' 'affine forward' 'mix backward' 'linear backward' all; do
    says "$out" "^$row( +[0-9.]+){6}$"
done
says "$out" '^the rest( +[0-9.]+){2}$'
# The shares of all rows are the whole.
awk '/^all/ { exit } /^operation/ { on = 1; next } on { sum += $4 }
    END { exit !(sum > 99 && sum < 101) }' "$out" || fail "the shares are not the whole"
# shellcheck disable=SC2086
expect 2 "$stapes" bench search $small --batch 24
one_line "$errors"
says "$errors" '^stapes bench: --batch 24 is no multiple of '

# --- a training step
expect 0 "$stapes" bench train --batch 16 --bn-group 16 --threads 1
says "$out" '^training step  ds-cnn, 49x10, batch 16, 2.66 M MACs'
says "$out" '^ready features  *[1-9][0-9.]* samples/s'
says "$out" '^from audio'
says "$out" '^conv backward( +[0-9.]+){6}$'
expect 0 "$stapes" bench train --net found --channels 4 --cells 3 --batch 16 --bn-group 16 --threads 1 --json
says "$out" '"net": "found"'
says "$out" '"samples_per_s_best": [1-9]'
says "$out" '"frames": 80,'
expect 2 "$stapes" bench train --net lenet
says "$errors" '^stapes bench: --net lenet: give ds-cnn or found$'
expect 2 "$stapes" bench train --fronts 640/320/40,640/160/40
says "$errors" 'give one$'
expect 2 "$stapes" bench train --batch 24
one_line "$errors"

# --- front-ends
expect 0 "$stapes" bench front --fronts 640/320/40,400/200/20 --threads 2
says "$out" '^together  *[1-9][0-9]* clips/s$'
says "$out" '^400/200/20  *[1-9][0-9]* clips/s$'
expect 0 "$stapes" bench front --fronts 640/320/40 --threads 1 --json
says "$out" '"clips_per_s": [1-9]'

# --- single kernels
head='problem,pass,isa,lanes,microseconds,flops,bytes,gflops,gbytes_per_s'
expect 0 "$stapes" bench kernel dw:c4:9x7:k3:s2:d1:g32
[ "$(head -n 1 "$out")" = "$head" ] || fail "the first line is '$(head -n 1 "$out")'"
[ "$(cut -d, -f2 "$out" | tr '\n' ' ')" = 'pass forward forward_rectified backward backward_w ' ] || fail "other passes"
# 5 x 4 pixels of 4 channels, 9 taps, 2 operations a tap, 32 clips; 63 + 20 pixels of 4 channels and 4 bytes
says "$out" '^dw:c4:9x7:k3:s2:d1:g32,forward,[a-z0-9]*,[0-9]*,[0-9.]*,46080,42496,[0-9.]*,[0-9.]*$'
# In the order of the words; remarks and empty lines count for nothing; fields come in any order, with their defaults.
printf '# two\n\n  mix:g16:m3:c2:4x4:forward  # of three\nconv:4x4:k1x3:c2:m5:g16:only_w\n' >"$scratch/problems"
expect 0 "$stapes" bench kernel affine:c2:4x4:g16:backward "@$scratch/problems" --isa plain
[ "$(cut -d, -f1,2 "$out" | tail -n +2 | tr '\n' ' ')" = 'affine:c2:4x4:g16,backward mix:c2:m3:4x4:g16,forward conv:c2:m5:4x4:k1x3:s1:d1:g16,only_w ' ] ||
    fail "other problems: $(cut -d, -f1,2 "$out")"
says "$out" '^affine.*,plain,4,'
"$stapes" bench kernel - --json <"$scratch/problems" >"$out" || fail "problems of standard input"
says "$out" '"problem": "conv:c2:m5:4x4:k1x3:s1:d1:g16"'
says "$out" '"gbytes_per_s": [0-9]'
for kernel in dwpw:c3:6x5:k5:d2:g16 maxpool:c2:6x5:k2:s2:g16 avgpool:c2:6x5:k3:g16 dwpw:c4:m9:7x6:k2:s2:g16 conv:c3:9x9:k10x4:s2:g16; do
    expect 0 "$stapes" bench kernel $kernel
    [ "$(wc -l <"$out")" -gt 2 ] || fail "$kernel: no passes"
    awk -F, 'NR > 1 && !($5 > 0 && $8 > 0 && $9 > 0) { exit 1 }' "$out" || fail "$kernel: a rate that is none"
done

# refused PROBLEM PATTERN
refused() {
    expect 2 "$stapes" bench kernel "$1"
    one_line "$errors"
    says "$errors" "^stapes bench: '$2"
    [ ! -s "$out" ] || fail "$1: something was measured"
}
refused pw:c4:48x40 "pw:c4:48x40': no such kernel; give one of dwpw,"
refused dw:48x40:k3 "dw:48x40:k3': the channels are missing"
refused dw:c4:k3 "dw:c4:k3': the size is missing"
refused dw:c4:48x40 "dw:c4:48x40': the size of the kernel is missing"
refused dw:c4:48:k3 ".*'48' is no size from 1 to"
refused dw:c4:48x40:k0 ".*'k0' is no size from 1 to 16"
refused dw:c4:48x40:k3:s3 ".*'s3': give s and a number from 1 to 2"
refused dw:c4:48x40:k3:d99999999999999999999 ".*: give d and a number"
refused dw:c4x:48x40:k3 ".*'c4x': give c and a number"
refused dw:c4:48x40:k3:g24 ".*the group is no multiple of 16"
refused dw:c4:48x40:k3:c8 ".*'c8' says again what another field has said"
refused affine:c4:48x40:k3 ".*affine has no field like 'k3'"
refused dw:c4:48x40:k3: ".*an empty or overlong field"
refused dw:c4:48x40:k3:sideways "sideways' is no field, and no pass of dw; its passes are forward, forward_rectified, backward, backward_w"
refused conv:c2048:2048x2048:k3 ".*its tensors take [0-9.]* GB"
refused "dw:$(printf '%0200d' 0)" ".*too long for a problem"
# The line of a file, nothing measured before; a file that is not there, and nothing to do.
printf 'dw:c4:8x8:k3\ndw:c4\n' >"$scratch/problems"
expect 2 "$stapes" bench kernel "@$scratch/problems"
says "$errors" "problems:2: 'dw:c4': the size is missing"
[ ! -s "$out" ] || fail "something was measured"
expect 1 "$stapes" bench kernel "@$scratch/absent"
one_line "$errors"
expect 2 "$stapes" bench kernel -
says "$errors" 'there is no problem to time'

finish
