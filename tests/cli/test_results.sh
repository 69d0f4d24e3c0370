# tools/results: the experiments of docs/results.md, on tones: the tables, what is kept, what goes on, what is made again.
. ./lib.sh
tones=${2:-}
[ -x "$tones" ] || { echo "skipped: no program that makes recordings"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache OUT=$scratch/results SEEDS='1 2' TASKS=words DSCNN='--clip-ms 250'
export SEARCH='--clip-ms 250 --epochs 1 --warmup 0 --batch 16 --bn-group 16 --cells 3 --channels 4 --fronts 256/128/16,512/256/16 --threads 1 --quiet'
export TRAIN='--epochs 1 --batch 16 --bn-group 16 --threads 1 --quiet'
"$tones" "$scratch/rec" 60 0.25 low:300 happy:900 stop:2700 _background_noise_:0 || fail "no recordings"
results() { expect 0 sh ../../tools/results "$stapes" "$scratch/rec"; }
table() { cat "$OUT/tables.md"; }

results
cmp -s "$out" "$OUT/tables.md" || fail "what is printed is not what is kept"
for name in 'data-aware search' 'one front-end' DS-CNN; do
    [ "$(grep -Ec "^\| $name, seed [12] \| [0-9/:]+ \| [0-9.]+ [KM]? ?\| [0-9.]+ [KM] \| [0-9.]+ % \| [0-9.]+ % \([0-9.]+ to [0-9.]+\) \|" "$out")" -eq 2 ] ||
        fail "$name: not two seeds"
    says "$out" "^\| $name, mean of 2 \|"
done
[ "$(grep -c '640/160/40' "$out")" -eq 2 ] || fail "the ablation has another front-end"
# The mean is that of the seeds' exact values: within a rounding of the mean of the printed ones.
awk -F'|' '/DS-CNN, seed/ { sum += $6 } /DS-CNN, mean/ { exit !($6 - sum / 2 < 0.11 && sum / 2 - $6 < 0.11) }' "$out" || fail "a wrong mean"

# Nothing is made twice; what was stopped goes on to the same bits; what has other options is made again.
first=$(table) weights=$(cksum <"$OUT/words-aware-1/weights.bin")
results
[ "$(table)" = "$first" ] || fail "a second run gives another table"
grep -q 'going on' "$errors" && fail "something was made twice"
rm "$OUT/words-aware-1.json" "$OUT/words-ds-cnn-2.json"
mkdir "$scratch/half" && mv "$OUT/words-ds-cnn-2" "$scratch/half" && mkdir "$OUT/words-ds-cnn-2" # stopped before its first checkpoint
results
[ "$(grep -c 'going on where it was interrupted' "$errors")" -eq 1 ] || fail "not one run went on"
[ "$(cksum <"$OUT/words-aware-1/weights.bin")" = "$weights" ] || fail "a run that went on ended elsewhere"
cmp -s "$OUT/words-ds-cnn-2/weights.bin" "$scratch/half/words-ds-cnn-2/weights.bin" || fail "a run that was made again ended elsewhere"
DSCNN='--clip-ms 250 --lr 0.01'
results
cmp -s "$OUT/words-ds-cnn-2/weights.bin" "$scratch/half/words-ds-cnn-2/weights.bin" && fail "other options, the old run"
[ "$(cksum <"$OUT/words-aware-1/weights.bin")" = "$weights" ] || fail "another system's options made it again"

# The second task has misses and false alarms, and wants its words.
SEEDS=1 TASKS=names
results
says "$out" '^\| DS-CNN, seed 1 \|.*\| [0-9.]+ % \| [0-9.]+ % \|  \| [0-9]+ s \|$'
LABELS=happy,absent
export LABELS
results
says "$errors" 'has not all words of LABELS \(happy,absent\)'
[ ! -s "$out" ] || fail "a table of nothing"
TASKS=all
expect 2 sh ../../tools/results "$stapes" "$scratch/rec"
expect 2 sh ../../tools/results "$stapes" "$scratch/nowhere"
one_line "$errors"

finish
