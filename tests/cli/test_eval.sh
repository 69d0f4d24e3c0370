# stapes eval and stapes classify on a small system: what is said, as text and JSON, and what is refused.
. ./lib.sh
tones=${2:-}
[ -x "$tones" ] || { echo "skipped: no program that makes recordings"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache
cd "$scratch" || exit 1

# json EXPRESSION: a Python expression of the JSON on standard output `j` that must be true.
json() {
    command -v python3 >/dev/null || return 0
    python3 -c 'import json, sys; j = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$out" "$1" ||
        fail "not true of the JSON: $1"
}

"$tones" rec 24 0.25 low:300 mid:900 high:2700 hiss:5000 _background_noise_ || fail "no recordings"
expect 0 "$stapes" train --net ds-cnn rec --labels mid,low,high --silence --clip-ms 250 --front 400/200/20 \
    --epochs 16 --batch 32 --bn-group 16 --out net -q

# --- eval
expect 0 "$stapes" eval net
says "$out" '^accuracy +[0-9.]+ %   \([0-9.]+ to [0-9.]+; [0-9]+ of 30 testing clips\)$'
says "$out" '^missed +[0-9.]+ %.* of 18 words'
says "$out" '^false alarm +[0-9.]+ %.* of 12 other clips'
says "$out" '^class +clips  recall %  from +to$'
says "$out" '^mid +6 '
says "$out" 'heard as  mid  low  high  _unknown_  _silence_$'
says "$out" '^figure +net/confusion.svg$'
says net/confusion.svg '^<svg'
cp "$out" text
expect 0 "$stapes" eval net --threads 1 --isa auto
cmp -s text "$out" || fail "another number of threads says something else"

expect 0 "$stapes" eval net --json -q --out elsewhere.svg
[ -s "$errors" ] && fail "-q must keep standard error empty"
[ -s elsewhere.svg ] || fail "--out did not make the figure"
json 'j["labels"] == ["mid", "low", "high", "_unknown_", "_silence_"] and j["split"] == "testing"'
json 'j["n"] == 30 == sum(map(sum, j["confusion"]))'
json 'abs(j["accuracy"] - 100 * sum(j["confusion"][i][i] for i in range(5)) / 30) < 1e-9'
json 'j["low"] < j["accuracy"] <= j["high"] and j["accuracy"] > 60'
json 'all(abs(j["recall"][l]["value"] - 100 * j["confusion"][i][i] / sum(j["confusion"][i])) < 1e-9
      for i, l in enumerate(j["labels"]))'
json 'j["miss"]["n"] == 18 and j["false_alarm"]["n"] == 12 and j["figure"] == "elsewhere.svg"'
for split in training validation all; do
    expect 0 "$stapes" eval net --split $split --json
    json "j['split'] == '$split'"
done
json 'j["n"] > 96 and all(sum(row) >= 24 for row in j["confusion"])'

# Another folder of the same words: other words are _unknown_, what is missing is said.
"$tones" other 9 0.4 low:310 mid:880 high:2600 buzz:4000 hum:5500
expect 0 "$stapes" eval net --data other --split all --json
json 'j["n"] == 45 and sum(j["confusion"][3]) == 18 and sum(j["confusion"][4]) == 0'
json 'j["recall"]["_silence_"] is None and j["data"] == "other"'
says "$errors" '_silence_ is not tested'
"$tones" few 4 0.25 low:300 hiss:5000
expect 1 "$stapes" eval net --data few
one_line "$errors"
says "$errors" '^stapes eval: few: 2 of the system.s 3 words have no folder there \(mid, high\)'
"$tones" strange 4 0.25 up:300 down:5000
expect 1 "$stapes" eval net --data strange
one_line "$errors"
says "$errors" 'none of the system.s words is a folder there \(mid, low, high\)'
expect 1 "$stapes" eval net --data nowhere
one_line "$errors"
says "$errors" 'nowhere: there is no such folder of recordings'
cp -r other lists
rm -r lists/buzz lists/hum
find lists -name '*.wav' | sed 's|^lists/||' >lists/testing_list.txt
: >lists/validation_list.txt
expect 1 "$stapes" eval net --data lists --split training -q
one_error "$errors"
says "$errors" 'lists: no clip for training in this folder; take another --split, or all$'

