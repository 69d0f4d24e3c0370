# stapes info on a search, on what was trained from it, and on a known network.
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

"$tones" rec 16 0.25 low:300 mid:900 high:2700 || fail "no recordings"
expect 0 "$stapes" search rec --clip-ms 250 --epochs 2 --warmup 1 --batch 16 --bn-group 16 --cells 3 --channels 4 \
    --fronts 400/200/20,640/320/40:10 --out found -q

# --- a search
expect 0 "$stapes" info found
says "$out" '^run +found, a search$'
says "$out" '^front-end +mfcc (400/200/20|640/320/40:10) \((not )?settled'
says "$out" '^supernet +[0-9.]+ % of the validation clips after 2 epochs$'
says "$out" '^undecided +alpha [01]\.[0-9]+ normal'
says "$out" '^(400/200/20|640/320/40:10) +0\.[0-9]+  taken$'
[ "$(grep -cE '(pool|conv|connect).* 0\.[0-9]{3} .* 0\.[0-9]{3} +0\.[0-9]{3}$' "$out")" -eq 16 ] || fail "not 16 choices"
says "$out" '^cells +found/cells.svg$'
says "$out" '^curves +found/curves.svg$'
says found/cells.svg 'Normal cell'
says found/curves.svg 'softmax of gamma'
expect 0 "$stapes" info found --json --out drawn.svg
[ -s "$errors" ] && fail "nothing to say on standard error"
cmp -s drawn.svg found/cells.svg || fail "--out draws something else"
json 'j["command"] == "search" and abs(sum(j["gamma"].values()) - 1) < 1e-6 and len(j["gamma"]) == 2'
json 'j["gamma"][j["front"]] == max(j["gamma"].values()) and j["genotype"]["front"] == j["front"]'
json 'all(len(j["choices"][k]) == 8 for k in ("normal", "reduction"))'
json 'all(0 < c["alpha"] < 1 and 0 < c["beta"] < 1 and c["op"] != c["next"] for c in j["choices"]["normal"])'
json '0 <= j["alpha_entropy"]["normal"] <= 1.000001 and j["figures"]["cells"] == "drawn.svg"'

# --- what was trained from it
expect 0 "$stapes" train found --out net --epochs 1 --batch 16 --bn-group 16 -q --json
cp "$out" trained
expect 0 "$stapes" info net
says "$out" '^classes +3: high, low, mid$'
says "$out" '^front-end +mfcc [0-9/:]+ at 16000 Hz: [0-9]+ frames of (20|10) for a clip of 250 ms$'
says "$out" '[0-9]+ multiplications a frame, [0-9]+ frames: [0-9.]+ M a second$'
says "$out" '^network +found: 3 cells, 4 channels$'
says "$out" '^validation +[0-9.]+ % after 1 epoch$'
says "$out" '^activations +[0-9.]+ KiB of RAM in int8, [0-9.]+ KiB in float32 \([0-9]+ values at the peak\)$'
says "$out" '^flash +[0-9.]+ KiB in int8: weights [0-9.]+, biases [0-9.]+, front-end [0-9.]+'
says "$out" '^pointwise +[0-9]+ +[0-9]+ +[0-9.]+ +[0-9.]+$'
says "$out" '^fully connected +1 '
says "$out" '^all +[0-9]+ +[0-9]+ +[0-9.]+ +100\.0$'
says net/cells.svg 'Normal cell'
says net/curves.svg 'Accuracy'
expect 0 "$stapes" info net --json
json 'j["command"] == "train" and j["labels"] == ["high", "low", "mid"] and j["cells"] == 3'
json 'sum(l["parameters"] for l in j["layers"]) == j["parameters"] == json.load(open("trained"))["parameters"]'
json 'sum(l["macs"] for l in j["layers"]) == j["macs"] == json.load(open("trained"))["macs"]'
json 'j["flash"]["weight_bytes"] + j["flash"]["bias_bytes"] // 4 == j["parameters"]'
json 'j["activations"]["float32_bytes"] == 4 * j["activations"]["int8_bytes"] > 0'
json 'j["front"]["multiplications_a_second"] == j["front"]["frame_multiplications"] * j["front"]["frames_a_second"]'

# A limit on parameters: the runners-up are told, and so is the end of what was tried, where that is what binds.
expect 0 "$stapes" train found --max-params 1000000 --channels 4 --out many --epochs 1 --batch 16 --bn-group 16
says "$out" '^ +6 +4 +[0-9]+ +[0-9.]+  taken$'
says "$out" '^ +5 +4 +[0-9]+ +[0-9.]+ *$'
says "$errors" 'no more than 6 cells were tried, twice the search.s; --cells takes more'
expect 2 "$stapes" train found --max-params 10 --out never
says "$errors" '^stapes train: --max-params 10: no network of this genotype is that small'
[ ! -e never ] || fail "a refused training left its folder"

rm net/curves.svg
mkdir net/curves.svg # a place that cannot be written: a note, and the rest is told
expect 0 "$stapes" info net
one_line "$errors"
says "$errors" '^stapes info: net/curves.svg: '
says "$out" '^all '
mkdir wall.svg
expect 1 "$stapes" info net --out wall.svg # asked for: a failure
says "$errors" "^stapes info: wall.svg: "
cksum net/weights.bin >before
expect 2 "$stapes" info net --out net/weights.bin
one_line "$errors"
says "$errors" '^stapes info: --out net/weights.bin: give a name that ends in .svg$'
cksum net/weights.bin | cmp -s - before || fail "--out wrote over a file that is no figure"

# --- a known network, which has no cells
expect 0 "$stapes" train --net ds-cnn rec --clip-ms 250 --out known --epochs 1 --batch 16 --bn-group 16 -q
expect 0 "$stapes" info known
says "$out" '^network +ds-cnn$'
says "$out" '^conv 10x4 stride 2 +1 +2624 '
[ -e known/cells.svg ] && fail "cells of a network without"
expect 2 "$stapes" info known --out x.svg
one_line "$errors"
says "$errors" 'has no cells to draw'

# --- refusals
expect 2 "$stapes" info
says "$errors" 'name a run folder'
expect 1 "$stapes" info nowhere
one_line "$errors"
expect 1 "$stapes" info rec
one_line "$errors"
cp -r found broken
rm broken/genotype.json
expect 2 "$stapes" info broken
one_line "$errors"
says "$errors" 'broken has not finished its search; go on with: stapes search --resume broken$'
for damage in 's/"gamma"/"gama"/' 's/"skip_connect": [0-9.e-]*/"skip_connect": "x"/' 's/"beta": 0/"beta": 7/' 's/\[/{/'; do
    sed "$damage" found/arch.json >broken/arch.json
    cp found/genotype.json broken
    expect 1 "$stapes" info broken
    one_line "$errors"
    says "$errors" 'broken/arch.json'
done
cp -r net half
rm half/model.json
expect 2 "$stapes" info half
says "$errors" 'half has not finished its training'
echo '{"stapes": "0"}' >half/settings.json
expect 1 "$stapes" info half
one_line "$errors"

finish
