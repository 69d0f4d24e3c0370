# 50 recordings through `stapes features --raw` and through torchaudio, for the eight published front-ends.
# usage: check_front_torchaudio.sh STAPES SHARED. Skipped (77) where the recordings or torchaudio are missing.
stapes=$1
speech=$2/data/speech_commands
[ -d "$speech" ] || { echo "no recordings in $speech: not compared with torchaudio"; exit 77; }
for python in python3 /usr/bin/python3 ""; do
    [ -n "$python" ] || { echo "no torchaudio (Debian: python3-torchaudio): not compared with it"; exit 77; }
    "$python" -c 'import torchaudio' 2>/dev/null && break
done
exec "$python" "$(dirname "$0")/check_front_torchaudio.py" "$stapes" "$speech"
