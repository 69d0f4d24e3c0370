# Shared by tools/demo and tools/results: reading results, and rows of a table. Source it.
export LC_ALL=C # a decimal point wherever numbers are printed
# value KEY FILE: a number or text from a JSON object as stapes prints it, one key a line.
value() { sed -n 's/^ *"'"$1"'": *"\{0,1\}\([^",]*\)"\{0,1\},\{0,1\}$/\1/p' "$2" | head -n 1; }

# once RUN COMMAND...: the command (a program, "search" or "train", options) with --out RUN. What it prints as JSON is kept
# as RUN.json when it is whole, and how it was made as RUN.how: a run that is whole is not made again, one that was interrupted
# goes on from its checkpoint, and one that was made with other options is made anew.
once() {
    run=$1
    shift
    if [ "$(cat "$run.how" 2>/dev/null)" != "$*" ]; then
        rm -rf "$run" "$run.json"
        echo "$*" >"$run.how"
    fi
    [ ! -s "$run.json" ] || return 0
    if [ -s "$run/checkpoint.bin" ]; then
        echo "$run: going on where it was interrupted" >&2
        "$1" "$2" --resume "$run" --json >"$run.json.part"
    else
        rm -rf "$run"
        "$@" --out "$run" --json >"$run.json.part"
    fi
    mv "$run.json.part" "$run.json"
}

# thousands N: 12345 as "12.3 K", 2345678 as "2.35 M".
thousands() {
    awk -v n="$1" 'BEGIN {
        if (n >= 1e6) printf "%.3g M", n / 1e6
        else if (n >= 1e3) printf "%.3g K", n / 1e3
        else printf "%d", n
    }'
}

# result_row NAME TRAIN_JSON EVAL_JSON: | name | front-end | parameters | MACs | accuracy | 95 % interval | clips |
result_row() {
    printf '| %-24s | %-13s | %10s | %7s | %8.2f | %6.2f to %6.2f | %5d |\n' "$1" "$(value front "$2")" \
        "$(thousands "$(value parameters "$2")")" "$(thousands "$(value macs "$2")")" "$(value accuracy "$3")" \
        "$(value low "$3")" "$(value high "$3")" "$(value n "$3")"
}
result_head() {
    printf '| %-24s | %-13s | %10s | %7s | %8s | %16s | %5s |\n' system front-end parameters MACs 'accuracy' \
        '95 % interval' clips
    printf '|:%s|:%s|%s:|%s:|%s:|%s:|%s:|\n' ------------------------- -------------- ----------- -------- --------- \
        ----------------- ------
}

# chip_row NAME RUN_ON_JSON: | name | instructions a decision | and a row of features | flash | RAM |, all that the device needs but
# the stack.
chip_row() {
    ram=$(($(value arena "$2") + $(value stream "$2") + $(value other "$2")))
    # the first "instructions" are those of a row of features
    printf '| %-24s | %23s | %17s | %5.1f KB | %5.1f KB |\n' "$1" "$(thousands "$(value inference "$2")")" \
        "$(thousands "$(value instructions "$2")")" "$(kilobytes "$(value total "$2")")" "$(kilobytes $ram)"
}
chip_head() {
    printf '| %-24s | %23s | %17s | %8s | %8s |\n' system 'instructions a decision' 'a row of features' flash RAM
    printf '|:%s|%s:|%s:|%s:|%s:|\n' ------------------------- ------------------------ ------------------ --------- ---------
}
kilobytes() { awk -v n="$1" 'BEGIN { printf "%.1f", n / 1024 }'; }
