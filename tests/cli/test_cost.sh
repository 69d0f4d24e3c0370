# stapes cost of a known network, of a search, and of a system before and after it was quantised.
. ./lib.sh
tones=${2:-}
[ -x "$tones" ] || { echo "skipped: no program that makes recordings"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache
cd "$scratch" || exit 1

json() {
    command -v python3 >/dev/null || return 0
    python3 -c 'import json, sys; j = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$out" "$1" ||
        fail "not true of the JSON: $1"
}

# --- a known network: MLPerf Tiny's
expect 0 "$stapes" cost --net ds-cnn --front 640/320/40:10
says "$out" '^network +ds-cnn, 12 classes$'
says "$out" '^front-end +mfcc 640/320/40:10 at 16000 Hz: 49 rows of 10 for a clip of 1000 ms$'
says "$out" '^note +12 classes are assumed'
says "$out" '^instructions +times +MACs +m3 +m4 +m7 +m55 +rv32$'
says "$out" '^conv +1 +320000 +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+$'
says "$out" '^an inference +11 +2656768 +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+$'
says "$out" '^a row of features +49 +[0-9]+ '
says "$out" '^  weights, biases, multipliers +27308 '
says "$out" '^  arena +[0-9]+ +[0-9]+ '
[ -s "$errors" ] && fail "nothing to say on standard error"
expect 0 "$stapes" cost --net ds-cnn --front 640/320/40:10 --classes 12 --json
json '[p["processor"] for p in j["processors"]] == ["m3", "m4", "m7", "m55", "rv32"] and j["net"] == "ds-cnn" and j["rows"] == 49'
json 'all(p["inference"] == sum(o["instructions"] for o in p["operations"]) == sum(k["instructions"] for k in p["kinds"].values()) for p in j["processors"])'
json 'all(p["clip"] == p["inference"] + 49 * p["row"] for p in j["processors"])'
json 'all(p["flash"]["total"] == sum(v for k, v in p["flash"].items() if k != "total") for p in j["processors"])'
# Figures that the kernels reached, within the error that a prediction may have.
json 'all(abs(j["processors"][i]["inference"] / n - 1) < 0.1 for i, n in enumerate([8.9e6, 5.2e6, 5.2e6, 1.45e6, 11.2e6]))'
expect 0 "$stapes" cost --net ds-cnn --front 640/320/40:10 --target m4f --classes 3
says "$out" '^block2.depthwise.depthwise +depthwise +25x5x64 +72000 +[0-9]+ +[0-9.]+$'
says "$out" '^instructions +times +MACs +m4$'
grep -q note "$out" && fail "nothing was assumed"

# --- what is asked for changes what comes out
expect 0 "$stapes" cost --net ds-cnn --front 400/200/20 --clip-ms 500
cp "$out" base
for changed in '--classes 3' '--front 400/200/20:8' '--features logmel' '--clip-ms 300' '--rate 20000' '--low-hz 300' \
    '--high-hz 4000' '--target rv32' '--json'; do
    # shellcheck disable=SC2086 # an option and its value
    expect 0 "$stapes" cost --net ds-cnn --front 400/200/20 --clip-ms 500 $changed
    ! cmp -s "$out" base || fail "$changed changes nothing"
done

# --- refused
expect 2 "$stapes" cost
says "$errors" '^stapes cost: name a run folder or a known network'
one_line "$errors"
expect 2 "$stapes" cost run --net ds-cnn
one_line "$errors"
expect 2 "$stapes" cost --net resnet
says "$errors" 'the known networks are ds-cnn'
expect 2 "$stapes" cost --net ds-cnn --cells 4
says "$errors" '^stapes cost: --cells: a known network has one size$'
expect 2 "$stapes" cost --net ds-cnn --target m9
says "$errors" "^stapes cost: --target: 'm9' is unknown; give one of all\|m3\|m4"
expect 2 "$stapes" cost --net ds-cnn --front 640/320
one_line "$errors"
expect 2 "$stapes" cost --net ds-cnn --clip-ms 100 --front 2048/512/40
says "$errors" 'window is longer than a clip'
expect 1 "$stapes" cost nowhere
one_line "$errors"

# --- a search, what was trained from it, and its int8 form
"$tones" rec 20 0.25 low:300 mid:900 high:2700 || fail "no recordings"
expect 0 "$stapes" search rec --clip-ms 250 --labels low,mid --epochs 2 --warmup 1 --batch 16 --bn-group 16 --cells 3 --channels 4 \
    --fronts 400/200/20 --out searched -q
expect 0 "$stapes" train searched --epochs 1 --batch 16 --bn-group 16 --out found -q
expect 0 "$stapes" cost searched
says "$out" '^network +found: 3 cells, 4 channels, 3 classes$'
says "$out" '^front-end +mfcc 400/200/20 at 16000 Hz: 19 rows of 20 for a clip of 250 ms$'
sed 1d "$out" >of_search
expect 0 "$stapes" cost found
sed 1d "$out" >of_training
cmp -s of_search of_training || fail "a search costs something else than what is trained from it"
expect 0 "$stapes" quantize found -q
expect 0 "$stapes" cost found
sed 1d "$out" >of_int8
cmp -s of_training of_int8 || fail "the int8 form costs something else than what was foreseen"
# Where no words are named, all folders are.
expect 0 "$stapes" search rec --clip-ms 250 --epochs 2 --warmup 1 --batch 16 --bn-group 16 --cells 3 --channels 4 \
    --fronts 400/200/20 --out unnamed -q
expect 0 "$stapes" cost unnamed
says "$out" '^network +found: 3 cells, 4 channels, 3 classes$'
! grep -q '^note' "$out" || fail "the classes of a search are assumed"
expect 0 "$stapes" cost searched --cells 4 --channels 6 --classes 5
says "$out" '^network +found: 4 cells, 6 channels, 5 classes$'
expect 0 "$stapes" cost found --json
json 'j["run"] == "found" and j["classes"] == 3 and len(j["processors"]) == 5'
expect 2 "$stapes" cost found --classes 4
says "$errors" '^stapes cost: --classes: a trained system has its own$'
expect 2 "$stapes" cost found --front 640/320/40
says "$errors" '^stapes cost: --front: goes with --net only: a run has its own$'
expect 2 "$stapes" cost searched --cells 2
says "$errors" 'give --cells from 3 to'
finish
