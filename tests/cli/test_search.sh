# A search and a training as a user runs them: the same bits on any number of threads, and after an interruption.
. ./lib.sh
command -v espeak-ng >/dev/null || { echo "espeak-ng is not installed: nothing to search on"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache

# Three words from 24 voices; their names put voices into every split.
words=$scratch/words
for word in yes no up; do
    mkdir -p "$words/$word"
    for voice in m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 Alicia Gene Hugo Marco klatt grandma max adam linda paul zac; do
        espeak-ng -v "en-us+$voice" -w "$words/$word/${voice}_nohash_0.wav" "$word" </dev/null
    done
done
tiny='--epochs 3 --warmup 1 --cells 3 --channels 4 --batch 16 --bn-group 16 --fronts 640/320/40:10,400/200/20 --quiet'

# same A B FILE...: files of two runs are equal.
same() {
    local a=$1 b=$2 file
    shift 2
    for file in "$@"; do
        [ -s "$a/$file" ] || fail "$a has no $file"
        cmp -s "$a/$file" "$b/$file" || fail "$file differs between $(basename "$a") and $(basename "$b")"
    done
}

# shellcheck disable=SC2086 # a list of options
search() { "$stapes" search "$words" $tiny "$@"; }
expect 0 search --threads 1 --out "$scratch/one"
says "$out" '^front-end '
says "$out" '^moved       alpha [0-9.]+, beta [0-9.]+, gamma [0-9.]+ '
expect 0 search --threads 2 --out "$scratch/two" --json
says "$out" '"front": "(640/320/40:10|400/200/20)"'
same "$scratch/one" "$scratch/two" journal.jsonl arch.json genotype.json
expect 0 search --threads 2 --seed 2 --out "$scratch/seed"
cmp -s "$scratch/one/arch.json" "$scratch/seed/arch.json" && fail "another seed gave the same search"

# Interrupted as soon as there is a checkpoint, then resumed: the same bits as without.
interrupt() {
    "$@" >"$out" 2>"$errors" </dev/null &
    local process=$! run=$scratch/resumed
    for _ in $(seq 300); do
        [ ! -e "$run/checkpoint.bin" ] || break
        kill -0 $process 2>/dev/null || break
        sleep 0.05
    done
    kill -INT $process 2>/dev/null
    wait $process
}
rm -rf "$scratch/resumed"
set -m # so that the background program does not ignore the interrupt
# shellcheck disable=SC2086
interrupt "$stapes" search "$words" $tiny --threads 2 --checkpoint-steps 1 --epochs 6 --out "$scratch/resumed"
status=$?
set +m
if [ "$status" -eq 130 ]; then
    one_line "$errors"
    says "$errors" '--resume'
    expect 0 "$stapes" search --resume "$scratch/resumed" --threads 1 --quiet
elif [ "$status" -eq 0 ]; then
    echo "the search was over before it could be interrupted"
else
    fail "the interrupted search ended with $status"
fi
expect 0 search --threads 1 --epochs 6 --out "$scratch/whole"
same "$scratch/whole" "$scratch/resumed" journal.jsonl arch.json genotype.json
expect 2 "$stapes" search --resume "$scratch/resumed" --seed 5
one_line "$errors"
says "$errors" '--seed'

# What was found is trained: again the same bits on one thread and on two.
train() { "$stapes" train "$scratch/one" --epochs 2 --batch 16 --bn-group 16 --quiet "$@"; }
expect 0 train --threads 1 --out "$scratch/found1"
expect 0 train --threads 2 --out "$scratch/found2" --json
says "$out" '"validation_accuracy": '
same "$scratch/found1" "$scratch/found2" journal.jsonl model.json weights.bin
expect 0 "$stapes" train --net ds-cnn --front 640/320/40:10 "$words" --epochs 1 --batch 16 --bn-group 16 -q --out "$scratch/base"

# Mistakes: one line, the right status, and nothing left behind.
expect 2 search --out "$scratch/one"
says "$errors" 'not empty'
expect 2 search
says "$errors" '--out is missing'
expect 2 search --fronts 640/320 --out "$scratch/never"
one_line "$errors"
expect 2 search --channels 5 --out "$scratch/never"
one_line "$errors"
expect 1 "$stapes" search "$scratch/nowhere" --out "$scratch/never"
one_line "$errors"
expect 2 "$stapes" train "$words" --net perceptron --out "$scratch/never"
one_line "$errors"
says "$errors" 'ds-cnn'
expect 1 "$stapes" train "$scratch/nowhere" --out "$scratch/never"
one_line "$errors"
[ ! -e "$scratch/never" ] || fail "a refused command left its folder behind"

finish
