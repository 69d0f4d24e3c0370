# stapes export --to firmware and stapes run-on: the folder builds alone and passes its own test; on five emulated processors every
# bit is the host's, for a known network and for a found one; what is refused.
. ./lib.sh
tones=${2:-}
[ -x "$tones" ] || { echo "skipped: no program that makes recordings"; exit 77; }
export XDG_CACHE_HOME=$scratch/cache TMPDIR=$scratch/tmp
mkdir "$TMPDIR"
cd "$scratch" || exit 1

json() {
    command -v python3 >/dev/null || return 0
    python3 -c 'import json, sys; j = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$out" "$1" ||
        fail "not true of the JSON: $1"
}

"$tones" rec 40 0.25 low:300 mid:900 'hi"gh:2700' hiss:5000 _background_noise_ || fail "no recordings"
set -- rec --labels 'mid,low,hi"gh' --silence --clip-ms 250
expect 0 "$stapes" train --net ds-cnn "$@" --front 400/200/20 --epochs 4 --batch 32 --bn-group 16 --out net -q
expect 0 "$stapes" search "$@" --epochs 2 --warmup 1 --batch 32 --bn-group 16 --cells 3 --channels 4 --fronts 256/128/16 \
    --features logmel --out searched -q
expect 0 "$stapes" train searched --epochs 2 --batch 32 --bn-group 16 --out found -q

# --- refused, in one line
expect 2 "$stapes" export net --out firmware
says "$errors" 'has no int8 form yet; make it: stapes quantize net$'
expect 0 "$stapes" quantize net -q
expect 0 "$stapes" quantize found -q
expect 2 "$stapes" export net
says "$errors" '^stapes export: say where to: --out PATH$'
expect 2 "$stapes" export net --to board --out firmware
says "$errors" "^stapes export: --to: 'board' is unknown; give one of firmware"
expect 2 "$stapes" export net --out rec
says "$errors" '^stapes export: rec: is not empty; give a new folder$'
expect 2 "$stapes" run-on m9 net
says "$errors" "^stapes run-on: there is no processor 'm9': take m3, m4, m7, m55 or rv32$"
expect 2 "$stapes" run-on m4
says "$errors" '^stapes run-on: name a processor and a run folder'

# What fails half way leaves nothing in the way of the next try.
expect 1 bash -c 'ulimit -f 16; exec "$0" "$@"' "$stapes" export net --out firmware
one_line "$errors"
says "$errors" '^stapes export: firmware/.*: cannot write it: File too large; raise the limit of a file.s size'
[ ! -e firmware ] || fail "a failed export leaves half a folder"
mkdir there && ln -s there link
expect 1 bash -c 'ulimit -f 16; exec "$0" "$@"' "$stapes" export net --out link
{ [ -L link ] && [ -d there ] && [ -z "$(ls -A there)" ]; } || fail "a failed export takes a link, or leaves files behind it"

# --- the folder builds alone, in an empty place, without a warning, and passes its test; C++ takes its headers
for system in net found; do
    expect 0 "$stapes" export "$system" --out firmware
    says "$out" '^next: make -C firmware test$'
    mv firmware "alone-$system"
    expect 0 env -i PATH="$PATH" make -C "alone-$system" CFLAGS="-O1 -Werror" all test
    says "$out" 'are the host.s, bit for bit$'
    head -c 640000 /dev/zero | "alone-$system/example" >heard || fail "the example of $system ends with $?"
    sed -i 's/^static const int8_t golden_logits.*/&1 +/' "alone-$system/golden.h"
    expect 2 make -C "alone-$system" test
    grep -q 'logits differ' "$out" || fail "a wrong logit passes the self-test"
done
if command -v c++ >/dev/null; then
    expect 0 c++ -std=c++11 -Wall -Wextra -Werror -Ialone-net -Ialone-net/stapes -x c++ -fsyntax-only alone-net/main.c
fi
[ -e alone-net/stapes/nn/add.c ] && fail "a system without sums brings their kernel along"
[ -e alone-found/stapes/nn/add.c ] || fail "a system with sums lacks their kernel"
expect 0 "$stapes" export net --out again --json
json 'j["run"] == "net" and j["to"] == "firmware" and j["out"] == "again"'
cmp -s again/model.c alone-net/model.c || fail "twice exported is not the same"

