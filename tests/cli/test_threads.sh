# The bits of a whole run, journal, genotype and weights, do not depend on the number of threads, nor on how many groups
# of a batch are in memory at once; gamma settles in between, and paths are dropped. (Real clips: test_bits.sh.)
. ./lib.sh
tones=${2:-}
[ -x "$tones" ] || { echo "skipped: no program that makes recordings"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache
words=$scratch/words
"$tones" "$words" 120 0.15 low:300 mid:900 high:2700 _background_noise_:0 || fail "no recordings"
# Four groups a batch, which one, two, three and eight threads share out unevenly.
common="--batch 64 --bn-group 16 --epochs 3 --cells 3 --quiet"
search() {
    # shellcheck disable=SC2086 # lists of options
    "$stapes" search "$words" --clip-ms 150 --warmup 1 --channels 4 --fronts 256/128/16,512/256/16 --arch-lr 0.05 \
        --gamma-ratio 1.0001 $common "$@"
}
# shellcheck disable=SC2086
train() { "$stapes" train "$scratch/search-first" --channels 4 --drop-path 0.3 $common "$@"; }

# same COMMAND FILE...
same() {
    local command=$1 way file
    shift
    expect 0 "$command" --threads 1 --out "$scratch/$command-first"
    for way in '--threads 2' '--threads 3' '--threads 8' '--threads 1 --micro-batch 2' '--threads 1 --micro-batch 3' \
        '--threads 2 --micro-batch 4'; do
        rm -rf "$scratch/again"
        # shellcheck disable=SC2086
        expect 0 "$command" $way --out "$scratch/again"
        for file in "$@"; do
            cmp -s "$scratch/$command-first/$file" "$scratch/again/$file" || fail "$command $way: $file differs"
        done
    done
}
same search journal.jsonl arch.json genotype.json checkpoint.bin
same train journal.jsonl model.json weights.bin checkpoint.bin
journal=$scratch/search-first/journal.jsonl
grep -q '"settled":false' "$journal" && grep -q '"settled":true' "$journal" || fail "gamma did not settle inside the run"
finish