expect 2 "$stapes" eval
says "$errors" 'name a run folder, as in: stapes eval RUN$'
expect 2 "$stapes" eval net --split everything
one_line "$errors"
expect 2 "$stapes" eval net again
expect 1 "$stapes" eval nowhere
one_line "$errors"
expect 1 "$stapes" eval rec
one_line "$errors"
says "$errors" 'not a run folder'
cksum net/* >before
expect 2 "$stapes" eval net --out net/weights.bin
one_line "$errors"
says "$errors" '^stapes eval: --out net/weights.bin: give a name that ends in .svg$'
cksum net/* | cmp -s - before || fail "--out wrote over a file that is no figure"
expect 1 "$stapes" eval net --out /nowhere/at/all.svg
says "$out" '^accuracy'
one_line "$errors"
says "$errors" '/nowhere/at/all.svg'

# --- classify
"$tones" many 40 0.25 low:300
expect 0 "$stapes" classify net many/low/*.wav
[ "$(wc -l <"$out")" -eq 40 ] || fail "not a line for every file"
awk -F'\t' 'NF != 3 || $3 < 0.2 || $3 > 1 { bad = 1 } $2 == "low" { right++ } END { exit bad || right < 30 }' "$out" ||
    fail "not 'file, label, score', or the tone is not recognised"
tail -1 "$out" >last
expect 0 "$stapes" classify net "$(tail -1 last | cut -f1)"
cmp -s last "$out" || fail "a file alone is heard otherwise"

# The testing clips one by one: as many right as eval says.
expect 0 "$stapes" eval net --split all --json
if command -v python3 >/dev/null; then
    expected=$(python3 -c 'import json; j = json.load(open("out")); print(sum(j["confusion"][i][i] for i in range(3)))')
    expect 0 "$stapes" classify net rec/low/*.wav rec/mid/*.wav rec/high/*.wav
    right=$(awk -F'[/\t]' '$2 == $4' "$out" | wc -l)
    [ "$right" -eq "$expected" ] || fail "classify has $right right where eval has $expected"
fi

# A program of someone else's hears the same, through the public header.
hear=$(dirname "$stapes")/stapes-hear
expect 0 "$stapes" classify net rec/low/s00_nohash_0.wav rec/mid/s01_nohash_0.wav rec/high/s02_nohash_0.wav
cut -f2- "$out" >wanted
for name in low/s00 mid/s01 high/s02; do tail -c +45 rec/${name}_nohash_0.wav | "$hear" net; done >heard 2>"$errors"
cmp -s wanted heard || fail "examples/hear hears otherwise"
expect 2 "$hear"
expect 1 "$hear" nowhere
one_line "$errors"
says "$errors" '^hear: nowhere: cannot open this run'

# Longer and shorter, and what is no recording: the others are heard all the same.
"$tones" long 1 3 mid:900
"$tones" short 1 0.1 mid:900
printf 'no recording' >bad.wav
: >empty.wav
expect 1 "$stapes" classify net long/mid/s00_nohash_0.wav bad.wav short/mid/s00_nohash_0.wav nowhere.wav empty.wav rec
[ "$(wc -l <"$out")" -eq 2 ] || fail "not both good files were heard"
[ "$(wc -l <"$errors")" -eq 4 ] || fail "not a line for each bad file"
for name in bad.wav nowhere.wav empty.wav rec; do says "$errors" "^stapes classify: $name: "; done
says "$out" 'long/mid/s00_nohash_0.wav.mid'

expect 1 "$stapes" classify net --json rec/low/s00_nohash_0.wav bad.wav rec/mid/s00_nohash_0.wav
json '[x["file"] for x in j["files"]] == ["rec/low/s00_nohash_0.wav", "rec/mid/s00_nohash_0.wav"]'
json 'all(abs(sum(x["probabilities"].values()) - 1) < 1e-9 and len(x["probabilities"]) == 5 for x in j["files"])'
json 'all(x["score"] == max(x["probabilities"].values()) == x["probabilities"][x["label"]] for x in j["files"]) and j["failed"] == 1'
cp rec/low/s00_nohash_0.wav "$(printf 'a\tb\xff.wav')"
expect 0 "$stapes" classify net a*.wav
[ "$(awk -F'\t' '{ print NF }' "$out")" = 3 ] || fail "a tab in a name breaks the columns"
expect 0 "$stapes" classify net a*.wav --json
json 'len(j["files"]) == 1 and j["run"] == "net"'
expect 1 "$stapes" classify net rec/low/s00_nohash_0.wav --max-clip-mb 1 long/mid/../../nothing
expect 2 "$stapes" classify net
one_line "$errors"
expect 2 "$stapes" classify
one_line "$errors"

# A damaged system is refused, not run.
cp -r net cut
head -c 5000 net/weights.bin >cut/weights.bin
expect 1 "$stapes" eval cut
one_line "$errors"
expect 1 "$stapes" classify cut rec/low/s00_nohash_0.wav
one_line "$errors"
says "$errors" 'cut/weights.bin'
rm cut/model.json
expect 2 "$stapes" eval cut
says "$errors" 'cut has not finished its training; go on with: stapes train --resume cut$'

finish
