# Each option, when changed, changes the saved configuration and the result; those that must not change a result do not. Every
# option of search and train has to stand in one of the lists here.
. ./lib.sh
tones=${2:-}
[ -x "$tones" ] || { echo "skipped: no program that makes recordings"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache
cd "$scratch" || exit 1
"$tones" rec 90 0.25 low:300 mid:900 high:2700 _background_noise_:0 || fail "no recordings"
"$tones" more 90 0.25 low:350 mid:800 high:2500 _background_noise_:0 || fail "no recordings"
# One word is rare, so that balancing matters, and one recording is large, so that the limit does.
rm rec/low/s[0-4][0-9]_nohash_0.wav
"$tones" long 1 40 mid:900 && mv long/mid/s00_nohash_0.wav rec/mid/long_nohash_0.wav

search="rec --clip-ms 250 --labels low,mid --silence --unknown-ratio 1.5 --epochs 2 --warmup 1 --batch 32 --bn-group 16
    --cells 3 --channels 8 --fronts 256/128/16,512/256/16 --arch-lr 0.05 --max-clip-mb 4 --quiet --isa plain"
train="--epochs 2 --batch 32 --bn-group 16 --warmup 0.5 --cells 3 --channels 4 --quiet --isa plain"
effects_search='--seed 2|--preset paper|--labels low|--no-unknown|--unknown-ratio 0.5|--no-silence|--silence-ratio 0.3
--balance on|--rate 20000|--clip-ms 200|--max-clip-mb 1|--fronts 256/128/16,512/128/16|--fixed 256/128/16|--features logmel|--low-hz 200|--high-hz 5000
--align pad|--epochs 3|--warmup 0|--batch 16|--cells 4|--channels 4|--partial 2|--lr 0.02|--lr-min 0.05|--momentum 0.5
--weight-decay 0.01|--clip 0.01|--arch-lr 0.1|--gamma-lr-scale 9|--arch-beta1 0.9|--arch-beta2 0.9|--arch-weight-decay 0.5
--beta-decay 50|--gamma-ratio 1.0001|--bn-group 32|--shift-ms 5|--noise 0|--noise-volume 0.9|--isa auto'
silent_search='--threads 2|--json|--config empty.conf|--micro-batch 2|--no-recompute|--checkpoint-steps 1'
effects_train='--seed 2|--balance on|--cells 4|--channels 8|--epochs 3|--batch 16|--channels 0 --max-params 40000|--lr 0.02|--lr-min 0.05
--warmup 0|--momentum 0.5|--weight-decay 0.01|--label-smoothing 0.3|--drop-path 0.5|--clip 0.01|--bn-group 32
--shift-ms 5|--noise 0|--noise-volume 0.9|--labels low|--no-unknown|--unknown-ratio 0.5|--no-silence|--silence-ratio 0.3
--rate 20000|--clip-ms 200|--max-clip-mb 1|--low-hz 200|--high-hz 5000|--data more|--isa auto'
silent_train='--threads 2|--json|--config empty.conf|--micro-batch 2|--checkpoint-steps 1'
# Tested elsewhere: where the run goes, what it is resumed from, where the recordings are, another network; the cap on skips
# (unit/arch), since a search this small need not have any.
elsewhere='out resume force net quiet front features data max-skips'
: >empty.conf

# result RUN: what must or must not differ.
result() { cat "$1/journal.jsonl" "$1/arch.json" "$1/genotype.json" "$1/weights.bin" 2>/dev/null | cksum; }
options() { sed -n 's/^ *"isa":.*//; s/"//g; p' "$1/settings.json"; }

# try COMMAND BASE EFFECT CHANGED: runs with one more option; EFFECT yes or no.
number=0
try() {
    local command=$1 base=$2 effect=$3 changed=$4 run
    number=$((number + 1))
    run=$scratch/run$number
    # shellcheck disable=SC2086 # lists of options; a later one wins
    expect 0 "$stapes" "$command" $base $changed --out "$run"
    [ -e "$run/settings.json" ] || return
    if [ "$effect" = yes ]; then
        [ "$(result "$run")" != "$(result "$scratch/$command")" ] || fail "$command $changed changes nothing"
        cmp -s "$run/settings.json" "$scratch/$command/settings.json" && fail "$command $changed is not saved"
    else
        [ "$(result "$run")" = "$(result "$scratch/$command")" ] || fail "$command $changed changes the result"
    fi
    rm -rf "$run"
}

# each LIST COMMAND BASE EFFECT
each() {
    local list=$1 changed
    shift
    while IFS= read -r changed; do
        try "$1" "$2" "$3" "$changed"
    done <<EOF
$(printf '%s' "$list" | tr '|' '\n')
EOF
}

# listed COMMAND LISTS: every option of the command's help stands in the lists.
listed() {
    local option
    [ "$("$stapes" help "$1" | grep -c '^  --')" -ge 20 ] || fail "$1: the help does not list its options"
    for option in $("$stapes" help "$1" | sed -n 's/^  --\(\[no-\]\)\{0,1\}\([a-z0-9-]*\).*/\2/p'); do
        case " $(printf '%s' "$2" | tr '|\n' '  ') $elsewhere " in
        *" --$option "* | *" --no-$option "* | *" $option "*) ;;
        *) fail "$1: --$option stands in no list of this test" ;;
        esac
    done
}

# shellcheck disable=SC2086
expect 0 "$stapes" search $search --out "$scratch/search"
each "$effects_search" search "$search" yes
each "$silent_search" search "$search" no
listed search "$effects_search|$silent_search"
# shellcheck disable=SC2086
expect 0 "$stapes" train "$scratch/search" $train --out "$scratch/train"
each "$effects_train" train "$scratch/search $train" yes
each "$silent_train" train "$scratch/search $train" no
listed train "$effects_train|$silent_train"
echo "$number runs"
finish
