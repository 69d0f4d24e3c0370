# kill -9 at random moments of a search and of a training, each time resumed: the results have the bits of an
# uninterrupted run. A few moments here; STAPES_KILLS=20 (make crash) for more, STAPES_KILL_SEED for the same ones again.
. ./lib.sh
tones=${2:-}
[ -x "$tones" ] || { echo "skipped: no program that makes recordings"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache
kills=${STAPES_KILLS:-3}
RANDOM=${STAPES_KILL_SEED:-$$}
echo "seed ${STAPES_KILL_SEED:-$$}"

words=$scratch/words
"$tones" "$words" 120 0.25 low:300 mid:900 high:2700 _background_noise_:0 || fail "no recordings"
# A checkpoint after every step, so that many kills fall into one; gamma settles in the middle.
common="--batch 32 --bn-group 16 --checkpoint-steps 1 --quiet"
search() {
    # shellcheck disable=SC2086 # lists of options
    "$stapes" search "$words" --clip-ms 250 --epochs 8 --warmup 3 --cells 3 --channels 8 --fronts 256/128/16,512/256/16 \
        --arch-lr 0.05 --gamma-ratio 1.2 $common "$@"
}
# shellcheck disable=SC2086
train() { "$stapes" train "$scratch/search" --epochs 8 --cells 3 --channels 8 --drop-path 0.2 $common "$@"; }

now() { date +%s%N; }

# moment NANOSECONDS: a random part of them, in seconds.
moment() { awk -v r="$((RANDOM * 32768 + RANDOM))" -v all="$1" 'BEGIN { printf "%.4f\n", r / 1073741824 * all / 1e9 }'; }

# kill_once COMMAND NANOSECONDS: starts it, kills it at a moment within that time; 1 when it was over before.
kill_once() {
    local process over=0
    rm -rf "$scratch/killed"
    set -m # a group of its own, all of which is killed
    "$1" --threads 1 --out "$scratch/killed" >"$out" 2>"$errors" </dev/null &
    process=$!
    set +m
    sleep "$(moment "$2")"
    kill -9 -- -$process 2>/dev/null || over=1
    wait $process 2>/dev/null
    while kill -0 -- -$process 2>/dev/null; do sleep 0.01; done # what it had started is gone, too
    return $over
}

# carry_on COMMAND: to the end, as the program itself advises.
carry_on() {
    if [ -e "$scratch/killed/checkpoint.bin" ]; then
        expect 0 "$stapes" "$1" --resume "$scratch/killed" --threads $((RANDOM % 2 + 1)) --quiet
        return
    fi
    early=$((early + 1))
    if [ -e "$scratch/killed/settings.json" ]; then
        expect 1 "$stapes" "$1" --resume "$scratch/killed"
        one_line "$errors"
        says "$errors" 'there is no checkpoint'
    fi
    rm -rf "$scratch/killed"
    expect 0 "$1" --threads 1 --out "$scratch/killed"
}

# torment COMMAND FILE...: the files that must come out the same.
torment() {
    local command=$1 start whole done=0 tries=0 early=0 file
    shift
    start=$(now)
    expect 0 "$command" --threads 1 --out "$scratch/$command"
    whole=$(($(now) - start))
    while [ "$done" -lt "$kills" ] && [ "$tries" -lt $((kills * 4)) ]; do
        tries=$((tries + 1))
        kill_once "$command" "$whole" || continue
        done=$((done + 1))
        carry_on "$command"
        for file in "$@"; do
            cmp -s "$scratch/$command/$file" "$scratch/killed/$file" || fail "$command: $file differs after kill $done"
        done
        [ -z "$(find "$scratch/killed" -name '*.new' -o -name '.probe')" ] || fail "$command: half a file was left"
    done
    echo "$command: killed $done times, $early of them before the first checkpoint"
    [ "$done" -eq "$kills" ] || fail "the $command was over before it could be killed"
}

torment search journal.jsonl arch.json genotype.json checkpoint.bin
grep -q '"settled":false' "$scratch/search/journal.jsonl" && grep -q '"settled":true' "$scratch/search/journal.jsonl" ||
    fail "gamma did not settle inside the run"
torment train journal.jsonl model.json weights.bin checkpoint.bin
finish
