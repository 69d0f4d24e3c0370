# stapes data check: folders that are fine, folders that are not, text and JSON.
. ./lib.sh
export XDG_CACHE_HOME=$scratch/cache

# wav FILE TEXT: a recording whose samples are the text, again and again, for 0.1 s at 16 kHz.
wav() {
    {
        printf 'RIFF\xa4\x0c\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\x80\x0c\0\0'
        yes "$2" | head -c 3200
    } >"$1"
}

words=$scratch/words
for word in left right 'turn around'; do
    mkdir -p "$words/$word"
    for speaker in ann ben cas dee eva fay gus hal ivy jan; do
        wav "$words/$word/${speaker}_nohash_0.wav" "$word $speaker"
    done
done

expect 0 "$stapes" data check "$words" --clip-ms 100
says "$out" '^turn around +[1-9][0-9]* +[1-9][0-9]* +[1-9][0-9]* +0$'
says "$out" '^rates +30 at 16000 Hz$'
says "$out" '^speakers +10, 0 of them'
says "$out" '^equal +0 sets'
says "$out" '^usable +3 classes, 30 clips$'
[ -s "$errors" ] && ! grep -q 'reading recordings' "$errors" && fail "something is said besides the progress"
cp "$out" "$scratch/first"
expect 0 "$stapes" data check "$words" --clip-ms 100 -q
cmp -s "$out" "$scratch/first" || fail "the cache changes the report"
[ -s "$errors" ] && fail "-q is not quiet"

# duplicates across splits, an unreadable file, classes
echo 'left/ann_nohash_0.wav
right/ann_nohash_0.wav' >"$words/validation_list.txt"
echo 'left/ben_nohash_0.wav
turn around/ben_nohash_0.wav' >"$words/testing_list.txt"
cp "$words/left/ann_nohash_0.wav" "$words/left/cas_nohash_0.wav"
echo 'no recording' >"$words/left/bad.wav"
mkdir "$words/_background_noise_"
wav "$words/_background_noise_/hiss.wav" noise
expect 0 "$stapes" data check "$words" --clip-ms 100 --labels right,left --silence
says "$out" '^_unknown_ '
says "$out" '^_silence_ '
says "$out" '^equal +1 set of recordings .* 1 across splits, 0 across words'
says "$out" 'left/ann_nohash_0.wav \(validation\) = left/cas_nohash_0.wav \(training\)'
says "$out" '^unusable +1$'
says "$out" '^  left/bad.wav: '
says "$out" '^speakers +10, [1-9] of them in more than one split: ann'

# names are no commands to the terminal
strange=$words/left/$'e\x1b[31mvil_nohash_0.wav'
cp "$words/left/ann_nohash_0.wav" "$strange"
cp "$words/left/ann_nohash_0.wav" "$words/right/${strange##*/}"
expect 0 "$stapes" data check "$words" --clip-ms 100
says "$out" 'left/e\?\[31mvil_nohash_0.wav \('
grep -q $'\x1b' "$out" && fail "a name reaches the terminal with its control characters"
rm "$strange" "$words/right/${strange##*/}"

expect 0 "$stapes" data check --json "$words" --clip-ms 100
says "$out" '"usable": true'
says "$out" '"across_splits": 1'
if command -v python3 >/dev/null; then
    python3 -c 'import json,sys; d=json.load(sys.stdin); sys.exit(not (d["unusable"][0]["path"]=="left/bad.wav"
and sum(d["clips"].values())==30 and d["rates_hz"]=={"16000":30} and len(d["equal"]["files"])==1))' <"$out" ||
        fail "the JSON does not say what it should"
fi

# not usable: the report, then the reason, and status 1
rm -r "$words/right" "$words/turn around"
expect 1 "$stapes" data check "$words" --clip-ms 100 -q
says "$out" '^left '
one_error "$errors"
says "$errors" '^stapes data: .*only one class: left'
says "$errors" '^validation_list.txt: 1 of its 2 lines name no recording' # a warning is no progress: -q leaves it
expect 1 "$stapes" data check "$words" --clip-ms 100 --json -q
says "$out" '"reason": ".*only one class'
mkdir "$scratch/empty"
expect 1 "$stapes" data check "$scratch/empty"
one_line "$errors"
says "$errors" 'no recordings found'
expect 1 "$stapes" data check "$scratch/absent"
one_line "$errors"

# the place of the cache
touch "$scratch/file"
for place in "$scratch/file" "$scratch/file/deep"; do
    XDG_CACHE_HOME=$place expect 1 "$stapes" data check "$words" -q
    one_line "$errors"
    says "$errors" "^stapes data: $scratch/file: cannot make this folder: Not a directory; choose another place for the audio cache, with XDG_CACHE_HOME$"
done

# usage
expect 2 "$stapes" data
one_line "$errors"
expect 2 "$stapes" data check
one_line "$errors"
expect 2 "$stapes" data look "$words"
one_line "$errors"
expect 2 "$stapes" data check "$words" extra
one_line "$errors"
expect 2 "$stapes" data check "$words" --labels left,nowhere -q
says "$errors" 'nowhere'

finish
