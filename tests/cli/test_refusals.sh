# What bad input gets: one line that names the file or option, what is wrong and what to do; status 1 or 2; nothing written,
# nothing overwritten. What single commands refuse beside this stands in their own tests.
. ./lib.sh
tones=${2:-}
[ -x "$tones" ] || { echo "skipped: no program that makes recordings"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache
cd "$scratch" || exit 1
small="--epochs 1 --warmup 0 --batch 16 --bn-group 16 --cells 3 --channels 4 --fronts 256/128/16 --quiet"

# refused STATUS PATTERN COMMAND...
refused() {
    local status=$1 said=$2
    shift 2
    expect "$status" "$stapes" "$@"
    one_line "$errors"
    says "$errors" "^stapes $1: .*$said"
    [ ! -e never ] || { fail "a refused command left its folder"; rm -rf never; }
}
# search_refused STATUS PATTERN DIR OPTION...: a later option wins
# shellcheck disable=SC2086
search_refused() { local status=$1 said=$2 dir=$3; shift 3; refused "$status" "$said" search "$dir" --clip-ms 250 $small --out never "$@"; }

"$tones" rec 60 0.25 low:300 mid:900 || fail "no recordings"
# shellcheck disable=SC2086
expect 0 "$stapes" search rec --clip-ms 250 $small --out run
expect 0 "$stapes" train run --epochs 1 --batch 16 --bn-group 16 --quiet --out net

# --- folders
mkdir empty
search_refused 1 'empty: no recordings found; they must lie in folders named after their words' empty
"$tones" one 20 0.25 low:300
search_refused 1 'one: only one class: low, .*add folders of other words' one
cp -r rec nosplit
(cd nosplit && find . -name '*.wav' | sed 's|^\./||' >testing_list.txt && : >validation_list.txt)
search_refused 1 'nosplit: no clip for training; add recordings' nosplit
for name in 'a,b:comma' "$(printf 'a\nb'):control character"; do
    mkdir odd
    cp -r rec/low "odd/${name%:*}"
    cp -r rec/mid odd
    search_refused 1 "odd: the folder name .* holds a ${name#*:}.*; rename the folder" odd
    rm -r odd
done
mkdir tongues
cp -r rec/low 'tongues/turn left'
cp -r rec/mid 'tongues/größer'
expect 0 "$stapes" data check tongues --clip-ms 250 -q
search_refused 2 'labels: there is no folder .a/b. in .*; give names of folders' rec --labels a/b,low

# --- recordings: bad ones among good ones are skipped, named and counted
cp -r rec mixed
bad=mixed/low
echo 'no recording' >$bad/text_nohash_0.wav
: >$bad/nothing_nohash_0.wav
head -c 300 rec/low/s00_nohash_0.wav >$bad/cut_nohash_0.wav
le() { local i n=$2; for ((i = 0; i < $1; i++)); do printf "\\x$(printf %02x $((n & 255)))"; n=$((n >> 8)); done; }
# wav FORMAT BITS BYTES: the head of a WAV, 16 kHz, one channel
wav() { printf RIFF; le 4 $(($3 + 36)); printf 'WAVEfmt '; le 4 16; le 2 "$1"; le 2 1; le 4 16000; le 4 $((2000 * $2)); le 2 $(($2 / 8)); le 2 "$2"; printf data; le 4 "$3"; }
wav 1 16 0 >$bad/zero_nohash_0.wav
{ wav 3 32 4000; for ((i = 0; i < 1000; i++)); do printf '\0\0\xc0\x7f'; done; } >$bad/nan_nohash_0.wav
{ wav 1 16 314572800; } >$bad/large_nohash_0.wav
truncate -s 314572844 $bad/large_nohash_0.wav
# shellcheck disable=SC2086
expect 0 "$stapes" search mixed --clip-ms 250 ${small% --quiet} --out skipping
for name in text nothing cut zero nan large; do says "$errors" "^low/${name}_nohash_0.wav: "; done
says "$errors" 'mixed: 6 of 126 files are skipped'
says "$errors" 'large_nohash_0.wav: 300.0 MB of audio, more than the 64.0 MB allowed; .*--max-clip-mb'
says "$errors" 'nan_nohash_0.wav: holds samples that are no numbers'
mkdir mixed/_background_noise_ # any length
mv $bad/large_nohash_0.wav mixed/_background_noise_
expect 0 "$stapes" data check mixed --clip-ms 250 -q
says "$out" '^noise +1 recording, 9830 s'
rm -r mixed/_background_noise_
for command in 'features' 'classify net'; do
    for name in text:'no audio' nothing:'empty' cut:'truncated' zero: nan:'no numbers'; do
        # shellcheck disable=SC2086
        refused 1 "$bad/${name%:*}_nohash_0.wav: .*${name#*:}" $command $bad/${name%:*}_nohash_0.wav
    done
done

# --- paths
long=$(printf 'x%.0s' $(seq 5000))
search_refused 2 'the folder of recordings: the text is longer than 511 bytes' "$long"
search_refused 2 'the folder of recordings: the text is longer than 511 bytes' "$(printf 'y%.0s' $(seq 512))"
# Settings are kept in JSON, which knows UTF-8 only: told before the recordings are read.
mkdir $'bad\xff' && cp -r rec $'bad\xff'
search_refused 2 "the folder of recordings: 'bad" $'bad\xff/rec'
refused 2 "the folder of recordings: 'bad" train --net ds-cnn $'bad\xff/rec' --out never
cd $'bad\xff' || exit 1
search_refused 2 'the folder of recordings, from the root: ' rec
says "$errors" 'is not UTF-8; give UTF-8 text$'
cd .. && rm -r $'bad\xff'
search_refused 2 '--out: the text is longer than 511 bytes; give a shorter one' rec --out "$long"
search_refused 1 'x: cannot make this folder: File name too long' rec --out "$(printf 'x%.0s' $(seq 300))"
for command in eval info 'classify '; do
    # shellcheck disable=SC2086
    refused 2 'the path is too long; give a shorter one' $command "$long" ${command:+$([ "$command" = 'classify ' ] && echo a.wav)}
done
refused 1 'too long' features "$long"

# --- disks and folders that cannot be written, where this system lets one make them
mkdir disk
trap 'umount "$scratch/disk" 2>/dev/null; rm -rf "$scratch"' EXIT
on_disk() { mount -t tmpfs -o "$1" tmpfs disk 2>/dev/null; }
if on_disk size=32k; then
    # shellcheck disable=SC2086
    refused 1 'disk/r/.*: No space left on device; free some space' search rec --clip-ms 250 $small --out disk/r
    [ ! -e disk/r ] || fail "a run without a checkpoint stayed on the full disk"
    umount disk
    on_disk size=2m
    cp -r run net disk
    cp -r run disk/half
    rm disk/half/genotype.json
    mount -o remount,ro disk
    search_refused 1 'disk: cannot write into this folder: Read-only file system; give another --out' rec --out disk/new
    refused 1 'disk/half: cannot write into this folder: Read-only file system' search --resume disk/half -q
    refused 1 'disk/net: cannot write into this folder: Read-only file system' train --resume disk/net -q
    expect 0 "$stapes" eval disk/net -q # reading does no harm
    says "$out" '^accuracy'
    umount disk
else
    echo "nothing can be mounted here: full and read-only disks not tested"
fi

# --- checkpoints
damaged() { # damaged PATTERN: of what `wound` did
    cp -r net before
    refused 1 "wounded/checkpoint.bin: $1" train --resume wounded --quiet
    for file in model.json weights.bin journal.jsonl; do cmp -s net/$file wounded/$file || fail "$file was touched"; done
    rm -r wounded before
}
cp -r net wounded && head -c 2000 net/checkpoint.bin >wounded/checkpoint.bin
damaged 'the file is cut off; start a new run'
cp -r net wounded && head -c 20 net/checkpoint.bin >wounded/checkpoint.bin
damaged 'the file is cut off'
cp -r net wounded && printf '\x7f' | dd of=wounded/checkpoint.bin bs=1 seek=8 conv=notrunc 2>/dev/null
damaged 'format version 127, and this program reads version [0-9]+; use the stapes that wrote it'
cp -r net wounded && printf '\x5a\xa5' | dd of=wounded/checkpoint.bin bs=1 seek=3000 conv=notrunc 2>/dev/null
damaged 'the file is corrupted: its checksum is wrong'
cp -r net wounded && rm wounded/checkpoint.bin
damaged 'there is no checkpoint'
made_on=$(sed -n 's/^ *"isa": "\(.*\)",*/\1/p' net/settings.json | head -1)
if [ "$made_on" != plain ]; then
    refused 1 "checkpoint.bin: the file was made on $made_on, this run uses plain, .*--isa $made_on, or --force" \
        train --resume net --isa plain --quiet
fi
# a network.json that was edited: the line says which file of which run
for edit in 's/"genotype"/"geno"/|network.json: genotype: this is missing; give an object with the keys front' \
    's/"front"/"fronts"/|network.json: genotype: unknown key .fronts.' \
    's/"cells"/"cell"/|network.json: cells or channels is missing or no whole number; restore the file'; do
    cp -r net wounded
    sed "${edit%|*}" net/network.json >wounded/network.json
    refused 1 "wounded/${edit#*|}" train --resume wounded --quiet
    rm -r wounded
done
cp -r net wounded && head -c 2000 net/weights.bin >wounded/weights.bin
refused 1 'wounded/weights.bin: the file is cut off; start a new run, or restore it' eval wounded
rm -r wounded
refused 2 'net was made by stapes train, not by stapes search' search --resume net
refused 2 '--out: a resumed run stays in its folder, run; leave --out away' search --resume run --out never
refused 2 '--batch is another one in run; leave it away to resume' search --resume run --batch 32

# --- what diverges: a run keeps its settings, so the advice is another run
wild="--epochs 20 --warmup 0 --batch 16 --bn-group 16 --clip-ms 250 --lr 100 --clip 0 --weight-decay 1 --quiet"
# shellcheck disable=SC2086
expect 1 "$stapes" train --net ds-cnn rec $wild --out wild-net
one_line "$errors"
says "$errors" 'the loss or a weight is no number any more in epoch [0-9]+; take a smaller --lr \(now 100\) .*in a new run$'
# shellcheck disable=SC2086
expect 1 "$stapes" search rec $wild --cells 3 --channels 4 --fronts 256/128/16 --out wild-run
one_line "$errors"
says "$errors" 'the loss or a weight is no number any more in epoch [0-9]+; take a smaller --lr \(now 100\) in a new run$'

# --- genotypes, as a person may have edited them
edited() { # edited SED PATTERN
    rm -rf edited
    cp -r run edited
    sed "$1" run/genotype.json >edited/genotype.json
    refused 1 "edited/genotype.json:$2" train edited --epochs 1 --out never
}
edited 's/"op": "[a-z0-9_]*"/"op": "sep_conv_9x9"/' '.*unknown operation .sep_conv_9x9.; known: '
edited 's/"from": [0-9]/"from": 5/' '.*which does not exist yet \(a cycle\)'
edited '$d' '[0-9:]+ not valid JSON'

# --- absurd options
while IFS='|' read -r options said; do
    # shellcheck disable=SC2086
    search_refused 2 "$said" rec $options
done <<'EOF'
--epochs 0|--epochs: .0. is not a whole number from 1 to
--epochs -1|--epochs: .-1. is not
--lr -1|--lr: .-1. is not a number from
--lr 1e-999|--lr: .1e-999. is not a number from
--lr nan|--lr: .nan. is not
--rate -5|--rate: .-5. is not
--batch 17|--batch 17 is no multiple of --bn-group
--channels 6|--channels 6 is no multiple of --partial
--warmup 1|--warmup 1 leaves none of 1 epochs
--threads 1000|--threads: .1000. is not
--seed 1.5|--seed: .1.5. is not
--clip-ms 100 --fronts 2048/320/40|window of 2048 samples is longer than a clip of 1600; give a shorter window
--fronts 256/128/16:40|--fronts: .*40 coefficients; give 1 to 16
--fixed 256/0/16|--fixed: .*hop 0; give 1 to
--fronts 640/320|--fronts: .*is not of the form
--fronts 256/128/16,256/128/16|--fronts: .*there twice
--high-hz 9000|--high-hz 9000 is above half the sample rate
--low-hz 9000 --high-hz 8000|--low-hz 9000 is not below --high-hz 8000
--labels low,low|--labels: .low. is there twice
--align sideways|--align: .sideways. is unknown; give one of pad
EOF
search_refused 2 'run: the folder is not empty; give another --out' rec --out run
refused 2 '--front: .*10 coefficients|--front: .*12 coefficients; give 1 to 10' train --net ds-cnn rec --front 640/320/10:12 --out never
# A system would grant nine terabytes, and end the program once it used them.
refused 1 'not enough memory for 65536 samples at once .*; take a smaller' bench search --batch 65536 --bn-group 65536 --cells 16 \
    --channels 64 --clips 16 --no-recompute

finish