# --- emulated
for compiler in arm-none-eabi-gcc qemu-system-arm riscv64-unknown-elf-gcc qemu-system-riscv32; do
    command -v $compiler >/dev/null || { echo "skipped from here: $compiler is not installed"; [ $failures -eq 0 ] && exit 77; finish; }
done
for processor in m3 m4 m7 m55 rv32; do
    expect 0 "$stapes" run-on $processor net --limit 3 --json -q
    [ -s "$errors" ] && fail "-q must keep standard error empty"
    json 'j["agrees"] and j["clips"] == 3 and j["signals"] == 3 and j["features_that_differ"] == j["logits_that_differ"] == 0'
    json 'len(j["operations"]) == 11 and all(o["clips_that_differ"] == 0 for o in j["operations"])'
    json 'j["inference"] == sum(o["count"]["instructions"] for o in j["operations"]) > 100000'
    json 'all(sum(v for k, v in o["count"].items() if k != "instructions") == o["count"]["instructions"] for o in j["operations"])'
    json 'j["flash"]["total"] == sum(v for k, v in j["flash"].items() if k != "total")'
    json '1000 < j["flash"]["operations"] < 20000 and j["flash"]["front"] > 2000 and j["flash"]["weights"] > 20000'
    json '0 < j["ram"]["other"] < 200 and 0 < j["ram"]["stack_of_row"] < 2000 and 0 < j["ram"]["stack_of_decision"] < 2000'
done
expect 0 "$stapes" run-on m4 found --limit 3 --split validation -q
says "$out" '^agreement    all 3 clips, silence and full-scale square waves: features, results of [0-9]+ operations and logits are the host.s, bit for bit$'
says "$out" '^a row of features +[0-9]+ '
says "$out" '^add +[0-9]+x[0-9]+x[0-9]+ +[0-9]+ '
says "$out" '^flash +[0-9]+ bytes$'
expect 0 "$stapes" run-on m55 found --limit 2 -q

# --- m4f is m4; what the emulator says beside the program disturbs nobody
noisy=$scratch/noisy
mkdir "$noisy"
printf '#!/bin/sh\necho "qemu: warning" >&2\nexec %s "$@"\n' "$(command -v qemu-system-arm)" >"$noisy/qemu-system-arm"
chmod +x "$noisy/qemu-system-arm"
expect 0 env PATH="$noisy:$PATH" "$stapes" run-on m4f net --limit 1 --json -q
json 'j["processor"] == "m4" and j["agrees"] and 0 < j["ram"]["stack_of_row"] < 2000'

# --- the row that is counted is one, of hops longer than any window, and where a clip has no second row
for long in '8000/40:10 --clip-ms 700' '8000/40:10 --clip-ms 500' '2048/40:10 --clip-ms 128'; do
    # shellcheck disable=SC2086 # words of an option
    expect 0 "$stapes" train --net ds-cnn rec --labels mid,low --front 2048/$long --epochs 1 --batch 32 --bn-group 16 --out long -q
    expect 0 "$stapes" quantize long -q
    expect 0 "$stapes" run-on m4 long --limit 1 --json -q
    json 'j["agrees"] and j["row"]["instructions"] > 100000 > 10000 > j["operations"][-1]["count"]["instructions"]'
    rm -r long
done
leftovers=$(find "$TMPDIR" -maxdepth 1 -name 'stapes-*' | head -1)
[ -z "$leftovers" ] || fail "$leftovers is left over"
PATH_WITHOUT=$scratch/bin
mkdir "$PATH_WITHOUT"
for tool in sh dirname mkdir rm tr echo; do ln -s "$(command -v $tool)" "$PATH_WITHOUT/$tool"; done
expect 1 env PATH="$PATH_WITHOUT" "$stapes" run-on m4 net --limit 1 -q
says "$errors" '^stapes run-on: compiling for m4: compiler or emulator are not installed; '
one_line "$errors"
finish
