# The program itself: help, version, unknown commands, and outputs that cannot be written.
. ./lib.sh

expect 0 "$stapes" --version
says "$out" '^stapes [0-9]+\.[0-9]+\.[0-9]+$'
for help in help --help -h; do
    expect 0 "$stapes" "$help"
    says "$out" '^usage: stapes COMMAND'
done

expect 2 "$stapes"
says "$errors" '^usage: stapes COMMAND'
[ -s "$out" ] && fail "usage without a command goes to standard error"

expect 2 "$stapes" hepl
one_line "$errors"
says "$errors" "^stapes: 'hepl' is no command; the nearest is 'help'$"
expect 2 "$stapes" xyzzy
says "$errors" "'xyzzy' is no command; stapes help lists them"
expect 2 "$stapes" help xyzzy
expect 2 "$stapes" ""

# Every command listed has its help, with the flag's default, and refuses a wrong flag in one line.
"$stapes" help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' >"$scratch/commands"
[ "$(wc -l <"$scratch/commands")" -ge 12 ] && grep -q run-on "$scratch/commands" || fail "stapes help does not list all commands"
while read -r command; do
    expect 0 "$stapes" help "$command"
    says "$out" "^usage: stapes $command "
    cp "$out" "$scratch/help"
    expect 0 "$stapes" "$command" --help
    cmp -s "$out" "$scratch/help" || fail "stapes $command --help differs from stapes help $command"
    expect 2 "$stapes" "$command" --no-such-option
    one_line "$errors"
    says "$errors" "^stapes $command: --no-such-option"
    for option in json threads seed; do says "$scratch/help" "^(  |without effect here: .*)--$option"; done
done <"$scratch/commands"

# The manual is sound roff, where a formatter is at hand to say so.
expect 0 "$stapes" help --man
says "$out" '^\.TH STAPES 1'
if command -v groff >/dev/null; then
    groff -man -Tutf8 -ww -z "$out" >"$scratch/roff" 2>&1
    [ -s "$scratch/roff" ] && fail "groff: $(head -1 "$scratch/roff")"
fi

# A full disk, a closed pipe and a closed output are failures, not crashes.
if [ -w /dev/full ]; then
    "$stapes" help >/dev/full 2>"$errors"
    [ $? -eq 1 ] || fail "a full disk must end with 1"
    says "$errors" 'cannot write standard output: No space left on device'
fi
(ulimit -f 1; "$stapes" help --man >"$scratch/small" 2>"$errors") # a signal, unless it is ignored
[ $? -eq 1 ] || fail "a file beyond ulimit -f must end with 1"
says "$errors" 'cannot write standard output: File too large'
"$stapes" help >&- 2>"$errors"
[ $? -eq 1 ] || fail "a closed standard output must end with 1"
one_line "$errors"
{ "$stapes" help --man 2>"$errors"; echo $? >"$scratch/status"; } | true
status=$(cat "$scratch/status")
[ "$status" -eq 0 ] || [ "$status" -eq 1 ] || fail "a closed pipe ended with $status"
"$stapes" hepl 2>&- >"$out"
[ $? -eq 2 ] || fail "a closed standard error must not change the exit status"
[ -s "$out" ] && fail "errors must not go to standard output"

finish
