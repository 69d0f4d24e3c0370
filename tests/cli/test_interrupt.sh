# Ctrl-C finishes the step, writes a checkpoint, says how to go on and ends with 130; a second one ends at once. A run
# goes on where it was made: not on another instruction set unless forced, and not twice at the same time.
. ./lib.sh
tones=${2:-}
[ -x "$tones" ] || { echo "skipped: no program that makes recordings"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache
words=$scratch/words
"$tones" "$words" 110 0.25 low:300 mid:900 high:2700 _background_noise_:0 || fail "no recordings"
# No checkpoint but the first one and those at an epoch's end: what else there is, Ctrl-C wrote.
common="--batch 16 --bn-group 16 --checkpoint-steps 1000000 --quiet --threads 1 --isa plain"
search() {
    # shellcheck disable=SC2086 # lists of options
    "$stapes" search "$words" --clip-ms 250 --epochs 4 --warmup 2 --cells 3 --channels 4 --fronts 256/128/16,512/256/16 \
        --arch-lr 0.05 $common "$@"
}
# shellcheck disable=SC2086
train() { "$stapes" train "$scratch/search" --epochs 4 --cells 3 --channels 4 $common "$@"; }

# signalled RUN COMMAND...: the command in a group of its own, stopped as soon as it has its first checkpoint. Sets $process.
signalled() {
    local run=$1
    shift
    set -m
    "$@" --out "$run" >"$out" 2>"$errors" </dev/null &
    process=$!
    set +m
    for _ in $(seq 3000); do
        [ ! -e "$run/checkpoint.bin" ] || break
        kill -0 $process 2>/dev/null || break
        sleep 0.01
    done
}
send() { kill "-$1" -- -$process 2>/dev/null; }

# interrupt COMMAND FILE...: Ctrl-C, then what it advised, to the same files as without.
interrupt() {
    local command=$1 run=$scratch/interrupted status file
    shift
    expect 0 "$command" --out "$scratch/$command"
    rm -rf "$run"
    signalled "$run" "$command"
    ln -f "$run/checkpoint.bin" "$scratch/held" # whose number no other file gets
    send INT
    wait $process
    status=$?
    [ "$status" -eq 130 ] || { fail "Ctrl-C ended the $command with $status"; return; }
    [ ! "$run/checkpoint.bin" -ef "$scratch/held" ] || fail "Ctrl-C wrote no checkpoint"
    one_line "$errors"
    says "$errors" "^stapes $command: stopped; go on with: stapes $command --resume $run\$"
    # shellcheck disable=SC2046 # the words of the advice
    expect 0 "$stapes" $(sed 's/.*go on with: stapes //' "$errors") --quiet --isa plain
    for file in "$@"; do
        cmp -s "$scratch/$command/$file" "$run/$file" || fail "$command: $file differs after Ctrl-C"
    done
}
interrupt search journal.jsonl arch.json genotype.json checkpoint.bin
interrupt train journal.jsonl model.json weights.bin checkpoint.bin

# A terminal that closes (its signal may come twice) is a first Ctrl-C; under nohup it is nothing.
window() { trap : HUP; train "$@"; } # the shell around it lives on
signalled "$scratch/closed" window
ln -f "$scratch/closed/checkpoint.bin" "$scratch/held"
send HUP
send HUP
wait $process
status=$?
[ "$status" -eq 130 ] || fail "a closed terminal ended the training with $status"
[ ! "$scratch/closed/checkpoint.bin" -ef "$scratch/held" ] || fail "a closed terminal: no checkpoint was written"
says "$errors" '^stapes train: stopped; go on with: stapes train --resume '
deaf() { trap '' HUP; train "$@"; }
rm -rf "$scratch/closed"
signalled "$scratch/closed" deaf
kill -0 $process 2>/dev/null || fail "the training under nohup ended before its terminal closed"
send HUP
wait $process
status=$?
[ "$status" -eq 0 ] || fail "a closed terminal ended a training under nohup with $status"

# Quantising begins again: until its end nothing is written, neither into the run nor beside it.
before=$(ls "$scratch/train")
for where in "" "--out $scratch/fine"; do
    set -m
    # shellcheck disable=SC2086 # a list of options
    "$stapes" quantize "$scratch/train" --qat 1000 --threads 1 $where >"$out" 2>"$errors" </dev/null &
    process=$!
    set +m
    for _ in $(seq 3000); do
        ! grep -q 'fine-tuning' "$errors" || break
        kill -0 $process 2>/dev/null || break
        sleep 0.01
    done
    if [ -n "$where" ]; then # a second one there must not end in discarding what is the first one's
        # shellcheck disable=SC2086
        "$stapes" quantize "$scratch/train" --quiet $where >"$scratch/second" 2>&1
        [ $? -eq 1 ] || fail "a second process works in the folder of the first"
        says "$scratch/second" "^stapes quantize: $scratch/fine: another stapes is working on this run"
        [ -e "$scratch/fine" ] || fail "a second process took the folder of the first away"
    fi
    send INT
    wait $process
    status=$?
    [ "$status" -eq 130 ] || fail "Ctrl-C ended quantize with $status"
    says "$errors" '^stapes quantize: stopped; nothing was written to .*; the same command begins again$'
    [ "$(ls "$scratch/train")" = "$before" ] || fail "quantize left something in the run after Ctrl-C"
    [ ! -e "$scratch/fine" ] || fail "quantize left the folder of --out after Ctrl-C"
done

# A second Ctrl-C in the same step: a step must last a while, so this network is larger. The first one may come just as a
# step ends, which is why there are a few tries.
twice() {
    "$stapes" search "$words" --clip-ms 250 --epochs 6 --warmup 0 --cells 4 --channels 8 --fronts 400/100/40 \
        --batch 96 --bn-group 96 --quiet --threads 1 --isa plain "$@"
}
at_once=no
for _ in 1 2 3 4 5; do
    rm -rf "$scratch/twice"
    signalled "$scratch/twice" twice
    cp "$scratch/twice/checkpoint.bin" "$scratch/first"
    send INT
    while sleep 0.1 && kill -0 $process 2>/dev/null; do send INT; done # not so fast that two become one
    wait $process
    status=$?
    [ "$status" -eq 130 ] || fail "two Ctrl-C ended the search with $status"
    [ ! -s "$errors" ] || continue # it had finished the step in between
    cmp -s "$scratch/first" "$scratch/twice/checkpoint.bin" || fail "a second Ctrl-C still wrote a checkpoint"
    at_once=yes
    break
done
[ "$at_once" = yes ] || fail "a second Ctrl-C did not end the search at once"

# Two of them at the same run would spoil it.
rm -rf "$scratch/busy"
signalled "$scratch/busy" twice
expect 1 "$stapes" search --resume "$scratch/busy" --isa plain
one_line "$errors"
says "$errors" 'another stapes is working on this run'
send KILL
wait $process 2>/dev/null

# Another instruction set has other bits.
expect 0 "$stapes" search --resume "$scratch/search" --isa plain --quiet
if "$stapes" search --resume "$scratch/search" --isa avx2 --force --quiet >"$out" 2>"$errors" </dev/null; then
    cp -r "$scratch/search" "$scratch/other"
    expect 1 "$stapes" search --resume "$scratch/other" --isa avx2 --quiet
    one_line "$errors"
    says "$errors" 'made on plain, this run uses avx2'
    says "$errors" '--isa plain, or --force'
    expect 1 "$stapes" train --resume "$scratch/train" --isa avx2 --quiet
    says "$errors" 'made on plain, this run uses avx2'
    expect 0 "$stapes" train --resume "$scratch/train" --isa avx2 --force --quiet
else
    says "$errors" 'this processor has plain at most'
    echo "no other instruction set here"
fi
finish
