# stapes quantize and stapes eval --int8 on a small system: what is said and written, what each option does, what is refused.
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

"$tones" rec 40 0.25 low:300 mid:900 high:2700 hiss:5000 _background_noise_ || fail "no recordings"
expect 0 "$stapes" train --net ds-cnn rec --labels mid,low,high --silence --clip-ms 250 --front 400/200/20 \
    --epochs 8 --batch 32 --bn-group 16 --out net -q

# --- before, and what it says
expect 2 "$stapes" eval net --int8
one_line "$errors"
says "$errors" '^stapes eval: net has no int8 form yet; make it: stapes quantize net$'
expect 0 "$stapes" quantize net
says "$out" '^operations   11, [0-9]+ weights, 11 scales$'
says "$out" '^float +[0-9.]+ %   \([0-9.]+ to [0-9.]+\)$'
says "$out" '^int8 +[0-9.]+ %   \([0-9.]+ to [0-9.]+\)   drop -?[0-9.]+ points, [0-9.]+ % of decisions as in float$'
says "$out" '^next: stapes eval net --int8$'
says net/int8.json '"kind": "depthwise"'
cksum <net/int8.bin >first

expect 0 "$stapes" eval net --int8 --split all
says "$out" '^accuracy +[0-9.]+ %   \([0-9.]+ to [0-9.]+; [0-9]+ of [0-9]+ all clips\)$'
says "$out" '^in float +[0-9.]+ %   \([0-9.]+ to [0-9.]+; '
says "$out" '^agreement +[0-9.]+ %   \(.* decisions are those in float\)$'
says "$out" '^figure +net/confusion-int8.svg$'
cp "$out" text
expect 0 "$stapes" eval net --int8 --split all --threads 3
cmp -s text "$out" || fail "another number of threads says something else"
expect 0 "$stapes" eval net --int8 --split all --json -q
json 'j["agreement"]["value"] >= 98 and j["agreement"]["n"] == j["n"] == j["in_float"]["n"]'
json 'abs(j["accuracy"] - j["in_float"]["value"]) < 2 and j["accuracy"] > 60'
json 'sum(map(sum, j["confusion"])) == j["n"]'
expect 0 "$stapes" eval net --split all --json
json '"agreement" not in j and "in_float" not in j'

# --- options: the same bits from the same options, on any threads; others from others
expect 0 "$stapes" quantize net --json --threads 3 -q
[ -s "$errors" ] && fail "-q must keep standard error empty"
cksum <net/int8.bin >again
cmp -s first again || fail "another number of threads gives other numbers"
calibration=$(sed -n 's/^ *"calibration": \([0-9]*\),$/\1/p' "$out")
[ $((calibration % 64)) -ne 0 ] || fail "the recordings fill whole groups: choose another number"
expect 0 "$stapes" data check rec --labels mid,low,high --silence --clip-ms 250 --json
json "j['usable'] and sum(c['training'] for c in j['classes']) == $calibration" # all of them, and each once
expect 0 "$stapes" quantize net --calibration "$calibration" --out exactly -q
cmp -s net/int8.bin exactly/int8.bin || fail "clips are measured twice where there are fewer than --calibration"
expect 0 "$stapes" quantize net --json -q
json 'j["run"] == "net" and j["qat"] == 0 and j["operations"] == 11'
json 'j["validation_int8"]["n"] == j["validation_float"]["n"] == j["validation_agreement"]["n"] >= 10'
number=0
for changed in "--seed 2 --calibration 64" "--calibration 64" "--qat 1" "--qat 1 --qat-lr 0.01" "--qat 1 --seed 2" "--qat 2"; do
    number=$((number + 1))
    # shellcheck disable=SC2086
    expect 0 "$stapes" quantize net $changed --out "copy$number" -q
    for file in settings.json model.json weights.bin int8.json int8.bin; do
        [ -s "copy$number/$file" ] || fail "no $file in the folder of --out"
    done
    cksum <"copy$number/int8.bin" >>all
