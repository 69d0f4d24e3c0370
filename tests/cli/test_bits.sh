# The small preset on real clips: the same bits on 1, 2, 3 and 8 threads, with any number of groups of a batch in memory
# at once, and after kill -9, gamma settling inside the run.
. ./lib.sh
shared=../../../shared/data/speech_commands
[ -d "$shared" ] || { echo "no recordings beside the repository: nothing to search on"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache
words=$scratch/words
for word in yes no stop go; do
    mkdir -p "$words/$word"
    find "$shared/$word" -name '*.flac' | LC_ALL=C sort | head -130 | xargs cp -t "$words/$word"
done

# A ratio that gamma reaches at once: it settles in the second epoch, and the second half of it runs on one front-end.
search() { "$stapes" search "$words" --preset small --epochs 2 --warmup 1 --gamma-ratio 1.0002 --bn-group 16 \
    --checkpoint-steps 1 --quiet "$@"; }
same() {
    for file in journal.jsonl arch.json genotype.json checkpoint.bin; do
        cmp -s "$1/$file" "$2/$file" || fail "$file differs between $(basename "$1") and $(basename "$2")"
    done
}
for threads in 1 2 3 8; do
    expect 0 search --threads $threads --out "$scratch/t$threads"
done
grep -q '"settled": *true' "$scratch/t1/journal.jsonl" || fail "gamma did not settle inside the run"
same "$scratch/t1" "$scratch/t2"
same "$scratch/t1" "$scratch/t3"
same "$scratch/t1" "$scratch/t8"
# More groups than one or two threads would hold of themselves.
for threads in 1 2; do
    expect 0 search --threads $threads --micro-batch $((5 - threads)) --out "$scratch/m$threads"
    same "$scratch/t1" "$scratch/m$threads"
done

# kill_and_resume COMMAND: the command writes $scratch/killed; it is killed whenever the next checkpoint appears, resumed, killed
# again, until it is done.
kill_and_resume() {
    local command=$1 run=$scratch/killed killed=0 process before
    shift
    rm -rf "$run"
    set -m # a group of its own, and Ctrl-C handling as in the foreground
    "$@" --threads 2 --out "$run" >"$out" 2>"$errors" </dev/null &
    process=$!
    while kill -0 $process 2>/dev/null; do
        before=$(stat -c %Y%i "$run/checkpoint.bin" 2>/dev/null)
        for _ in $(seq 600); do
            kill -0 $process 2>/dev/null && [ "$(stat -c %Y%i "$run/checkpoint.bin" 2>/dev/null)" = "$before" ] || break
            sleep 0.02
        done
        kill -9 -- -$process 2>/dev/null || break
        killed=$((killed + 1))
        wait $process 2>/dev/null
        while kill -0 -- -$process 2>/dev/null; do sleep 0.01; done
        "$stapes" "$command" --resume "$run" --threads 1 --quiet >"$out" 2>"$errors" </dev/null &
        process=$!
    done
    wait $process || fail "the resumed $command ended with $?"
    set +m
    echo "$command: killed $killed times"
    [ "$killed" -gt 0 ] || fail "the $command was over before it could be killed"
}
kill_and_resume search search
same "$scratch/t1" "$scratch/killed"

train() { "$stapes" train "$scratch/t1" --epochs 2 --cells 3 --checkpoint-steps 1 --drop-path 0.2 --quiet "$@"; }
expect 0 train --threads 3 --out "$scratch/trained"
kill_and_resume train train
for file in journal.jsonl model.json weights.bin checkpoint.bin; do
    cmp -s "$scratch/trained/$file" "$scratch/killed/$file" || fail "$file of the resumed training differs"
done
finish
