# A disk that fills up during a checkpoint leaves the last good one usable; a folder that cannot be written is noticed
# before any work. On small file systems in memory, in a mount namespace of this test's own.
if [ -z "${STAPES_TEST_NAMESPACE:-}" ]; then
    for flags in -m -rm; do
        if unshare $flags true 2>/dev/null; then
            STAPES_TEST_NAMESPACE=yes exec unshare $flags bash "$0" "$@"
        fi
    done
    echo "skipped: no mount namespace may be made here"
    exit 77
fi
. ./lib.sh
tones=${2:-}
[ -x "$tones" ] || { echo "skipped: no program that makes recordings"; exit 77; }
disk=$scratch/disk
mkdir "$disk"
mount -t tmpfs -o size=8m tmpfs "$disk" 2>/dev/null || { echo "skipped: nothing may be mounted here"; exit 77; }
trap 'umount "$disk" 2>/dev/null; rm -rf "$scratch"' EXIT
export XDG_CACHE_HOME=$scratch/cache
words=$scratch/words
"$tones" "$words" 110 0.25 low:300 mid:900 high:2700 _background_noise_:0 || fail "no recordings"
common="--batch 16 --bn-group 16 --checkpoint-steps 1 --quiet --threads 1"
search() {
    # shellcheck disable=SC2086 # lists of options
    "$stapes" search "$words" --clip-ms 250 --epochs 4 --warmup 2 --cells 3 --channels 4 --fronts 256/128/16,512/256/16 \
        --arch-lr 0.05 $common "$@"
}
# shellcheck disable=SC2086
train() { "$stapes" train "$scratch/search" --epochs 4 --cells 3 --channels 4 $common "$@"; }

# fill_up COMMAND FILE...: stopped in the middle, the disk filled, let go: it fails; with room again it can be resumed.
fill_up() {
    local command=$1 process file
    shift
    expect 0 "$command" --out "$scratch/$command"
    set -m
    "$command" --out "$disk/run" >"$out" 2>"$errors" </dev/null &
    process=$!
    set +m
    until [ -e "$disk/run/checkpoint.bin" ] || ! kill -0 $process 2>/dev/null; do sleep 0.01; done
    kill -STOP -- -$process
    head -c 16m /dev/zero >"$disk/rubbish" 2>/dev/null
    kill -CONT -- -$process
    wait $process
    [ $? -eq 1 ] || fail "a full disk must end the $command with 1"
    one_line "$errors"
    says "$errors" "^stapes $command: $disk/run/.*No space left on device; free some space"
    [ -e "$disk/run/checkpoint.bin" ] || fail "the last good checkpoint is gone"
    [ ! -e "$disk/run/checkpoint.bin.new" ] || fail "half a checkpoint takes room on the full disk"
    expect 1 "$stapes" "$command" --resume "$disk/run" --quiet # still full
    one_line "$errors"
    rm "$disk/rubbish"
    expect 0 "$stapes" "$command" --resume "$disk/run" --quiet
    for file in "$@"; do
        cmp -s "$scratch/$command/$file" "$disk/run/$file" || fail "$command: $file differs after the disk was full"
    done
    rm -rf "$disk/run"
}
fill_up search journal.jsonl arch.json genotype.json checkpoint.bin
fill_up train journal.jsonl model.json weights.bin checkpoint.bin

# Full from the start: one line, nothing left behind.
head -c 16m /dev/zero >"$disk/rubbish" 2>/dev/null
expect 1 search --out "$disk/none"
one_line "$errors"
says "$errors" 'No space left on device'
[ ! -e "$disk/none" ] || fail "a folder was left on the full disk"
rm "$disk/rubbish"

# refused COMMAND...: at once, before the recordings are even looked for.
refused() {
    expect 1 "$@"
    one_line "$errors"
    says "$errors" "$reason"
}
# Read-only for everybody.
cp -r "$scratch/search" "$scratch/train" "$disk"
mkdir "$disk/empty"
mv "$words" "$scratch/elsewhere"
mount -o remount,ro "$disk"
reason='cannot write into this folder: Read-only file system'
refused search --out "$disk/new/run"
refused search --out "$disk/empty"
refused train --out "$disk/new"
refused "$stapes" search --resume "$disk/search"
refused "$stapes" train --resume "$disk/train"
expect 0 "$stapes" info "$disk/train" # looking at it is another matter
mount -o remount,rw "$disk"

# Read-only for this user. (To root nothing is; another user must be able to run the program.)
as_user=
[ "$(id -u)" -ne 0 ] || as_user='setpriv --reuid 65534 --regid 65534 --clear-groups'
chmod 755 "$scratch"
chmod 555 "$disk" "$disk/empty" "$disk/search" "$disk/train"
if $as_user "$stapes" --version >/dev/null 2>&1 && ! $as_user test -w "$disk"; then
    reason='cannot write into this folder: Permission denied'
    # shellcheck disable=SC2086
    refused $as_user "$stapes" search "$words" --out "$disk/new/run"
    # shellcheck disable=SC2086
    refused $as_user "$stapes" search "$words" --out "$disk/empty"
    # shellcheck disable=SC2086
    refused $as_user "$stapes" search --resume "$disk/search"
    # shellcheck disable=SC2086
    refused $as_user "$stapes" train --resume "$disk/train"
else
    echo "no user here whom permissions bind"
fi
finish
