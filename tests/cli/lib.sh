# Helpers for command-line tests. Source it; call `finish` at the end.
# expect STATUS COMMAND...: runs it with output in $out and errors in $errors, fails the test on another status.
set -u
stapes=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
out=$scratch/out
errors=$scratch/errors
failures=0

fail() {
    echo "FAILED: $*"
    [ -s "$out" ] && sed 's/^/  out: /' "$out" | head -5
    [ -s "$errors" ] && sed 's/^/  err: /' "$errors" | head -5
    failures=$((failures + 1))
}

expect() {
    local wanted=$1 status
    shift
    "$@" >"$out" 2>"$errors" </dev/null
    status=$?
    [ "$status" -eq "$wanted" ] || fail "'${*##*/}' ended with $status instead of $wanted"
}

# says FILE PATTERN: an extended regular expression that must be there.
says() { grep -Eq -- "$2" "$1" || fail "'$2' is not said"; }
# one_line FILE: an error is one line. one_error FILE: the same, where warnings about the recordings come before.
one_line() { [ "$(wc -l <"$1")" -eq 1 ] || fail "not exactly one line"; }
one_error() { [ "$(grep -c '^stapes' "$1")" -eq 1 ] || fail "not exactly one line of error"; }

finish() {
    [ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
    exit 0
}
