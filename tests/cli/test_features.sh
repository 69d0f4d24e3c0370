# stapes features: rows of numbers, pictures, long and short recordings, and what is refused.
. ./lib.sh

# le BYTES NUMBER: little endian. wav FILE SECONDS: 16 kHz, 16 bits, of digits as samples.
le() { local i n=$2; for ((i = 0; i < $1; i++)); do printf "\\x$(printf %02x $((n & 255)))"; n=$((n >> 8)); done; }
wav() {
    local bytes=$(($2 * 32000))
    { printf RIFF; le 4 $((bytes + 36)); printf 'WAVEfmt '; le 4 16; le 2 1; le 2 1; le 4 16000; le 4 32000
      le 2 2; le 2 16; printf data; le 4 $bytes; seq 1 2000000 | head -c $bytes; } >"$1"
}
wav "$scratch/one.wav" 1
wav "$scratch/long.wav" 61

# rows FILE ROWS COLUMNS: a table of numbers of that shape
rows() { awk -F, -v r="$2" -v c="$3" 'NF != c || /[^-+0-9.e,]/ { bad = 1 } END { exit bad || NR != r }' "$1" ||
    fail "not $2 rows of $3 numbers"; }

expect 0 "$stapes" features "$scratch/one.wav"
rows "$out" 49 40
expect 0 "$stapes" features "$scratch/one.wav" --front 400/100/80:13 --raw
rows "$out" 157 13
cp "$out" "$scratch/raw"
expect 0 "$stapes" features "$scratch/one.wav" --front 400/100/80:13 --raw --out "$scratch/x.csv"
[ -s "$out" ] && fail "--out leaves standard output empty"
cmp -s "$scratch/raw" "$scratch/x.csv" || fail "--out x.csv differs from standard output"
for isa in plain neon avx2; do
    "$stapes" features "$scratch/one.wav" --front 400/100/80:13 --raw --isa $isa >"$out" 2>"$errors" ||
        { says "$errors" "^stapes features: --isa $isa: this processor has"; continue; }
    cmp -s "$scratch/raw" "$out" || fail "--isa $isa gives other features"
done
# normalised: every column has mean 0 and deviation 1
expect 0 "$stapes" features "$scratch/one.wav" --front 400/100/40
awk -F, '{ for (i = 1; i <= NF; i++) { s[i] += $i; q[i] += $i * $i } }
    END { for (i = 1; i <= NF; i++) if ((s[i] / NR) ^ 2 > 1e-8 || (q[i] / NR - 1) ^ 2 > 1e-8) exit 1 }' "$out" ||
    fail "columns are not normalised"
expect 0 "$stapes" features "$scratch/one.wav" --features logmel --front 640/160/20
rows "$out" 97 20

# as JSON: the same numbers, and options that every command takes change nothing
expect 0 "$stapes" features "$scratch/one.wav" --front 400/100/80:13 --raw --json --seed 9 --threads 1 -q
if command -v python3 >/dev/null; then
    python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
rows = [[float(x) for x in line.split(",")] for line in open(sys.argv[2])]
sys.exit(not (j["frames"] == len(rows) == 157 and j["coefficients"] == 13 and j["front"] == "400/100/80:13" and
all(abs(a - b) <= 1e-6 * abs(b) + 1e-9 for r, s in zip(j["features"], rows) for a, b in zip(r, s))))' "$out" "$scratch/raw" ||
        fail "the JSON does not hold the rows"
fi
expect 0 "$stapes" features "$scratch/one.wav" --json --out "$scratch/y.csv"
says "$out" '"out": ".*y.csv"'
[ -s "$scratch/y.csv" ] || fail "--json leaves --out away"

# a minute is no more difficult than a second; its beginning is the same
expect 0 "$stapes" features "$scratch/long.wav" --front 400/100/80:13 --raw
rows "$out" 9757 13
head -157 "$out" | cmp -s - "$scratch/raw" || fail "a long recording begins otherwise"

for name in one long; do
    expect 0 "$stapes" features "$scratch/$name.wav" --out "$scratch/$name.png"
    [ "$(head -c 4 "$scratch/$name.png" | tail -c 3)" = PNG ] || fail "no PNG"
    expect 0 "$stapes" features "$scratch/$name.wav" --features logmel --raw --out "$scratch/$name.SVG"
    says "$scratch/$name.SVG" '>Hz</text>'
    says "$scratch/$name.SVG" '>seconds</text>'
    says "$scratch/$name.SVG" 'one.wav, log-mel 640/320/40|long.wav, log-mel 640/320/40'
done
expect 0 "$stapes" features "$scratch/one.wav" --out "$scratch/one.svg"
says "$scratch/one.svg" '>coefficient</text>'
command -v xmllint >/dev/null && ! xmllint --noout "$scratch/one.svg" && fail "not well-formed"

# refused, in one line that names the remedy
refused() { local status=$1 said=$2; shift 2; expect "$status" "$stapes" features "$@"; one_line "$errors"; says "$errors" "$said"; }
refused 2 'no recording is named'
refused 2 'ends in .csv, .png or .svg' "$scratch/one.wav" --out "$scratch/one.jpg"
refused 2 'is not of the form window/hop/filters' "$scratch/one.wav" --front 640/320
refused 2 '--high-hz 9000' "$scratch/one.wav" --high-hz 9000
refused 2 'log-mel features have no coefficients' "$scratch/one.wav" --features logmel --front 640/320/40:10
refused 1 'nowhere.wav' "$scratch/nowhere.wav"
refused 1 'no/such/folder' "$scratch/one.wav" --out "$scratch/no/such/folder/x.png"
head -c 844 "$scratch/one.wav" | { head -c 40; le 4 800; tail -c 800; } >"$scratch/short.wav"
refused 1 '400 samples at 16000 Hz, less than one window of 640' "$scratch/short.wav"
if [ -w /dev/full ]; then
    ln -s /dev/full "$scratch/full.png"
    refused 1 'full.png' "$scratch/one.wav" --out "$scratch/full.png"
    "$stapes" features "$scratch/long.wav" >/dev/full 2>"$errors"
    [ $? -eq 1 ] || fail "a full disk must end with 1"
    one_line "$errors"
fi

finish
