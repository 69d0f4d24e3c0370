# bench/compare: what it makes of what both sides print. Both sides are stand-ins here, whose numbers are known.
. ./lib.sh
compare=$PWD/../../bench/compare
peers=$scratch/peers
mkdir "$peers"
touch "$peers/peer_search.py" "$peers/peer_train.py"
export LC_ALL=C STAPES=$scratch/stapes PYTHON=$scratch/python

# Ours gets faster from pair to pair: 100, 200, 300; theirs stays at 50.
cat >"$STAPES" <<'E2'
#!/bin/sh
echo "$@" >>"$0.calls"
rate=$(wc -l <"$0.calls")00
printf '{\n  "pairs_per_s_best": %s.5,\n  "pairs_per_s_audio_best": 7,\n  "samples_per_s_best": %s,\n  "samples_per_s_audio_best": 9,\n  "clips_per_s": %s\n}\n' "$rate" "$rate" "$rate"
E2
cat >"$PYTHON" <<'E2'
#!/bin/sh
[ "$1" != -c ] || exit 0
echo "$@" >>"$0.calls"
echo '{"first": 1, "train_sps": 1, "search_sps": 1}'
echo '{"search_sps": 25.0, "train_sps": 50, "load": "1"}'
E2
chmod +x "$STAPES" "$PYTHON"

expect 0 "$compare" -w dscnn -n 3 -t 2 "$peers"
says "$out" '^  1: stapes 100.0, from audio 9.0; PyTorch 50.00, ratio 2.0$'
says "$out" '^\| training DS-CNN, samples/s \| 200.0 \| 9.0 \| 50.00 \| 4.0 \|$'
[ "$(sort -u "$STAPES.calls")" = 'bench train --net ds-cnn --threads 2 --json' ] || fail "called as $(cat "$STAPES.calls")"
says "$PYTHON.calls" 'peer_train.py --threads 2 --net dscnn --batch 128'

rm "$STAPES.calls"
expect 0 "$compare" -w search -w front -n 2 -t 1 "$peers"
says "$out" '^\| search step, pairs/s \| 150.5 \| 7.0 \| 25.00 \| 6.0 \|$'
says "$out" 'no PyTorch beside it: .*/peer_feat.py is not there$'
says "$out" '^\| eight MFCC front-ends, clips/s \| 350.0 \| - \| - \| - \|$'

rm "$STAPES.calls"
expect 0 "$compare" -w kept -n 1 -t 1 "$peers"
says "$out" '^\| search step, --no-recompute, pairs/s \| 100.5 \| 7.0 \| 25.00 \| 4.0 \|$'
says "$STAPES.calls" '^bench search --no-recompute '

expect 2 "$compare" -w sideways "$peers"
[ "$(tail -n 1 "$errors")" = 'is timed alone, which is said.' ] || fail "the usage ends with: $(tail -n 1 "$errors")"
expect 2 "$compare" -n none "$peers"
expect 2 "$compare" -n 0 "$peers"
printf '#!/bin/sh\n' >"$STAPES"
expect 1 "$compare" -w dscnn -n 1 "$peers"
says "$errors" 'printed no samples_per_s_best$'

finish
