# Runs that are interrupted and taken up again: their bits, their time, and the recordings they began with.
. ./lib.sh
tones=${2:-}
[ -x "$tones" ] || { echo "skipped: no program that makes recordings"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache
cd "$scratch" || exit 1
"$tones" rec 60 0.25 low:300 mid:900 high:2700 _background_noise_:0 || fail "no recordings"
search="--clip-ms 250 --epochs 6 --warmup 1 --batch 16 --bn-group 16 --cells 3 --channels 4 --fronts 256/128/16,512/256/16
    --checkpoint-steps 1 --quiet"
same() { cmp -s "$1/$3" "$2/$3" || fail "$3 differs between $1 and $2"; }
last_total() { tail -1 "$1/times.jsonl" | sed 's/.*"total":\([0-9.e-]*\).*/\1/'; }
more() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a >= b) }' || fail "$3: $1 is less than $2"; }

stopped=0
# part COMMAND...: is stopped as soon as it has written two lines of time beyond those there.
part() {
    local lines run=$1 process
    shift
    lines=$(cat "$run/times.jsonl" 2>/dev/null | wc -l)
    set -m
    "$@" >"$out" 2>"$errors" </dev/null &
    process=$!
    while kill -0 $process 2>/dev/null && [ "$(cat "$run/times.jsonl" 2>/dev/null | wc -l)" -lt $((lines + 2)) ]; do sleep 0.01; done
    kill -INT $process 2>/dev/null
    wait $process
    status=$?
    set +m
    [ $status -eq 130 ] || [ $status -eq 0 ] || fail "a part ended with $status"
    [ $status -eq 0 ] || stopped=$((stopped + 1))
}

# shellcheck disable=SC2086 # a list of options
expect 0 "$stapes" search rec $search --out whole
# shellcheck disable=SC2086
part parts "$stapes" search rec $search --out parts
first=$(last_total parts)
part parts "$stapes" search --resume parts --quiet
second=$(last_total parts)
[ $stopped -ge 1 ] || fail "no part of the search was stopped before its end"
more "$second" "$first" "the second part's total"

# --- other recordings are refused, and nothing is touched
cp -r parts untouched
cp -rp rec kept
cp rec/low/s01_nohash_0.wav rec/low/s02_nohash_0.wav
expect 1 "$stapes" search --resume parts -q
one_line "$errors"
says "$errors" '^stapes search: .*rec: other clips, splits or sounds than parts began with; .*--data'
diff -r parts untouched >/dev/null || fail "a refused run was changed"
rm rec/low/s02_nohash_0.wav
expect 1 "$stapes" search --resume parts -q
says "$errors" 'other clips, splits or sounds'
rm -r rec
expect 1 "$stapes" search --resume parts -q
one_line "$errors"
says "$errors" 'rec: no such folder of recordings; say with --data where they are'
expect 1 "$stapes" search --resume parts --data nowhere -q
one_line "$errors"

# --- the same ones elsewhere are fine, other times of their files included; so is half a line of time from a process killed
printf '{"epoch":9,"ste' >>parts/times.jsonl
find kept -name '*.wav' -exec touch {} +
expect 0 "$stapes" search --resume parts --data kept --json -q
for file in journal.jsonl arch.json genotype.json checkpoint.bin; do same whole parts $file; done
seconds=$(sed -n 's/.*"seconds": \([0-9.e-]*\).*/\1/p' "$out" | head -1)
more "$seconds" "$(last_total parts)" "the time said"
more "$(last_total parts)" "$second" "the last part's total"
awk -F'[:,]' '{ for (i = 1; i < NF; i++) { if ($i == "\"seconds\"") s += $(i + 1); if ($i == "\"total\"") t = $(i + 1) + 0 } }
    END { exit !(s - t < 1e-6 && t - s < 1e-6) }' parts/times.jsonl || fail "the seconds do not add up to the total"
if grep '{.*{' parts/times.jsonl; then fail "half a line of time was kept"; fi
says parts/settings.json '"data": ".*/kept"'
expect 0 "$stapes" search --resume parts -q # knows the way now

# --- a training in parts
train="--epochs 4 --batch 16 --bn-group 16 --checkpoint-steps 1 --quiet"
# shellcheck disable=SC2086
expect 0 "$stapes" train parts $train --out net
# shellcheck disable=SC2086
part nets "$stapes" train parts $train --out nets
first=$(last_total nets)
mv kept moved
expect 1 "$stapes" train --resume nets -q
says "$errors" 'say with --data where they are'
expect 0 "$stapes" train --resume nets --data moved -q --json
for file in journal.jsonl model.json weights.bin checkpoint.bin; do same net nets $file; done
more "$(sed -n 's/.*"seconds": \([0-9.e-]*\).*/\1/p' "$out")" "$first" "the time said"
expect 0 "$stapes" eval nets -q

finish