done
cat first >>all
[ "$(sort -u all | wc -l)" -eq 7 ] || fail "an option of quantize changes nothing"
cmp -s net/weights.bin copy1/weights.bin || fail "the copy has other weights"
expect 0 "$stapes" quantize net --qat 1 --out twice --threads 2 -q
cmp -s copy3/int8.bin twice/int8.bin || fail "fine-tuning twice gives other numbers"
says "$out" '^fine-tuned +[0-9.]+ %'
expect 0 "$stapes" eval copy6 --int8 --json
json 'j["run"] == "copy6" and j["agreement"]["value"] >= 90'
cksum <net/int8.bin >again
cmp -s first again || fail "--out must leave the run alone"
cp -r rec elsewhere
expect 0 "$stapes" quantize net --data elsewhere --out moved -q
cmp -s net/int8.bin moved/int8.bin || fail "the same recordings elsewhere give other numbers"

# Every option of the help is tried here, or cannot change a number.
[ "$("$stapes" help quantize | grep -c '^  --')" -ge 9 ] || fail "the help does not list the options"
tried=' threads seed json quiet data out calibration qat qat-lr '
for option in $("$stapes" help quantize | sed -n 's/^  --\([a-z0-9-]*\).*/\1/p'); do
    case "$tried isa " in *" $option "*) ;; *) fail "--$option stands in no list of this test" ;; esac
done

# --- what is refused
expect 2 "$stapes" quantize
says "$errors" 'name a run folder, as in: stapes quantize RUN$'
expect 1 "$stapes" quantize rec
one_line "$errors"
says "$errors" 'not a run folder'
expect 2 "$stapes" quantize net --out copy1
one_line "$errors"
expect 2 "$stapes" quantize net --qat -1
expect 2 "$stapes" quantize net --calibration 0
expect 1 "$stapes" quantize net --data nowhere
one_line "$errors"
"$tones" few 9 0.25 low:300 mid:900 high:2700 hiss:5000
expect 1 "$stapes" quantize net --qat 1 --data few --out never -q
one_error "$errors"
says "$errors" '--qat: the recordings in few lack some of the system.s classes'
[ -e never ] && fail "a failed run leaves a folder"
expect 0 "$stapes" search rec --labels low,mid --clip-ms 250 --epochs 1 --warmup 0 --batch 32 --bn-group 16 --cells 3 \
    --channels 4 --fronts 256/256/8 --out found -q
expect 2 "$stapes" quantize found
one_line "$errors"
says "$errors" 'found holds no trained system'

# --- damage
cp net/int8.bin whole
for bytes in 0 10 100 5000; do
    head -c "$bytes" whole >net/int8.bin
    expect 1 "$stapes" eval net --int8
    one_line "$errors"
    says "$errors" '^stapes eval: net/int8.bin: .*; make it again: stapes quantize net$'
done
printf 'x' | dd of=whole bs=1 seek=4000 conv=notrunc 2>/dev/null
cp whole net/int8.bin
expect 1 "$stapes" eval net --int8
says "$errors" 'its checksum is wrong'
cp copy1/int8.bin net/int8.bin
expect 1 "$stapes" eval net --int8
one_line "$errors"
expect 0 "$stapes" quantize net -q
expect 0 "$stapes" eval net --int8

# --- a network that computes what is no number: its front-end's last section of weights.bin, then the checksum
if command -v python3 >/dev/null; then
    for value in nan 3e38; do
        rm -rf broken
        cp -r net broken
        python3 - "$value" broken/weights.bin <<'END'
import struct, sys, zlib
data = bytearray(open(sys.argv[2], "rb").read())
data[-8:-4] = struct.pack("<f", float(sys.argv[1]))
data[-4:] = struct.pack("<I", zlib.crc32(data[:-4]))
open(sys.argv[2], "wb").write(data)
END
        expect 1 "$stapes" quantize broken -q
        says "$errors" '^stapes quantize: the network computes what is no number; train the system again$'
    done
fi
finish
